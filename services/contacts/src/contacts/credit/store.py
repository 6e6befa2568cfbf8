"""The tables of credit policies, and what is owed: sums of order rows, a statement for many."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from shared.db import Connection

from contacts.credit.domain import CreditPolicy, Owed
from contacts.figures.store import IDS_OF_EACH

_POLICY = """
SELECT policy_version, factor, terms_days, window_days, hold_overdue_days, valid_days
FROM credit_policies ORDER BY policy_version DESC LIMIT 1
"""
_OWED = f"""
WITH {IDS_OF_EACH}
SELECT wanted.customer_id, coalesce(sum(o.total) FILTER (WHERE o.is_open), 0) AS exposure,
    coalesce(sum(o.total) FILTER (WHERE o.is_open AND o.due_at < $4), 0) AS overdue_amount,
    coalesce(extract(day FROM $4 - min(o.due_at)
        FILTER (WHERE o.is_open AND o.due_at < $4)), 0)::int AS overdue_days,
    coalesce(sum(o.total) FILTER (WHERE o.ordered_at > $5), 0) AS purchases,
    round(avg(extract(epoch FROM o.paid_at - o.invoiced_at) / 86400)
        FILTER (WHERE o.paid_at > $5), 1) AS avg_days_to_pay
FROM unnest($1::uuid[], $2::text[], $3::int[]) AS wanted (customer_id, currency, terms_days)
JOIN ids_of_each USING (customer_id)
LEFT JOIN LATERAL (
    SELECT total, ordered_at, paid_at, invoiced_at, status NOT IN ('paid', 'cancelled') AS is_open,
        CASE WHEN status = 'invoiced'
            THEN invoiced_at + make_interval(days => wanted.terms_days) END AS due_at
    FROM customer_orders
    WHERE customer_id = ANY(ids) AND currency = wanted.currency AND status <> 'cancelled'
) AS o ON true
GROUP BY wanted.customer_id
"""
_LIMITED = """
SELECT customer_id FROM customer_credits
WHERE credit_limit IS NOT NULL AND customer_id = ANY($1::uuid[])
"""
_LIMITED_PAGE = """
SELECT customer_id FROM customer_credits
WHERE credit_limit IS NOT NULL AND ($1::uuid IS NULL OR customer_id > $1)
ORDER BY customer_id LIMIT $2
"""
_EXPIRED_PAGE = """
SELECT customer_id FROM customer_credits WHERE is_expired AND ($1::uuid IS NULL OR customer_id > $1)
ORDER BY customer_id LIMIT $2
"""
_HELD_PAGE = """
SELECT customer_id FROM customer_credits WHERE is_held AND ($1::uuid IS NULL OR customer_id > $1)
ORDER BY customer_id LIMIT $2
"""


async def load_policy(connection: Connection) -> CreditPolicy:
    row = await connection.fetchrow(_POLICY)
    assert row is not None
    caps = await connection.fetch(
        "SELECT currency, grade, cap FROM credit_caps WHERE policy_version = $1",
        row["policy_version"],
    )
    return CreditPolicy(
        **dict(row), caps={(cap["currency"], cap["grade"]): cap["cap"] for cap in caps}
    )


async def read_owed(
    connection: Connection,
    wanted: Collection[tuple[UUID, str, int]],
    window_days: int,
    at: datetime,
) -> dict[UUID, Owed]:
    """What each customer owes in the currency and by the terms that are named."""
    columns = list(zip(*wanted, strict=True)) if wanted else [(), (), ()]
    since = at - timedelta(days=window_days)
    rows = await connection.fetch(_OWED, *(list(column) for column in columns), at, since)
    return {row["customer_id"]: Owed(**dict(row)) for row in rows}


async def find_limited(connection: Connection, customer_ids: Collection[UUID]) -> list[UUID]:
    """Those of these customers who have a limit."""
    rows = await connection.fetch(_LIMITED, list(customer_ids))
    return [row["customer_id"] for row in rows]


async def list_limited(connection: Connection, after: UUID | None, limit: int) -> list[UUID]:
    """A page, by id, of the customers who have a limit."""
    return [row["customer_id"] for row in await connection.fetch(_LIMITED_PAGE, after, limit)]


async def list_held(connection: Connection, after: UUID | None, limit: int) -> list[UUID]:
    """A page, by id, of the customers with a hold."""
    return [row["customer_id"] for row in await connection.fetch(_HELD_PAGE, after, limit)]


async def list_expired(connection: Connection, after: UUID | None, limit: int) -> list[UUID]:
    """A page, by id, of the customers whose limit is past its time."""
    return [row["customer_id"] for row in await connection.fetch(_EXPIRED_PAGE, after, limit)]
