"""The table of leads."""

from collections.abc import Collection
from uuid import UUID

from shared.db import Connection

from customer_360.guarded import GuardedTable
from customer_360.leads.fold import Lead

LEADS = GuardedTable("leads", Lead)


async def list_leads_of(
    connection: Connection, customer_id: UUID, contact_ids: Collection[UUID]
) -> list[Lead]:
    """The leads of a customer, its own and those of its people, newest first."""
    return await LEADS.list_where(
        connection,
        "customer_id = $1 OR contact_id = ANY($2::uuid[])"
        " ORDER BY received_at DESC NULLS LAST, lead_id LIMIT 50",
        customer_id,
        list(contact_ids),
    )
