"""Which records are one customer or one person by now, as their newest snapshots say it.

A statement that reads of one customer ($1) begins with these: it reads by every id that leads to
the one that is asked for. So what was written under an old id needs no re-pointing here.
"""

from collections.abc import Collection
from uuid import UUID

from shared.db import Connection

RECORDS = """records (customer_id) AS (
    SELECT $1::uuid
    UNION
    SELECT c.customer_id FROM records AS r JOIN customers AS c ON c.merged_into = r.customer_id
    WHERE c.record_status = 'merged'
)"""
"""The customer's ids: its own, and those of the records that were merged into it."""

PEOPLE = """people (contact_id) AS (
    SELECT contact_id FROM contacts
    WHERE customer_ids ?| ARRAY(SELECT customer_id::text FROM records)
    UNION
    SELECT c.contact_id FROM people AS p JOIN contacts AS c ON c.merged_into = p.contact_id
)"""
"""The ids of its people, likewise; it comes after the records."""

RECORDS_OF_EACH = """records (owner_id, customer_id) AS (
    SELECT id, id FROM unnest($1::uuid[]) AS id
    UNION
    SELECT r.owner_id, c.customer_id
    FROM records AS r JOIN customers AS c ON c.merged_into = r.customer_id
    WHERE c.record_status = 'merged'
)"""
"""The same of many customers."""

_OWNERS = f"WITH RECURSIVE {RECORDS_OF_EACH} SELECT owner_id, customer_id FROM records"

SURVIVORS = """survivors (customer_id) AS (
    SELECT customer_id FROM touched
    UNION
    SELECT c.merged_into FROM survivors AS s JOIN customers AS c USING (customer_id)
    WHERE c.record_status = 'merged' AND c.merged_into IS NOT NULL
)"""
"""Those who were touched, and whatever they were merged into."""

_SURVIVORS = f"""
WITH RECURSIVE touched AS (SELECT unnest($1::uuid[]) AS customer_id), {SURVIVORS}
SELECT customer_id FROM survivors
"""


async def list_owners(
    connection: Connection, customer_ids: Collection[UUID]
) -> dict[UUID, list[UUID]]:
    """Of every id that leads to one of these customers: to which of them."""
    owners: dict[UUID, list[UUID]] = {}
    for row in await connection.fetch(_OWNERS, list(customer_ids)):
        owners.setdefault(row["customer_id"], []).append(row["owner_id"])
    return owners


async def with_survivors(connection: Connection, customer_ids: Collection[UUID]) -> set[UUID]:
    """These customers, and whatever they were merged into."""
    if not customer_ids:
        return set()
    rows = await connection.fetch(_SURVIVORS, list(customer_ids))
    return {row["customer_id"] for row in rows}
