"""Deliveries in PostgreSQL: facts fan out by one statement, are claimed and concluded by sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.db import Connection, Pool, transaction

from webhooks.deliveries.domain import Claimed, Conclusion, patterns_of
from webhooks.endpoints.domain import STEADY

CHANNEL = "webhooks_due"
FROM_THE_FIRST = UUID(int=0)

_FAN_OUT = """
WITH fact AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY
        AS fact (event_id, type, lane, body, position)
), matching AS MATERIALIZED (
    SELECT DISTINCT asked.type, asked.service, subscription_id
    FROM unnest($5::text[], $6::text[], $7::text[]) AS asked (pattern, type, service)
    JOIN subscription_patterns USING (pattern)
), wanted AS (
    SELECT type, subscription_id FROM matching JOIN subscriptions USING (subscription_id)
    WHERE status IN ('active', 'paused') AND (services = '{}' OR service = ANY(services))
), stored AS (
    INSERT INTO events (event_id, body)
    SELECT event_id, body FROM fact WHERE type IN (SELECT type FROM wanted)
    ON CONFLICT DO NOTHING
), queued AS (
    INSERT INTO deliveries (subscription_id, event_id, type, lane)
    SELECT subscription_id, event_id, type, hashtextextended(lane, 0)
    FROM fact JOIN wanted USING (type) ORDER BY position
    RETURNING delivery_id
)
SELECT count(*) FROM queued
"""
_NOTIFY = f"NOTIFY {CHANNEL}"
_PLAN_ANEW = "SET LOCAL plan_cache_mode = force_custom_plan"

# What is due is looked at in its order, a few per subscription. A delivery with an earlier one of
# its lane before it is put off, to when that one is due: a long queue is not looked at again and
# again. One that nothing precedes is leased.
_CLAIM = """
WITH looked AS MATERIALIZED (
    SELECT due.subscription_id, due.delivery_id,
        earlier.delivery_id IS NULL AS is_first, earlier.due_at AS earlier_due_at,
        earlier.is_leased AS earlier_is_leased
    FROM (
        SELECT subscription_id,
            CASE WHEN failures >= $3 THEN 1 ELSE $4 END - coalesce(in_flight, 0) AS free
        FROM subscriptions
        JOIN endpoint_health USING (subscription_id)
        LEFT JOIN unnest($1::uuid[], $2::int[]) AS busy (subscription_id, in_flight)
            USING (subscription_id)
        WHERE status = 'active' AND (hold_until IS NULL OR hold_until <= now())
        ORDER BY subscription_id <= $7, subscription_id
    ) AS subscription
    CROSS JOIN LATERAL (
        SELECT subscription_id, delivery_id, lane FROM deliveries
        WHERE deliveries.subscription_id = subscription.subscription_id
            AND status = 'waiting' AND due_at <= now()
        ORDER BY due_at, delivery_id
        LIMIT greatest(0, free)
        FOR UPDATE SKIP LOCKED
    ) AS due
    LEFT JOIN LATERAL (
        SELECT delivery_id, due_at, is_leased FROM deliveries
        WHERE deliveries.subscription_id = due.subscription_id AND lane = due.lane
            AND status = 'waiting' AND delivery_id < due.delivery_id
        ORDER BY delivery_id LIMIT 1
    ) AS earlier ON true
    LIMIT $6
), leased AS (
    UPDATE deliveries SET
        is_leased = is_first,
        due_at = CASE
            WHEN is_first THEN now() + make_interval(secs => $5)
            WHEN earlier_is_leased THEN now() + interval '1 s'
            ELSE greatest(earlier_due_at, now() + interval '0.1 s')
        END
    FROM looked
    WHERE deliveries.subscription_id = looked.subscription_id
        AND deliveries.delivery_id = looked.delivery_id
    RETURNING deliveries.*
)
SELECT subscription_id, delivery_id, event_id, leased.type, body, attempts, first_attempted_at,
    due_at AS leased_until, url, host, secret, former_secret, former_secret_until
FROM leased JOIN subscriptions USING (subscription_id) JOIN events USING (event_id)
WHERE is_leased
ORDER BY delivery_id
"""

# A conclusion counts while its lease holds: whoever claimed the delivery since then decides.
_CONCLUDE = """
WITH concluded AS (
    SELECT * FROM unnest(
        $1::uuid[], $2::bigint[], $3::timestamptz[], $4::text[], $5::timestamptz[],
        $6::timestamptz[], $7::int[], $8::text[], $9::int[]
    ) AS concluded (subscription_id, delivery_id, leased_until, status, due_at, attempted_at,
        status_code, error, duration_ms)
), logged AS (
    INSERT INTO attempts
        (subscription_id, delivery_id, attempted_at, status_code, error, duration_ms)
    SELECT subscription_id, delivery_id, attempted_at, status_code, error, duration_ms
    FROM concluded
)
UPDATE deliveries SET status = concluded.status, is_leased = false, due_at = concluded.due_at,
    attempts = attempts + 1, first_attempted_at = coalesce(first_attempted_at, attempted_at),
    last_attempted_at = attempted_at, last_status_code = status_code, last_error = error
