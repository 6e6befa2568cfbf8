"""Looking: which aggregates have changed in a span of time, as the log itself tells it.

The span is that of the records' own times, when they were published; a little more than was asked
for is looked at, for the clocks of two relays may differ.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.contracts import TOPICS
from shared.contracts.readers import own_topics
from shared.messaging.following import partitions_of
from shared.messaging.partitions import key_of_nobody
from shared.messaging.resyncs import Asked, Places

MARGIN = timedelta(seconds=60)
MOST_RECORDS = 5000
PATIENCE_MS = 500
"""How long to wait for the next records; then what was found so far is kept."""


@dataclass(slots=True)
class Found:
    """Ids by aggregate, and where to look on."""

    places: Places
    ids: dict[str, set[UUID]] = field(default_factory=lambda: defaultdict(set[UUID]))
    begins_later: list[str] = field(default_factory=list[str])

    @property
    def is_done(self) -> bool:
        return all(place >= end for place, end in self.places.values())


async def look(service: str, options: dict[str, Any], asked: Asked, places: Places | None) -> Found:
    """Look through the next records of what is asked for; `places` are None at the beginning."""
    consumer: Any = AIOKafkaConsumer(
        **options,
        client_id=f"rapport-{service}-resync",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",  # where the log was cut meanwhile, what is left of it counts
    )
    try:
        await consumer.start()
        if places is None:
            return await _begin(consumer, service, asked)
        return await _look_on(consumer, Found({name: list(span) for name, span in places.items()}))
    finally:
        await consumer.stop()


async def _begin(consumer: Any, service: str, asked: Asked) -> Found:
    """Where in each partition the span begins and ends."""
    topics = [t.name for t in own_topics(service) if t.aggregate in asked.aggregates]
    partitions = partitions_of(sorted(topics))
    consumer.assign(partitions)
    starts: dict[TopicPartition, int] = await consumer.beginning_offsets(partitions)
    ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
    since = await _offsets_at(consumer, partitions, asked.changed_since, -MARGIN)
    until = await _offsets_at(consumer, partitions, asked.changed_until, MARGIN)
    found = Found({})
    for each in partitions:
        begin = ends[each] if asked.changed_since is not None else starts[each]
        end = until.get(each, ends[each])
        found.places[_name(each)] = [since.get(each, begin), end]
        if 0 < starts[each] == found.places[_name(each)][0]:  # what was before is gone
            aggregate = TOPICS[each.topic].aggregate
            if aggregate not in found.begins_later and TOPICS[each.topic].cleanup == "delete":
                found.begins_later.append(aggregate)
    return found


async def _offsets_at(
    consumer: Any, partitions: list[TopicPartition], at: datetime | None, margin: timedelta
) -> dict[TopicPartition, int]:
    """The first offsets that are not older than an instant, where there are such records."""
    if at is None:
        return {}
    stamp = max(0, int((at + margin).timestamp() * 1000))
    found: dict[TopicPartition, Any] = await consumer.offsets_for_times(
        dict.fromkeys(partitions, stamp)
    )
    return {each: place.offset for each, place in found.items() if place is not None}


async def _look_on(consumer: Any, found: Found) -> Found:
    unread = [_partition(name) for name, (place, end) in found.places.items() if place < end]
    consumer.assign(unread)
    for each in unread:
        consumer.seek(each, found.places[_name(each)][0])
    count = 0
    while count < MOST_RECORDS and not found.is_done:
        arrived = await consumer.getmany(timeout_ms=PATIENCE_MS, max_records=MOST_RECORDS)
        for partition, records in arrived.items():
            count += len(records)
            _note(found, partition, records)
        for each in unread:  # also past what was compacted away
            found.places[_name(each)][0] = await consumer.position(each)
        if not arrived:
            break
    return found


def _note(found: Found, partition: TopicPartition, records: list[Any]) -> None:
    end = found.places[_name(partition)][1]
    ids = found.ids[TOPICS[partition.topic].aggregate]
    nobody = key_of_nobody(*partition).encode()
    for record in records:
        if record.offset < end and record.key not in {None, nobody}:
            try:
                ids.add(UUID(record.key.decode()))
            except ValueError:
                continue  # a record that is none of ours


def _name(partition: TopicPartition) -> str:
    return f"{partition.topic}/{partition.partition}"


def _partition(name: str) -> TopicPartition:
    topic, _, number = name.rpartition("/")
    return TopicPartition(topic, int(number))
