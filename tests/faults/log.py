"""The log: every record on every topic, as any subscriber could read it from the beginning."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from shared.contracts import FACTS, TOPICS
from shared.contracts.topic import PARTITIONS, Event, Topic
from shared.messaging.envelope import (
    Envelope,
    MalformedEnvelopeError,
    MalformedHeaderError,
    RawRecord,
    Received,
    read_envelope,
)
from shared.messaging.wire import accept_any_header_name
from shared.settings import KafkaSettings

EventT = TypeVar("EventT", bound=Event)


@dataclass(frozen=True, slots=True)
class Entry:
    """A record with its envelope; `fact` is decoded when it is first asked for."""

    envelope: Envelope
    value: bytes | None
    causation: str | None
    recorded_ms: int

    @property
    def place(self) -> tuple[int, int]:
        return self.envelope.partition, self.envelope.offset


@dataclass
class Log:
    """What stands on the topics; `read` goes on where it stopped."""

    kafka: KafkaSettings
    entries: dict[str, list[Entry]] = field(default_factory=lambda: {name: [] for name in TOPICS})
    malformed: list[tuple[str, int, int]] = field(default_factory=list[tuple[str, int, int]])
    _next: dict[TopicPartition, int] = field(default_factory=dict[TopicPartition, int])
    _decoded: dict[type[Event], list[Received[Any]]] = field(
        default_factory=dict[type[Event], list[Received[Any]]]
    )
    _ids: set[tuple[str, UUID]] = field(default_factory=set[tuple[str, UUID]])

    async def read(self) -> int:
        """Read to the ends of this moment; answers how many records were new."""
        accept_any_header_name()
        partitions = [TopicPartition(name, n) for name in TOPICS for n in range(PARTITIONS)]
        consumer: Any = AIOKafkaConsumer(
            **self.kafka.client_options(), auto_offset_reset="earliest", enable_auto_commit=False
        )
        consumer.assign(partitions)
        await consumer.start()
        try:
            return await self._read(consumer, partitions)
        finally:
            await consumer.stop()

    async def _read(self, consumer: Any, partitions: list[TopicPartition]) -> int:
        ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
        for partition in partitions:
            consumer.seek(partition, self._next.get(partition, 0))
        behind = {p for p, end in ends.items() if self._next.get(p, 0) < end}
        new = 0
        while behind:
            for partition, batch in (await consumer.getmany(timeout_ms=500)).items():
                for record in batch:
                    new += self.take(record)
                self._next[partition] = batch[-1].offset + 1
            for partition in list(behind):
                position = await consumer.position(partition)
                if position >= ends[partition]:
                    behind.discard(partition)
                    self._next[partition] = max(position, self._next.get(partition, 0))
        return new

    def take(self, record: RawRecord) -> int:
        """Note a record; answers how many there are more."""
        try:
            envelope = read_envelope(record)
        except (MalformedEnvelopeError, MalformedHeaderError):
            self.malformed.append((record.topic, record.partition, record.offset))
            return 1
        headers = dict(cast("Iterable[tuple[str, bytes]]", record.headers))
        causation = headers.get("ce_causationid")
        entry = Entry(
            envelope, record.value, causation.decode() if causation else None, record.timestamp
        )
        self.entries[record.topic].append(entry)
        self._decode(entry)
        return 1

    def _decode(self, entry: Entry) -> None:
        """Keep each fact once: what is repeated has the same id."""
        envelope = entry.envelope
        fact = FACTS.get(envelope.type)
        if fact is None or entry.value is None or (envelope.topic, envelope.event_id) in self._ids:
            return
        try:
            event = fact.model_validate_json(entry.value)
        except ValueError:
            self.malformed.append((envelope.topic, *entry.place))
            return
        self._ids.add((envelope.topic, envelope.event_id))
        self._decoded.setdefault(fact, []).append(Received(envelope, event))

    def facts(self, *types: type[EventT]) -> list[Received[EventT]]:
        """Every fact of these types once, per aggregate in the order of its versions."""
        found = [received for fact in types for received in self._decoded.get(fact, ())]
        return sorted(found, key=lambda r: (r.envelope.topic, r.envelope.key, r.envelope.version))

    def ended(self, topic: Topic) -> set[UUID]:
        """The keys of a compacted topic that a tombstone has ended, for ever."""
        entries = self.entries[topic.name]
        return {UUID(entry.envelope.key) for entry in entries if entry.value is None}

    def newest(self, snapshot: type[EventT]) -> dict[str, Received[EventT]]:
        """The newest snapshot of each key."""
        return {received.envelope.key: received for received in self.facts(snapshot)}

    def without_last(self, fact: type[Event]) -> "Log":
        """A log that lacks the newest record of this type: what an oracle must object to.

        Of a key that a tombstone has ended no snapshot counts any more: nobody could miss one.
        """
        ended = {e.envelope.key for e in self.entries[fact.topic.name] if e.value is None}
        last = [r for r in self._decoded[fact] if r.envelope.key not in ended][-1]
        other = Log(self.kafka)
        other.entries = {
            topic: [e for e in entries if e.envelope.event_id != last.envelope.event_id]
            for topic, entries in self.entries.items()
        }
        rest = [r for r in self._decoded[fact] if r is not last]
        other._decoded = {**self._decoded, fact: rest}
        return other

    def all(self) -> Iterator[Entry]:
        for entries in self.entries.values():
            yield from entries

    @property
    def size(self) -> int:
        return sum(map(len, self.entries.values())) + len(self.malformed)


async def read_log(kafka: KafkaSettings, log: Log | None = None, seconds: float = 60.0) -> Log:
    """Read all topics whole; goes on with `log`, and waits for a broker that is away."""
    log = log or Log(kafka)
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            await log.read()
        except (KafkaError, OSError):
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.25)
        else:
            return log
