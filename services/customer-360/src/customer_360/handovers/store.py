"""The tables of handovers, and whom one concerns."""

from collections.abc import Sequence
from uuid import UUID

from shared.db import Connection

from customer_360.guarded import GuardedTable
from customer_360.handovers.fold import Handover, Ownership
from customer_360.leads.fold import Lead
from customer_360.leads.store import LEADS

HANDOVERS = GuardedTable("handovers", Handover)
OWNERSHIPS = GuardedTable("ownerships", Ownership)

# What is handed over by $1, and what is not yet: what $2 has, which is nothing where it is null.
_CONCERNED = (
    "ownerships AS thing WHERE handover_id = $1",
    "deals AS thing WHERE handover_id = $1",
    "leads AS thing WHERE handover_id = $1",
    "tickets AS thing WHERE handover_id = $1",
    "commitments AS thing WHERE handover_id = $1",
    "customers AS thing WHERE owner_id = $2",
    "deals AS thing WHERE owner_id = $2 AND status = 'open'",
    "leads AS thing WHERE owner_id = $2 AND status NOT IN ('converted', 'disqualified')",
    "tickets AS thing WHERE agent_id = $2 AND status NOT IN ('resolved', 'closed', 'cancelled')",
    "commitments AS thing WHERE owner_id = $2 AND status IN ('open', 'broken')",
)
_STANDS = """NOT EXISTS (
    SELECT FROM customers AS gone
    WHERE gone.customer_id = thing.customer_id AND gone.record_status = 'merged'
)"""

# One short index scan each.
_EACH = " UNION ".join(
    f"(SELECT DISTINCT customer_id FROM {things} AND customer_id > $3 AND {_STANDS}"
    " ORDER BY customer_id LIMIT $4)"
    for things in _CONCERNED
)
_CUSTOMERS = f"SELECT customer_id FROM ({_EACH}) AS concerned ORDER BY customer_id LIMIT $4"

_LEADS_OF_NOBODY = LEADS.select("""customer_id IS NULL AND lead_id > $3
    AND status NOT IN ('converted', 'disqualified') AND (handover_id = $1 OR owner_id = $2)
    ORDER BY lead_id LIMIT $4""")


async def find_handover(connection: Connection, handover_id: UUID) -> Handover | None:
    found = await HANDOVERS.load(connection, [handover_id])
    return found.get(handover_id)


async def list_customers(
    connection: Connection, handover: Handover, after: UUID, limit: int
) -> list[UUID]:
    """Whose owner, or whose open deal, lead, ticket or promise, changes hands; by customer."""
    rows = await connection.fetch(_CUSTOMERS, handover.handover_id, handover.giver_id, after, limit)
    return [row["customer_id"] for row in rows]


async def list_leads_of_nobody(
    connection: Connection, handover: Handover, after: UUID, limit: int
) -> Sequence[Lead]:
    """The open leads that change hands and name no customer yet; by lead."""
    rows = await connection.fetch(
        _LEADS_OF_NOBODY, handover.handover_id, handover.giver_id, after, limit
    )
    return LEADS.rows_of(rows)
