"""Customers and their outside names.

An order's transaction and a customer's meet on the row of the name: whoever writes it second waits
for the first to commit and then sees what it did. Names are written sorted, so nobody deadlocks.

Snapshots of different customers come in any order. So a customer's newest snapshot says which names
it claims, and of those who claim a name the one that was told of it last bears it.
"""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

import asyncpg
from shared.aliases import current_ids
from shared.db import Connection

from pipeline.customers.domain import Customer, Ref

_SAVE = """
INSERT INTO customers (customer_id, version, lifecycle, owner_id, terms_days)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::int[])
ON CONFLICT (customer_id) DO UPDATE SET
    version = excluded.version, lifecycle = excluded.lifecycle, owner_id = excluded.owner_id,
    terms_days = excluded.terms_days
WHERE customers.version < excluded.version
RETURNING customer_id
"""
_LIST_CLAIMED = "SELECT system, ref FROM customer_ref_claims WHERE customer_id = ANY($1::uuid[])"
_DROP_CLAIMS = "DELETE FROM customer_ref_claims WHERE customer_id = ANY($1::uuid[])"
_SAVE_CLAIMS = """
INSERT INTO customer_ref_claims (system, ref, customer_id, claimed_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::timestamptz[])
ON CONFLICT DO NOTHING
"""
_SETTLE = """
UPDATE customer_refs AS r SET customer_id = (
    SELECT c.customer_id FROM customer_ref_claims AS c
    WHERE c.system = r.system AND c.ref = r.ref
    ORDER BY c.claimed_at DESC, c.customer_id LIMIT 1)
FROM unnest($1::text[], $2::text[]) AS asked (system, ref)
WHERE r.system = asked.system AND r.ref = asked.ref
RETURNING r.system, r.ref, r.customer_id
"""
_FIND_REFS = """
SELECT r.system, r.ref, r.customer_id
FROM unnest($1::text[], $2::text[]) AS asked (system, ref)
JOIN customer_refs AS r ON r.system = asked.system AND r.ref = asked.ref
"""
_LOCK_REFS = """
INSERT INTO customer_refs (system, ref)
SELECT * FROM unnest($1::text[], $2::text[])
ON CONFLICT (system, ref) DO UPDATE SET customer_id = customer_refs.customer_id
RETURNING system, ref, customer_id
"""
_LOCK_CUSTOMERS = """
SELECT pg_advisory_xact_lock(hashtextextended('customer:' || id, 0)) FROM unnest($1::text[]) AS id
"""


async def save_customers(connection: Connection, customers: Sequence[Customer]) -> dict[Ref, UUID]:
    """Keep what is newer than what is known; answers who bears the names that it is about."""
    rows = await connection.fetch(
        _SAVE,
        [customer.customer_id for customer in customers],
        [customer.version for customer in customers],
        [customer.lifecycle for customer in customers],
        [customer.owner_id for customer in customers],
        [customer.terms_days for customer in customers],
    )
    saved = {row["customer_id"] for row in rows}
    return await _save_claims(connection, [each for each in customers if each.customer_id in saved])


async def _save_claims(connection: Connection, customers: Sequence[Customer]) -> dict[Ref, UUID]:
    """Put what these customers claim now in place of what they claimed, and settle who bears it."""
    ids = [customer.customer_id for customer in customers]
    claimed = {(row["system"], row["ref"]) for row in await connection.fetch(_LIST_CLAIMED, ids)}
    claims = [(ref, customer) for customer in customers for ref in customer.refs]
    touched = claimed | {ref for ref, _ in claims}
    if not touched:
        return {}
    await lock_refs(connection, touched)
    await connection.execute(_DROP_CLAIMS, ids)
    await connection.execute(
        _SAVE_CLAIMS,
        [system for (system, _), _ in claims],
        [name for (_, name), _ in claims],
        [customer.customer_id for _, customer in claims],
        [customer.told_at for _, customer in claims],
    )
    return _borne(await connection.fetch(_SETTLE, *_columns(touched)))


async def find_refs(connection: Connection, refs: Iterable[Ref]) -> dict[Ref, UUID]:
    """The customers who bear these names, as far as that is committed."""
    return _borne(await connection.fetch(_FIND_REFS, *_columns(refs)))


async def lock_refs(connection: Connection, refs: Iterable[Ref]) -> dict[Ref, UUID]:
    """Hold these names until the transaction ends; answers those that got a customer meanwhile."""
    return _borne(await connection.fetch(_LOCK_REFS, *_columns(refs)))


async def lock_customers(connection: Connection, customer_ids: Iterable[UUID]) -> None:
    """The same turns, of several customers: in the order of their ids."""
    await connection.execute(_LOCK_CUSTOMERS, [str(each) for each in sorted(customer_ids)])


async def lock_current(connection: Connection, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The same turns, of whom these ids mean, looked up anew once they are held.

    A merge that ended while this waited is seen; one that is noted later re-points only after this.
    """
    held: set[UUID] = set()
    while True:
        current = await current_ids(connection, ids)
        if not (more := set(current.values()) - held):
            return current
        await lock_customers(connection, more)
        held |= more


async def lock_customer(connection: Connection, customer_id: UUID) -> None:
    """Take turns with whoever opens a deal of this customer or hears of its tickets."""
    await lock_customers(connection, [customer_id])


def _borne(rows: Iterable[asyncpg.Record]) -> dict[Ref, UUID]:
    return {
        (row["system"], row["ref"]): row["customer_id"]
        for row in rows
        if row["customer_id"] is not None
    }


def _columns(refs: Iterable[Ref]) -> tuple[list[str], list[str]]:
    ordered = sorted(set(refs))
    return [system for system, _ in ordered], [name for _, name in ordered]
