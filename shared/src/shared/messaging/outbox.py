"""The outbox: facts enter it in the transaction that makes them true."""

import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypeAlias

from uuid_utils import UUID, uuid7

from shared.cause import Cause
from shared.contracts.topic import PUBLISHED_TWICE, Event, Former, Topic
from shared.db import Connection
from shared.errors import InvalidError
from shared.failpoints import Failpoint
from shared.ids import derived_id
from shared.messaging.envelope import RESYNC_HEADER, shared_headers

MAX_PAYLOAD_BYTES = 900_000
"""Below the broker's default `max.message.bytes`: what enters the outbox can be published."""

_COLUMNS = (
    "event_id",
    "topic",
    "key",
    "aggregate_type",
    "aggregate_id",
    "version",
    "headers",
    "payload",
)
_INSERT = f"""
INSERT INTO outbox ({", ".join(_COLUMNS)})
SELECT * FROM unnest(
    $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[]
)
"""
_COPY_FROM = 50
"""Rows from which COPY is faster; below, its second round trip costs more than it saves."""

Encoded: TypeAlias = tuple[uuid.UUID | UUID, str, str, str, str, int, str, str | None]
"""A fact as the outbox keeps it."""

_BEFORE_INSERT = Failpoint("outbox.before-insert")
_AFTER_INSERT = Failpoint("outbox.after-insert")


class PayloadTooLargeError(InvalidError):
    """The fact is too large for a topic."""


@dataclass(frozen=True, slots=True)
class Fact:
    """An event with the version that its aggregate reached by it.

    A state snapshot carries the version of the last fact in it. `cause` overrides the batch's.
    """

    event: Event
    version: int
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The end of a key on a compacted topic."""

    topic: Topic
    key: str
    version: int


async def append(
    connection: Connection, cause: Cause, facts: Iterable[Fact | Tombstone | Encoded]
) -> None:
    """Put facts into the outbox of the running transaction, in their order, by one statement.

    The caller has written the aggregates' rows before, in this transaction: their locks put each
    aggregate's outbox ids in commit order. Raises `PayloadTooLargeError` for a fact that no topic
    would take, and asyncpg's `UniqueViolationError` where a version was published before.
    """
    rows = Encoder(cause).encode(facts)
    if rows:
        _BEFORE_INSERT.reach()
        await _insert(connection, rows)
        _AFTER_INSERT.reach()


async def append_resynced(
    connection: Connection, cause: Cause, resync_id: uuid.UUID, snapshots: Iterable[Fact]
) -> None:
    """Put snapshots into the outbox once more, under the versions that they have.

    They are marked, and their ids follow from the resync and the aggregate. The caller holds the
    locks of the aggregates' rows, so no older snapshot comes after a newer one.
    """
    encoder = Encoder(cause)
    rows = [
        (
            derived_id("resync", resync_id, row[1], row[2]),
            *row[1:6],
            _marked(row[6], resync_id),
            row[7],
            resync_id,
        )
        for row in map(encoder.row, snapshots)
    ]
    if rows:
        await connection.copy_records_to_table(
            "outbox", records=rows, columns=(*_COLUMNS, "resync_id")
        )


def _marked(headers: str, resync_id: uuid.UUID) -> str:
    return json.dumps({**json.loads(headers), RESYNC_HEADER: str(resync_id)})


async def _insert(connection: Connection, rows: Sequence[Encoded]) -> None:
    if len(rows) < _COPY_FROM:
        await connection.execute(_INSERT, *(list(column) for column in zip(*rows, strict=True)))
    else:
        await connection.copy_records_to_table("outbox", records=rows, columns=_COLUMNS)


class Encoder:
    """Makes facts ready for `append`, which does it for those that are not; raises what it raises.

    Headers that facts share are looked up by identity: few causes, many facts.
    """

    def __init__(self, cause: Cause) -> None:
        self._cause = cause
        self._known: dict[tuple[type[Event], int], tuple[Cause, str]] = {}

    def encode(self, facts: Iterable[Fact | Tombstone | Encoded]) -> list[Encoded]:
        """A row per fact; after it one more where the major version before is published, too."""
        if not PUBLISHED_TWICE:
            return [fact if isinstance(fact, tuple) else self.row(fact) for fact in facts]
        today = datetime.now(UTC).date()
        return [row for fact in facts for row in self._in_both_majors(fact, today)]

    def row(self, fact: Fact | Tombstone) -> Encoded:
        event_id = uuid7()
        if isinstance(fact, Tombstone):
            topic, key = fact.topic, fact.key
            headers, payload = self._headers(topic.facts[topic.name], None), None
        else:
            topic, key = fact.event.topic, fact.event.record_key
            headers = self._headers(type(fact.event), fact.cause)
            payload = _payload(fact.event, key)
        return event_id, topic.name, key, topic.aggregate, key, fact.version, headers, payload

    def _in_both_majors(self, fact: Fact | Tombstone | Encoded, today: date) -> Iterator[Encoded]:
        if isinstance(fact, tuple):
            yield fact
            return
        row = self.row(fact)
        yield row
        former = _in_former_major(fact, today)
        if former is not None:
            yield _same_fact(row, self.row(former))

    def _headers(self, fact: type[Event], cause: Cause | None) -> str:
        cause = cause or self._cause
        known = self._known.get((fact, id(cause)))
        if known is None:  # kept with its cause, whose identity nobody else can have meanwhile
            known = self._known[fact, id(cause)] = (cause, shared_headers(fact, cause))
        return known[1]


def _in_former_major(fact: Fact | Tombstone, today: date) -> Fact | Tombstone | None:
    if isinstance(fact, Tombstone):
        former = _former(fact.topic.facts[fact.topic.name], today)
        return Tombstone(former.fact.topic, fact.key, fact.version) if former else None
    former = _former(type(fact.event), today)
    return Fact(fact.event.as_former(), fact.version, fact.cause) if former else None


def _former(fact: type[Event], today: date) -> Former | None:
    former = PUBLISHED_TWICE.get(fact)
    return former if former is not None and today <= former.until else None


def _same_fact(present: Encoded, former: Encoded) -> Encoded:
    """The former's row under the id of the present one, so that consumers take both for one fact.

    Its `aggregate_id` differs, which serves only `outbox_version_key`: one version, two records.
    """
    _, topic, key, aggregate, aggregate_id, version, headers, payload = former
    return present[0], topic, key, aggregate, f"{aggregate_id} former", version, headers, payload


def _payload(event: Event, key: str) -> str:
    payload = event.model_dump_json(exclude_none=True)
    if len(payload) > MAX_PAYLOAD_BYTES // 4 and len(payload.encode()) > MAX_PAYLOAD_BYTES:
        raise PayloadTooLargeError(type=event.type, key=key, length=len(payload))
    return payload
