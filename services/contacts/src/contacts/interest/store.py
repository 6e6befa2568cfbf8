"""The table of leads, as far as they say who may become a customer."""

from collections.abc import Collection
from uuid import UUID

from shared.aliases import NAMED
from shared.contracts.pipeline import LeadState
from shared.db import Connection, rows_affected

_SAVE = """
INSERT INTO customer_leads AS t (lead_id, version, customer_id, status) VALUES ($1, $2, $3, $4)
ON CONFLICT (lead_id) DO UPDATE SET version = excluded.version,
    customer_id = excluded.customer_id, status = excluded.status
WHERE t.version < excluded.version
"""
_GIVEN_UP = f"""
WITH {NAMED}
SELECT coalesce(bool_and(status = 'disqualified'), false)
    AND NOT EXISTS (SELECT FROM customer_deals JOIN named ON customer_id = named.id
        WHERE customer_deals.status = 'open')
FROM customer_leads JOIN named ON customer_id = named.id
"""
_DISQUALIFIED = """
SELECT customer_id FROM customers
WHERE customer_id = ANY($1::uuid[]) AND lifecycle = 'disqualified'
"""


async def find_status(connection: Connection, lead_id: UUID) -> str | None:
    """Where the lead stood when it was told of last."""
    status: str | None = await connection.fetchval(
        "SELECT status FROM customer_leads WHERE lead_id = $1", lead_id
    )
    return status


async def save_lead(connection: Connection, lead: LeadState, version: int) -> bool:
    """Keep it, unless a newer one is known; answers whether it was new."""
    status = await connection.execute(_SAVE, lead.lead_id, version, lead.customer_id, lead.status)
    return rows_affected(status) == 1


async def are_given_up(connection: Connection, customer_id: UUID) -> bool:
    """Whether all leads of this customer are disqualified, and no deal is open."""
    found: bool = await connection.fetchval(_GIVEN_UP, [customer_id])
    return found


async def find_disqualified(connection: Connection, customer_ids: Collection[UUID]) -> set[UUID]:
    """Those of these who are disqualified."""
    rows = await connection.fetch(_DISQUALIFIED, list(customer_ids))
    return {row["customer_id"] for row in rows}
