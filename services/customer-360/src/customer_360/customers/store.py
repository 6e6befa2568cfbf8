"""The table of customers, and whom the id of a merged one means."""

from uuid import UUID

from shared.db import Connection

from customer_360.customers.fold import Customer
from customer_360.guarded import GuardedTable

CUSTOMERS = GuardedTable("customers", Customer)

MOST_MERGED = 100
"""How many steps of an old id are followed."""

_CURRENT = f"""
WITH RECURSIVE steps (customer_id, place) AS (
    SELECT $1::uuid, 0
    UNION
    SELECT c.merged_into, s.place + 1 FROM steps AS s JOIN customers AS c USING (customer_id)
    WHERE c.record_status = 'merged' AND s.place < {MOST_MERGED}
)
SELECT customer_id FROM steps ORDER BY place DESC LIMIT 1
"""


async def find_current(connection: Connection, customer_id: UUID) -> UUID:
    """Whom this id means: itself, or the customer that it was merged into at last."""
    current: UUID = await connection.fetchval(_CURRENT, customer_id)
    return current
