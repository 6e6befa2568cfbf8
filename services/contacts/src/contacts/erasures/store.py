"""Where contacts finds a person, and the statements that forget what is in no record of theirs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.contracts.contacts import Retained
from shared.db import Connection, rows_affected

from contacts.erasures.domain import Marks, rows_of_others

_MERGED_INTO = """
WITH RECURSIVE them (id) AS (
    SELECT unnest($1::uuid[])
    UNION
    SELECT {table}.{key} FROM {table} JOIN them ON {table}.merged_into = them.id
)
SELECT id FROM them ORDER BY id
"""
_CUSTOMERS_THAT_ARE = """
SELECT DISTINCT c.customer_id FROM customers AS c JOIN memberships AS m USING (customer_id)
WHERE m.contact_id = ANY($1::uuid[]) AND c.kind = 'individual' AND NOT EXISTS (
    SELECT FROM memberships AS o JOIN people AS p USING (contact_id)
    WHERE o.customer_id = c.customer_id AND NOT o.contact_id = ANY($1::uuid[])
        AND p.record_status <> 'erased')
ORDER BY 1
"""
_SUBMISSIONS = """
SELECT identifier FROM identity_links
WHERE contact_id = ANY($1::uuid[]) AND identifier_type = 'submission'
    AND pg_input_is_valid(identifier, 'uuid')
ORDER BY identifier
"""
_HOLDS = """
SELECT r.category, r.legal_basis, (held.last_at + r.kept)::date AS until
FROM retention_rules AS r JOIN (
    SELECT 'orders' AS category, max(confirmed_at) AS last_at FROM first_orders
    WHERE customer_id = ANY($1::uuid[])
    UNION ALL
    SELECT 'won-deals', max(won_at) FROM won_deals WHERE customer_id = ANY($1::uuid[])
) AS held USING (category)
WHERE held.last_at IS NOT NULL
ORDER BY r.category
"""
_CONSENTS = """
UPDATE consents SET source = 'erased', evidence_ref = NULL
WHERE contact_id = ANY($1::uuid[]) AND source <> 'erased'
"""
_FIND_BLOCKS = """
SELECT import_id, block, rows FROM import_blocks
WHERE EXISTS (
    SELECT FROM unnest($1::text[]) AS mark WHERE position(mark IN lower(rows)) > 0)
ORDER BY import_id, block FOR UPDATE
"""
_SAVE_BLOCK = "UPDATE import_blocks SET rows = $3 WHERE import_id = $1 AND block = $2"
_DELETE_KEYS = "DELETE FROM import_keys WHERE lower(key) = ANY($1::text[])"
_DELETE_BUNDLES = """
DELETE FROM access_bundles WHERE contact_ids && $1::uuid[] OR customer_ids && $2::uuid[]
"""
_DELETE_PARKED = """
DELETE FROM parked_keys WHERE (consumer, topic, key) IN (
    SELECT consumer, topic, key FROM parked_events
    WHERE EXISTS (
        SELECT FROM unnest($1::bytea[]) AS mark WHERE position(mark IN value) > 0))
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What people wrote of themselves, to find it again elsewhere."""

    addresses: list[str]
    names: list[tuple[str | None, str | None]]


async def find_all_contacts(connection: Connection, contact_ids: Sequence[UUID]) -> list[UUID]:
    """These people, with every record that was ever merged into one of theirs."""
    return await _with_merged(connection, "people", "contact_id", contact_ids)


async def find_all_customers(connection: Connection, customer_ids: Sequence[UUID]) -> list[UUID]:
    """These customers, with every record that was ever merged into one of theirs."""
    return await _with_merged(connection, "customers", "customer_id", customer_ids)


async def _with_merged(
    connection: Connection, table: str, key: str, ids: Sequence[UUID]
) -> list[UUID]:
    rows = await connection.fetch(_MERGED_INTO.format(table=table, key=key), list(ids))
    return [row["id"] for row in rows]


async def find_customers_that_are(
    connection: Connection, contact_ids: Sequence[UUID]
) -> list[UUID]:
    """The individual customers who are nobody but these people."""
    rows = await connection.fetch(_CUSTOMERS_THAT_ARE, list(contact_ids))
    return [row["customer_id"] for row in rows]


async def list_submissions(connection: Connection, contact_ids: Sequence[UUID]) -> list[UUID]:
    """The forms that are known to be theirs."""
    rows = await connection.fetch(_SUBMISSIONS, list(contact_ids))
    return [UUID(row["identifier"]) for row in rows]


async def list_holds(connection: Connection, customer_ids: Sequence[UUID]) -> list[Retained]:
    """What the law wants kept of these customers, as far as contacts knows of it."""
    rows = await connection.fetch(_HOLDS, list(customer_ids))
    return [Retained(**dict(row)) for row in rows]


async def forget_evidence(connection: Connection, contact_ids: Sequence[UUID]) -> int:
    """What a consent rested on; that there was one, and how it ended, stays."""
    return rows_affected(await connection.execute(_CONSENTS, list(contact_ids)))


async def forget_staged(connection: Connection, marks: Marks) -> int:
    """The rows of files that have not been imported yet; answers how many."""
    sought = sorted(marks.addresses | {name for names in marks.names for name in names})
    escaped = [json.dumps(text)[1:-1].lower() for text in sought]
    blocks = await connection.fetch(_FIND_BLOCKS, escaped)
    forgotten = 0
    for block in blocks:
        rows: list[Any] = json.loads(block["rows"])
        left = rows_of_others([(number, cells) for number, cells in rows], marks)
        if len(left) < len(rows):
            await connection.execute(
                _SAVE_BLOCK, block["import_id"], block["block"], json.dumps(left)
            )
            forgotten += len(rows) - len(left)
    await connection.execute(_DELETE_KEYS, sorted(marks.addresses))
    return forgotten


async def forget_bundles(
    connection: Connection, contact_ids: Sequence[UUID], customer_ids: Sequence[UUID]
) -> int:
    """What was told to these people when they asked what is held."""
    status = await connection.execute(_DELETE_BUNDLES, list(contact_ids), list(customer_ids))
    return rows_affected(status)


async def forget_parked(connection: Connection, told: Told) -> int:
    """Records that wait and hold an address of theirs, with what queues behind them."""
    marks = {form.encode() for each in told.addresses for form in (each, each.casefold())}
    status = await connection.execute(_DELETE_PARKED, [mark for mark in marks if mark])
    return rows_affected(status)
