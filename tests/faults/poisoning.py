"""Poisoning: wild records onto a topic, and what became of each at every consumer of it."""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer
from shared.cause import Cause
from shared.contracts.topic import Event
from shared.ids import new_id
from shared.messaging.envelope import write_headers
from shared.telemetry import new_trace

from tests.faults.rig import SERVICE, Rig
from tests.faults.waiting import eventually
from tests.raw_batches import PLACEHOLDER, Record, send_wild

PATIENCE = 60.0
LARGEST_REQUEST = 4_000_000

Headers = list[tuple[str, bytes | None]]
Outcome = str
"""`applied`: the position is past the record and nothing is parked; else why it is parked."""


@dataclass(frozen=True, slots=True)
class Dose:
    """One record that was put onto a topic."""

    topic: str
    partition: int
    offset: int
    key: bytes | None

    @property
    def parked_key(self) -> str:
        """What it is parked under."""
        return f"{self.partition}/{self.offset}" if self.key is None else self.key.decode()


@dataclass
class Poisoner:
    """Somebody else's producer on the rig's broker, and a look into every service's database."""

    rig: Rig
    producer: Any
    databases: Mapping[str, Any]
    doses: list[Dose] = field(default_factory=list[Dose])

    async def put(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Iterable[tuple[str, bytes | None]],
    ) -> Dose:
        sent = await self.producer.send_and_wait(topic, value, key=key, headers=list(headers))
        dose = Dose(topic, sent.partition, sent.offset, key)
        self.doses.append(dose)
        return dose

    async def put_wild_name(self, topic: str, key: bytes, value: bytes, headers: Headers) -> Dose:
        """The same with one more header, whose name is not UTF-8."""
        record: Record = key, value, [*headers, (PLACEHOLDER, b"v")]
        dose = Dose(topic, 0, await send_wild(self.producer, topic, 0, [record]), key)
        self.doses.append(dose)
        return dose

    async def outcome(self, consumer: str, dose: Dose) -> Outcome:
        """What became of a record, as soon as the consumer is past it."""
        database = self.databases[consumer.partition(".")[0]]

        async def is_past() -> bool:
            reached = await database.fetchval(
                "SELECT next_offset FROM consumer_positions"
                " WHERE consumer = $1 AND topic = $2 AND partition = $3",
                consumer,
                dose.topic,
                dose.partition,
            )
            return reached is not None and reached > dose.offset

        await eventually(is_past, f"{consumer} is past {dose}", PATIENCE)
        reason: str | None = await database.fetchval(
            "SELECT reason FROM parked_events"
            ' WHERE consumer = $1 AND topic = $2 AND partition = $3 AND "offset" = $4',
            consumer,
            dose.topic,
            dose.partition,
            dose.offset,
        )
        return reason or "applied"

    async def parked(self, consumer: str) -> int:
        """How many records of a consumer wait."""
        return await self._count(consumer, "parked_events")

    async def parked_keys(self, consumer: str) -> int:
        return await self._count(consumer, "parked_keys")

    async def _count(self, consumer: str, table: str) -> int:
        database = self.databases[consumer.partition(".")[0]]
        count: int = await database.fetchval(
            f"SELECT count(*) FROM {table} WHERE consumer = $1",
            consumer,
        )
        return count

    async def queue(self, consumer: str, key: str) -> Sequence[Mapping[str, Any]]:
        """What waits on a key, oldest first."""
        database = self.databases[consumer.partition(".")[0]]
        rows: Sequence[Mapping[str, Any]] = await database.fetch(
            "SELECT parked_id, reason FROM parked_events WHERE consumer = $1 AND key = $2"
            " ORDER BY id",
            consumer,
            key,
        )
        return rows


@asynccontextmanager
async def poisoning(rig: Rig) -> AsyncGenerator[Poisoner]:
    """A poisoner for a while."""
    async with AsyncExitStack() as stack:
        producer = AIOKafkaProducer(
            **rig.kafka.client_options(), acks="all", max_request_size=LARGEST_REQUEST
        )
        await producer.start()
        stack.push_async_callback(producer.stop)
        databases: dict[str, Any] = {}
        for service in SERVICE:
            databases[service] = await asyncpg.connect(rig.database_url(service))
            stack.push_async_callback(databases[service].close)
        yield Poisoner(rig, producer, databases)


def sound_headers(fact: type[Event], key: str, version: int = 1) -> Headers:
    """Headers that nothing is wrong with."""
    cause = Cause("service:poisoner", datetime.now(UTC), key, new_trace())
    headers = write_headers(new_id(), fact, key, version, cause)
    return [(name, value.encode()) for name, value in headers.items()]


def without(headers: Headers, *names: str) -> Headers:
    return [(name, value) for name, value in headers if name not in names]


def instead(headers: Headers, name: str, value: bytes | None) -> Headers:
    return [*without(headers, name), (name, value)]
