"""Closing: a silent partition gets one more record, so that what was erased leaves the log in time.

Kafka cleans closed segments only, and closes the one that is written to with the first record that
comes when it is older than `max.compaction.lag.ms`. On a partition where nobody writes, the last
snapshot of an erased person would lie in the open segment for ever. Therefore each service looks
at its own compacted topics now and then, and ends a key that nobody has ever had on every partition
that has been silent for longer than that.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.cause import Cause
from shared.contracts import TOPICS
from shared.contracts.readers import own_topics
from shared.contracts.topic import Topic
from shared.db import Pool, transaction
from shared.ids import new_id
from shared.messaging import outbox
from shared.messaging.following import partitions_of
from shared.messaging.outbox import Tombstone
from shared.messaging.partitions import key_of_nobody
from shared.messaging.topics import COMPACTED_AFTER
from shared.runtime import Job
from shared.telemetry import new_trace

EVERY = timedelta(hours=1)
FIRST_AFTER = timedelta(minutes=1)
"""A process that starts has better things to do."""

PATIENCE = 30.0
"""Seconds to read the last records in."""

_MOST_BYTES = 64 * 1024

logger = structlog.stdlib.get_logger()


@dataclass(frozen=True, slots=True)
class Silent:
    """A partition that ends in a record of long ago, which is not one of ours."""

    topic: str
    partition: int
    end: int


@dataclass(frozen=True, slots=True)
class Closing:
    """What one service does about its own compacted topics; `work` is its job, in every process."""

    service: str
    options: dict[str, Any] = field(repr=False)
    silent_for: timedelta = COMPACTED_AFTER

    @property
    def topics(self) -> list[str]:
        """The topics from which somebody's snapshots must vanish."""
        mine = own_topics(self.service)
        return sorted(each.name for each in mine if _must_forget(each))

    def job(self) -> Job:
        """The work, again and again."""
        return Job(
            "closing", self.work, EVERY.total_seconds(), first_after=FIRST_AFTER.total_seconds()
        )

    async def work(self, pool: Pool) -> bool:
        """End a key of nobody's on each partition that is silent; answers whether any was."""
        now = datetime.now(UTC)
        try:
            async with asyncio.timeout(PATIENCE):
                silent = await find_silent(self.options, self.topics, now - self.silent_for)
        except KafkaError as error:
            raise ConnectionError(repr(error)) from error  # an outage: the job tries again
        if not silent:
            return False
        cause = Cause(f"service:{self.service}", now, str(new_id()), new_trace())
        try:
            async with transaction(pool) as connection:
                await outbox.append(connection, cause, [_end(each) for each in silent])
        except asyncpg.UniqueViolationError:
            return False  # another process has just done the same
        logger.info("silent_partitions_closed", count=len(silent))
        return True


async def find_silent(
    options: dict[str, Any], topics: Collection[str], since: datetime
) -> list[Silent]:
    """The partitions whose last record is older than `since` and no end that was set here."""
    consumer: Any = AIOKafkaConsumer(
        **options,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="latest",
        max_partition_fetch_bytes=_MOST_BYTES,
    )
    try:
        await consumer.start()
        ends = await _ends(consumer, partitions_of(topics))
        last = await _last_records(consumer, ends)
    finally:
        await consumer.stop()
    stamp = since.timestamp() * 1000
    return [
        Silent(record.topic, record.partition, record.offset + 1)
        for record in last
        if record.timestamp < stamp
        and record.key != key_of_nobody(record.topic, record.partition).encode()
    ]


async def _ends(consumer: Any, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """Where the partitions end in which anything was ever written."""
    consumer.assign(partitions)
    ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
    return {each: end for each, end in ends.items() if end > 0}


async def _last_records(consumer: Any, ends: dict[TopicPartition, int]) -> list[Any]:
    """The newest record of each; none where it was cleaned away, so that nothing is open."""
    consumer.assign(list(ends))
    for each, end in ends.items():
        consumer.seek(each, end - 1)
    last: list[Any] = []
    while any([await consumer.position(each) < end for each, end in ends.items()]):
        for records in (await consumer.getmany(timeout_ms=500)).values():
            last += records[:1]
    return last


def _end(silent: Silent) -> Tombstone:
    """The same for every process that finds the partition like this."""
    key = key_of_nobody(silent.topic, silent.partition)
    return Tombstone(TOPICS[silent.topic], key, silent.end)


def _must_forget(topic: Topic) -> bool:
    return topic.cleanup == "compact" and topic.personal_data != "none"
