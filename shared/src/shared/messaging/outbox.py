"""The outbox: facts enter it in the transaction that makes them true."""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.cause import Cause
from shared.contracts.topic import Event, Topic
from shared.db import Connection
from shared.errors import InvalidError
from shared.failpoints import Failpoint
from shared.ids import new_id
from shared.messaging.envelope import shared_headers

MAX_PAYLOAD_BYTES = 900_000
"""Below the broker's default `max.message.bytes`: what enters the outbox can be published."""

_INSERT = """
INSERT INTO outbox (event_id, topic, key, aggregate_type, aggregate_id, version, headers, payload)
SELECT * FROM unnest(
    $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[]
)
"""


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


async def append(connection: Connection, cause: Cause, facts: Iterable[Fact | Tombstone]) -> None:
    """Put facts into the outbox of the running transaction, in their order, by one statement.

    The caller has written the aggregates' rows before, in this transaction: their locks put each
    aggregate's outbox ids in commit order. Raises `PayloadTooLargeError` for a fact that no topic
    would take, and asyncpg's `UniqueViolationError` where a version was published before.
    """
    rows = [_row(fact, cause) for fact in facts]
    if rows:
        _BEFORE_INSERT.reach()
        await connection.execute(_INSERT, *(list(column) for column in zip(*rows, strict=True)))
        _AFTER_INSERT.reach()


def _row(fact: Fact | Tombstone, cause: Cause) -> tuple[object, ...]:
    event_id = new_id()
    if isinstance(fact, Tombstone):
        topic, key, payload = fact.topic, fact.key, None
        headers = shared_headers(topic.facts[topic.name], cause)
    else:
        topic, key = fact.event.topic, fact.event.record_key
        payload = fact.event.model_dump_json(exclude_none=True)
        if len(payload) > MAX_PAYLOAD_BYTES // 4 and len(payload.encode()) > MAX_PAYLOAD_BYTES:
            raise PayloadTooLargeError(type=fact.event.type, key=key, length=len(payload))
        headers = shared_headers(type(fact.event), fact.cause or cause)
    return event_id, topic.name, key, topic.aggregate, key, fact.version, headers, payload
