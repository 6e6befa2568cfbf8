"""The log in PostgreSQL: what was sent, sending it again, and forgetting what is old."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from shared.db import Connection, Pool, rows_affected

from webhooks.deliveries.store import wake_senders
from webhooks.log.domain import Again, DeliveryNotFoundError

PRUNED_AT_ONCE = 10_000

_SEND_AGAIN = """
UPDATE deliveries SET status = 'waiting', due_at = now(),
    attempts = CASE WHEN status = 'waiting' THEN attempts ELSE 0 END,
    first_attempted_at = CASE WHEN status = 'waiting' THEN first_attempted_at END
WHERE subscription_id = $1 AND NOT is_leased
    AND ($2::bigint IS NULL OR delivery_id BETWEEN $2 AND $3)
    AND ($4::timestamptz IS NULL OR created_at >= $4)
    AND ($5::text[] IS NULL OR status = ANY($5))
"""
_DELIVERY = """delivery_id, event_id, type, status, attempts, due_at, created_at,
    last_attempted_at, last_status_code, last_error"""
_LIST = f"""
SELECT {_DELIVERY} FROM deliveries
WHERE subscription_id = $1 AND ($2::bigint IS NULL OR delivery_id < $2)
    AND ($3::text IS NULL OR status = $3)
ORDER BY delivery_id DESC LIMIT $4
"""
_FIND = f"SELECT {_DELIVERY} FROM deliveries WHERE subscription_id = $1 AND delivery_id = $2"
_ATTEMPTS = """
SELECT attempted_at, status_code, error, duration_ms FROM attempts
WHERE subscription_id = $1 AND delivery_id = $2 ORDER BY attempted_at DESC LIMIT $3
"""

# What is old goes, whatever became of it; a fact's body after the last delivery of it.
_PRUNE = (
    """
    DELETE FROM deliveries WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM deliveries
        WHERE created_at < now() - make_interval(days => $1) AND NOT is_leased LIMIT $2))
    """,
    """
    DELETE FROM attempts WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM attempts
        WHERE attempted_at < now() - make_interval(days => $1) LIMIT $2))
    """,
    """
    DELETE FROM events WHERE event_id = ANY(ARRAY(
        SELECT event_id FROM events
        WHERE recorded_at < now() - make_interval(days => $1, hours => 1) AND NOT EXISTS (
            SELECT FROM deliveries WHERE deliveries.created_at < now() - make_interval(days => $1))
        LIMIT $2))
    """,
)


class Delivery(NamedTuple):
    """A line of the log."""

    delivery_id: int
    event_id: UUID
    type: str
    status: str
    attempts: int
    due_at: datetime
    created_at: datetime
    last_attempted_at: datetime | None
    last_status_code: int | None
    last_error: str | None


class Attempt(NamedTuple):
    """One request and what came of it."""

    attempted_at: datetime
    status_code: int | None
    error: str | None
    duration_ms: int


async def send_again(connection: Connection, subscription_id: UUID, again: Again) -> int:
    """Queue deliveries anew, in their old order and under their old ids; answers how many.

    What waits already is only hurried; what is being sent is left alone.
    """
    statuses = list(again.statuses) if again.statuses else None
    done = await connection.execute(
        _SEND_AGAIN, subscription_id, again.first, again.last, again.since, statuses
    )
    await wake_senders(connection)
    return rows_affected(done)


async def list_deliveries(
    connection: Connection,
    subscription_id: UUID,
    status: str | None,
    before: int | None,
    limit: int,
) -> list[Delivery]:
    """The newest first."""
    rows = await connection.fetch(_LIST, subscription_id, before, status, limit)
    return [Delivery(*row) for row in rows]


async def load_delivery(
    connection: Connection, subscription_id: UUID, delivery_id: int
) -> Delivery:
    row = await connection.fetchrow(_FIND, subscription_id, delivery_id)
    if row is None:
        raise DeliveryNotFoundError(delivery_id=delivery_id)
    return Delivery(*row)


async def list_attempts(
    connection: Connection, subscription_id: UUID, delivery_id: int, limit: int
) -> list[Attempt]:
    """The newest first."""
    rows: Sequence[Any] = await connection.fetch(_ATTEMPTS, subscription_id, delivery_id, limit)
    return [Attempt(*row) for row in rows]


async def prune(pool: Pool, keep_days: int) -> bool:
    """Forget a part of what is older; answers whether there was any."""
    pruned = [
        rows_affected(await pool.execute(statement, keep_days, PRUNED_AT_ONCE))
        for statement in _PRUNE
    ]
    return any(pruned)
