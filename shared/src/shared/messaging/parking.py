"""Parking: a record that cannot be applied waits in the database, and its key's records behind it.

All other keys go on. The row of `parked_keys` is the lock between the consumer, which appends to a
key's queue, and the redrive, which empties it: whoever comes second waits and then sees the result.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from aiokafka import ConsumerRecord

from shared.cause import Cause
from shared.contracts.parking import RECORD_PARKED, ParkedReason
from shared.db import Connection
from shared.errors import NotFoundError, Refusal
from shared.failpoints import Failpoint
from shared.ids import new_id
from shared.messaging import outbox
from shared.messaging.envelope import RawRecord, recorded_at, storable, wire_headers
from shared.messaging.reactions import Consumer
from shared.telemetry import new_trace

MAX_PARKED_KEYS = 1000
"""Above this many parked keys a consumer stops: then it is not the records that are wrong."""

_COLUMNS = """parked_id, consumer, topic, key, partition, "offset", record_key, headers, value,
    recorded_at, event_type, reason, error, attempts, parked_at"""

_LOCK_KEYS = """
SELECT topic, key FROM parked_keys
WHERE consumer = $1 AND (topic, key) IN (SELECT * FROM unnest($2::text[], $3::text[]))
ORDER BY topic, key
FOR UPDATE
"""
_INSERT_KEYS = """
INSERT INTO parked_keys (consumer, topic, key)
SELECT DISTINCT $1, topic, key FROM unnest($2::text[], $3::text[]) AS t (topic, key)
ON CONFLICT DO NOTHING
"""
_INSERT_EVENT = """
INSERT INTO parked_events (parked_id, consumer, topic, key, partition, "offset", record_key,
    headers, value, recorded_at, event_type, reason, error)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (consumer, topic, partition, "offset") DO NOTHING
"""
_LIST = f"""
SELECT {_COLUMNS} FROM parked_events
WHERE consumer = ANY($1) AND parked_id > $2 ORDER BY parked_id LIMIT $3
"""
_FIND = f"SELECT {_COLUMNS} FROM parked_events WHERE parked_id = $1"
_QUEUE = f"""
SELECT {_COLUMNS} FROM parked_events
WHERE consumer = $1 AND topic = $2 AND key = $3 ORDER BY id
"""
_DELETE_EVENT = "DELETE FROM parked_events WHERE parked_id = $1"
_FAILED_AGAIN = """
UPDATE parked_events SET reason = $2, error = $3, attempts = attempts + 1 WHERE parked_id = $1
"""
_RELEASE_KEY = """
DELETE FROM parked_keys AS k WHERE consumer = $1 AND topic = $2 AND key = $3
AND NOT EXISTS (SELECT FROM parked_events AS e
    WHERE e.consumer = k.consumer AND e.topic = k.topic AND e.key = k.key)
"""
_DISCARD = """
INSERT INTO discarded_events (parked_id, consumer, topic, key, partition, "offset", event_type,
    reason, discarded_by, discarded_for)
SELECT parked_id, consumer, topic, key, partition, "offset", event_type, reason, $2, $3
FROM parked_events WHERE parked_id = $1
"""


_AFTER_INSERT = Failpoint("parking.after-insert")


class ParkedRecordNotFoundError(NotFoundError):
    """No such record is parked."""


class TooManyParkedKeysError(RuntimeError):
    """So many keys are parked that the records cannot be at fault; the consumer stops."""


@dataclass(frozen=True, slots=True)
class ParkedRecord:
    """A record that waits. `headers` are as they came, bytes shown by their Latin-1 characters."""

    parked_id: UUID
    consumer: str
    topic: str
    key: str
    partition: int
    offset: int
    record_key: bytes | None
    headers: list[list[str | None]]
    value: bytes | None
    recorded_at: datetime
    event_type: str | None
    reason: ParkedReason
    error: str | None
    attempts: int
    parked_at: datetime

    def raw(self) -> RawRecord:
        """The record as it came from Kafka."""
        return ConsumerRecord(
            topic=self.topic,
            partition=self.partition,
            offset=self.offset,
            timestamp=int(self.recorded_at.timestamp() * 1000),
            timestamp_type=0,
            key=self.record_key,
            value=self.value,
            checksum=None,
            serialized_key_size=len(self.record_key or b""),
            serialized_value_size=len(self.value or b""),
            headers=tuple(_header_bytes(name or "", value) for name, value in self.headers),
        )


async def lock_parked_keys(
    connection: Connection, consumer: str, keys: Iterable[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Which of these (topic, key) are parked; their queues are this transaction's now."""
    wanted = sorted(set(keys))
    rows = await connection.fetch(
        _LOCK_KEYS, consumer, [topic for topic, _ in wanted], [key for _, key in wanted]
    )
    return {(row["topic"], row["key"]) for row in rows}


