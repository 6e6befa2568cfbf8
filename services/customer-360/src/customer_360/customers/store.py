"""The table of customers, and which of them are one by now."""

from uuid import UUID

from shared.db import Connection

from customer_360.customers.fold import Customer
from customer_360.guarded import GuardedTable

CUSTOMERS = GuardedTable("customers", Customer)

MOST_MERGED = 100
"""How many records of one customer are looked at."""

_STEPS = f"""
WITH RECURSIVE steps (customer_id, place) AS (
    SELECT $1::uuid, 0
    UNION
    SELECT c.merged_into, s.place + 1 FROM steps AS s JOIN customers AS c USING (customer_id)
    WHERE c.record_status = 'merged' AND s.place < {MOST_MERGED}
)"""
_CURRENT = f"{_STEPS} SELECT customer_id FROM steps ORDER BY place DESC LIMIT 1"
_RECORDS = f"""{_STEPS}, members (customer_id, is_current) AS (
    (SELECT customer_id, true FROM steps ORDER BY place DESC LIMIT 1)
    UNION
    SELECT c.customer_id, false
    FROM members AS m JOIN customers AS c ON c.merged_into = m.customer_id
    WHERE c.record_status = 'merged'
)
SELECT customer_id FROM members ORDER BY is_current DESC LIMIT {MOST_MERGED}
"""


async def find_current(connection: Connection, customer_id: UUID) -> UUID:
    """Whom this id means: itself, or the customer that it was merged into at last."""
    current: UUID = await connection.fetchval(_CURRENT, customer_id)
    return current


async def list_records_of(connection: Connection, customer_id: UUID) -> list[UUID]:
    """Every id of the customer that this one means, its own first."""
    return [row["customer_id"] for row in await connection.fetch(_RECORDS, customer_id)]
