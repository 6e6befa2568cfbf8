"""A database of customer-360 that knows so many customers, filled by the server itself.

Indexes are dropped for the filling and made again by their own definitions: what is read is the
same, and it takes minutes instead of an hour.
"""

from pathlib import Path

import asyncpg
from shared.contracts import TOPICS

_FILLING = Path(__file__).with_name("filled_360.sql")
_INDEXES = """
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE relnamespace = 'public'::regnamespace AND NOT indisunique
"""


async def fill(url: str, customers: int) -> None:
    """Fill a migrated, empty database."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET maintenance_work_mem = '512MB'")
        indexes = await connection.fetch(_INDEXES)
        for index in indexes:
            await connection.execute(f"DROP INDEX {index['name']}")
        names = ", ".join(f"'{name}'" for name in sorted(TOPICS) if name.endswith(".events.v1"))
        filling = _FILLING.read_text().format(customers=customers, topics=f"ARRAY[{names}]")
        await connection.execute(filling)
        for index in indexes:
            await connection.execute(index["definition"])
        await connection.execute("VACUUM (ANALYZE)")
    finally:
        await connection.close()


async def some_customers(url: str, number: int) -> list[str]:
    """Ids of customers, drawn from all of them by chance."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "SELECT customer_id FROM profiles ORDER BY random() LIMIT $1", number
        )
    finally:
        await connection.close()
    return [str(row["customer_id"]) for row in rows]