FROM concluded
WHERE deliveries.subscription_id = concluded.subscription_id
    AND deliveries.delivery_id = concluded.delivery_id
    AND deliveries.status = 'waiting' AND is_leased
    AND deliveries.due_at = concluded.leased_until
RETURNING deliveries.subscription_id, deliveries.delivery_id, lane, deliveries.status,
    first_attempted_at
"""

# Whether the next one was put off is not asked: a claim that puts it off just now is waited for.
_WAKE_NEXT = """
UPDATE deliveries SET due_at = least(due_at, now())
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS done (subscription_id, lane, delivery_id)
CROSS JOIN LATERAL (
    SELECT delivery_id FROM deliveries
    WHERE deliveries.subscription_id = done.subscription_id AND deliveries.lane = done.lane
        AND status = 'waiting' AND deliveries.delivery_id > done.delivery_id
    ORDER BY delivery_id LIMIT 1
) AS next
WHERE deliveries.subscription_id = done.subscription_id
    AND deliveries.delivery_id = next.delivery_id
    AND status = 'waiting' AND NOT is_leased
"""
_UNREACHABLE = """
SELECT DISTINCT subscription_id
FROM unnest($1::uuid[], $2::timestamptz[]) AS given_up (subscription_id, first_attempted_at)
JOIN endpoint_health USING (subscription_id)
WHERE delivered_at IS NULL OR delivered_at < first_attempted_at
"""


class Fact(NamedTuple):
    """What is to be told; `lane` names its aggregate."""

    event_id: UUID
    type: str
    service: str
    lane: str
    body: str


class Concluded(NamedTuple):
    """A delivery whose conclusion counted."""

    subscription_id: UUID
    delivery_id: int
    lane: int
    status: str
    first_attempted_at: datetime


async def fan_out(connection: Connection, facts: Sequence[Fact]) -> int:
    """Queue a delivery per fact and subscription that wants it, in the order of the facts."""
    asked = {
        (pattern, fact.type, fact.service) for fact in facts for pattern in patterns_of(fact.type)
    }
    await plan_anew(connection)
    queued: int = await connection.fetchval(
        _FAN_OUT,
        [fact.event_id for fact in facts],
        [fact.type for fact in facts],
        [fact.lane for fact in facts],
        [fact.body for fact in facts],
        *(list(column) for column in zip(*asked, strict=True)),
    )
    if queued:
        await wake_senders(connection)
    return queued


async def plan_anew(connection: Connection) -> None:
    """Let this transaction keep no plans.

    These tables grow from nothing to millions of rows between two ANALYZEs: a plan that was made
    for the small ones reads the large ones whole, once per subscription.
    """
    await connection.execute(_PLAN_ANEW)


async def wake_senders(connection: Connection) -> None:
    """Every process hears of it when the transaction commits."""
    await connection.execute(_NOTIFY)


@dataclass(frozen=True, slots=True)
class Room:
    """How much a process may claim: so many in all, so many of each subscription.

    `busy` are those that it sends already; `after` is the subscription that it claimed last, so
    that all have their turn where there is not room for all.
    """

    busy: Mapping[UUID, int]
    in_all: int
    of_each: int
    after: UUID = FROM_THE_FIRST


async def claim(pool: Pool, room: Room, lease: float) -> list[Claimed]:
    """Lease what is due for so many seconds; an endpoint that fails gets one request at a time."""
    async with transaction(pool) as connection:
        return await claim_within(connection, room, lease)


async def claim_within(connection: Connection, room: Room, lease: float) -> list[Claimed]:
    """The same; nobody sees of it before the commit."""
    await plan_anew(connection)
    busy = list(room.busy), list(room.busy.values())
    rows = await connection.fetch(
        _CLAIM, *busy, STEADY, room.of_each, lease, room.in_all, room.after
    )
    return [Claimed(*row) for row in rows]


async def conclude(connection: Connection, conclusions: Sequence[Conclusion]) -> list[Concluded]:
    """Log attempts and settle their deliveries; answers those that were still ours to settle."""
    rows = await connection.fetch(
        _CONCLUDE,
        [each.claimed.subscription_id for each in conclusions],
        [each.claimed.delivery_id for each in conclusions],
        [each.claimed.leased_until for each in conclusions],
        [each.status for each in conclusions],
        [each.due_at for each in conclusions],
        [each.answer.at for each in conclusions],
        [each.answer.status_code for each in conclusions],
        [each.answer.error for each in conclusions],
        [each.answer.duration_ms for each in conclusions],
    )
    return [Concluded(*row) for row in rows]


async def wake_next(connection: Connection, finished: Sequence[Concluded]) -> None:
    """Let the next of each lane go, though it was put off behind the finished one."""
    await connection.execute(
        _WAKE_NEXT,
        [each.subscription_id for each in finished],
        [each.lane for each in finished],
        [each.delivery_id for each in finished],
    )


async def list_unreachable(connection: Connection, given_up: Sequence[Concluded]) -> list[UUID]:
    """Subscriptions whose endpoint took nothing at all since what is given up was first tried."""
    rows = await connection.fetch(
        _UNREACHABLE,
        [each.subscription_id for each in given_up],
        [each.first_attempted_at for each in given_up],
    )
    return [row["subscription_id"] for row in rows]