async def park(
    connection: Connection,
    consumer: Consumer,
    key: tuple[str, str],
    record: RawRecord,
    failure: tuple[ParkedReason, str | None],
) -> None:
    """Put a record at the end of its key's queue and mirror it to the dead-letter topic.

    Raises `TooManyParkedKeysError` above the cap; the transaction then leaves nothing behind.
    """
    reason, error = failure
    topic, key_text = key
    await connection.execute(_INSERT_KEYS, consumer.name, [topic], [key_text])
    if await count_parked_keys(connection, consumer.name) > MAX_PARKED_KEYS:
        raise TooManyParkedKeysError(consumer.name)
    parked_id = new_id()
    event_type = _header(record, "ce_type")
    inserted = await connection.execute(
        _INSERT_EVENT,
        parked_id,
        consumer.name,
        topic,
        key_text,
        record.partition,
        record.offset,
        record.key,
        json.dumps([_header_text(name, value) for name, value in wire_headers(record)]),
        record.value,
        recorded_at(record),
        event_type,
        reason,
        error,
    )
    _AFTER_INSERT.reach()
    if inserted.endswith(" 1"):
        await _mirror(connection, consumer, parked_id, record, (key_text, event_type, *failure))


async def _mirror(
    connection: Connection,
    consumer: Consumer,
    parked_id: UUID,
    record: RawRecord,
    what: tuple[str, str | None, ParkedReason, str | None],
) -> None:
    key, event_type, reason, error = what
    fact = RECORD_PARKED[consumer.service](
        parked_id=parked_id,
        consumer=consumer.name,
        source_topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=key,
        event_type=event_type,
        reason=reason,
        error=error,
    )
    cause = Cause(
        actor=f"service:{consumer.service}",
        at=datetime.now(UTC),
        correlation_id=_header(record, "ce_correlationid") or str(parked_id),
        trace=new_trace(),
        causation_id=_header(record, "ce_id"),
    )
    await outbox.append(connection, cause, [outbox.Fact(fact, version=1)])


async def count_parked_keys(connection: Connection, consumer: str) -> int:
    """How many keys of a consumer wait."""
    count: int = await connection.fetchval(
        "SELECT count(*) FROM parked_keys WHERE consumer = $1", consumer
    )
    return count


async def list_parked(
    connection: Connection, consumers: Sequence[str], after: UUID, limit: int
) -> list[ParkedRecord]:
    """A page of parked records in the order of parking."""
    rows = await connection.fetch(_LIST, list(consumers), after, limit)
    return [_parked(row) for row in rows]


async def load_parked(connection: Connection, parked_id: UUID) -> ParkedRecord:
    """One parked record; raises `ParkedRecordNotFoundError`."""
    row = await connection.fetchrow(_FIND, parked_id)
    if row is None:
        raise ParkedRecordNotFoundError(parked_id=parked_id)
    return _parked(row)


async def queue_of(connection: Connection, record: ParkedRecord) -> list[ParkedRecord]:
    """Everything that waits with this record, oldest first; the caller holds the key's lock."""
    rows = await connection.fetch(_QUEUE, record.consumer, record.topic, record.key)
    return [_parked(row) for row in rows]


async def remove(connection: Connection, parked_id: UUID) -> None:
    """The record was applied."""
    await connection.execute(_DELETE_EVENT, parked_id)


async def note_failure(
    connection: Connection, parked_id: UUID, failure: tuple[ParkedReason, str | None]
) -> None:
    """The record failed again."""
    await connection.execute(_FAILED_AGAIN, parked_id, *failure)


async def release_if_empty(connection: Connection, record: ParkedRecord) -> bool:
    """Let the key's records pass again if none of them waits any more."""
    status = await connection.execute(_RELEASE_KEY, record.consumer, record.topic, record.key)
    return status.endswith(" 1")


async def discard(connection: Connection, record: ParkedRecord, by: str, reason: str) -> None:
    """Give a record up, with a name and a reason that stay; the caller holds the key's lock."""
    await connection.execute(_DISCARD, record.parked_id, by, reason)
    await remove(connection, record.parked_id)
    await release_if_empty(connection, record)


def failure_of(error: Exception) -> tuple[ParkedReason, str]:
    """How a handler's error is recorded: a refusal by its code, a bug by its class; no values."""
    if isinstance(error, Refusal):
        return "handler-refused", error.code()
    return "handler-failed", type(error).__name__


def _parked(row: Any) -> ParkedRecord:
    return ParkedRecord(**{**dict(row), "headers": json.loads(row["headers"])})


def _header(record: RawRecord, wanted: str) -> str | None:
    for name, raw in wire_headers(record):
        if name == wanted and raw is not None:
            return storable(raw)
    return None


def _header_text(name: str, value: bytes | None) -> list[str | None]:
    return [name, None if value is None else value.decode("latin-1")]


def _header_bytes(name: str, value: str | None) -> tuple[str, Any]:
    return name, None if value is None else value.encode("latin-1")
