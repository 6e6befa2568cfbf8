"""The tables of handovers, and whom one concerns."""

from uuid import UUID

from shared.db import Connection

from customer_360.guarded import GuardedTable
from customer_360.handovers.fold import Handover, Ownership

HANDOVERS = GuardedTable("handovers", Handover)
OWNERSHIPS = GuardedTable("ownerships", Ownership)

# One short index scan each: what is handed over, and what is not yet (of nobody where $2 is null).
_CUSTOMERS = """
SELECT customer_id FROM (
    (SELECT customer_id FROM ownerships
    WHERE handover_id = $1 AND customer_id > $3 ORDER BY customer_id LIMIT $4)
    UNION
    (SELECT DISTINCT customer_id FROM deals
    WHERE handover_id = $1 AND customer_id > $3 ORDER BY customer_id LIMIT $4)
    UNION
    (SELECT DISTINCT customer_id FROM commitments
    WHERE handover_id = $1 AND customer_id > $3 ORDER BY customer_id LIMIT $4)
    UNION
    (SELECT DISTINCT customer_id FROM commitments
    WHERE owner_id = $2 AND status IN ('open', 'broken') AND customer_id > $3
    ORDER BY customer_id LIMIT $4)
    UNION
    (SELECT customer_id FROM customers
    WHERE owner_id = $2 AND customer_id > $3 AND record_status IS DISTINCT FROM 'merged'
    ORDER BY customer_id LIMIT $4)
    UNION
    (SELECT DISTINCT customer_id FROM deals
    WHERE owner_id = $2 AND status = 'open' AND customer_id > $3 ORDER BY customer_id LIMIT $4)
) AS concerned ORDER BY customer_id LIMIT $4
"""


async def find_handover(connection: Connection, handover_id: UUID) -> Handover | None:
    found = await HANDOVERS.load(connection, [handover_id])
    return found.get(handover_id)


async def list_customers(
    connection: Connection, handover: Handover, after: UUID, limit: int
) -> list[UUID]:
    """Whose owner, open deal's or promise's changes or changed by this handover; by customer."""
    leaves = handover.status == "waiting-acks" or handover.reason_code == "left"
    owner_id = handover.from_owner_id if leaves else None
    rows = await connection.fetch(_CUSTOMERS, handover.handover_id, owner_id, after, limit)
    return [row["customer_id"] for row in rows]
