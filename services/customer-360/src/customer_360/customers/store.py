"""The table of customers, and which of them are one by now."""

from uuid import UUID

from shared.db import Connection

from customer_360.customers.fold import Customer
from customer_360.guarded import GuardedTable

CUSTOMERS = GuardedTable("customers", Customer)

MOST_MERGED = 100
"""How many records of one customer are looked at."""

_CURRENT = f"""
WITH RECURSIVE steps (customer_id, place) AS (
    SELECT $1::uuid, 0
    UNION
    SELECT c.merged_into, s.place + 1 FROM steps AS s JOIN customers AS c USING (customer_id)
    WHERE c.record_status = 'merged' AND s.place < {MOST_MERGED}
)
SELECT customer_id FROM steps ORDER BY place DESC LIMIT 1
"""
_MERGED_INTO = f"""
WITH RECURSIVE members (customer_id) AS (
    SELECT $1::uuid
    UNION
    SELECT c.customer_id FROM members AS m JOIN customers AS c ON c.merged_into = m.customer_id
    WHERE c.record_status = 'merged'
)
SELECT customer_id FROM members LIMIT {MOST_MERGED}
"""


async def find_current(connection: Connection, customer_id: UUID) -> UUID:
    """Whom this id means: itself, or the customer that it was merged into at last."""
    current: UUID = await connection.fetchval(_CURRENT, customer_id)
    return current


async def list_ids_of(connection: Connection, customer_id: UUID) -> list[UUID]:
    """The customer's own id, and those that were merged into it."""
    return [row["customer_id"] for row in await connection.fetch(_MERGED_INTO, customer_id)]
