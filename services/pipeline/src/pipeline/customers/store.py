"""Customers and their outside names.

An order's transaction and a customer's meet on the row of the name: whoever writes it second waits
for the first to commit and then sees what it did. Names are written sorted, so nobody deadlocks.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from shared.db import Connection

from pipeline.customers.domain import Customer, Ref

_SAVE = """
INSERT INTO customers (customer_id, version, lifecycle, owner_id)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[])
ON CONFLICT (customer_id) DO UPDATE SET
    version = excluded.version, lifecycle = excluded.lifecycle, owner_id = excluded.owner_id
WHERE customers.version < excluded.version
RETURNING customer_id
"""
_DROP_REFS = """
UPDATE customer_refs AS r SET customer_id = NULL
WHERE r.customer_id = ANY($1::uuid[]) AND NOT EXISTS (
    SELECT FROM unnest($2::text[], $3::text[], $4::uuid[]) AS k (system, ref, customer_id)
    WHERE k.system = r.system AND k.ref = r.ref AND k.customer_id = r.customer_id)
"""
_SAVE_REFS = """
INSERT INTO customer_refs (system, ref, customer_id)
SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[])
ON CONFLICT (system, ref) DO UPDATE SET customer_id = excluded.customer_id
"""
_FIND_REFS = """
SELECT r.system, r.ref, r.customer_id
FROM unnest($1::text[], $2::text[]) AS asked (system, ref)
JOIN customer_refs AS r ON r.system = asked.system AND r.ref = asked.ref
WHERE r.customer_id IS NOT NULL
"""
_LOCK_REFS = """
INSERT INTO customer_refs (system, ref)
SELECT * FROM unnest($1::text[], $2::text[])
ON CONFLICT (system, ref) DO UPDATE SET customer_id = customer_refs.customer_id
RETURNING system, ref, customer_id
"""
_LOCK_CUSTOMER = "SELECT pg_advisory_xact_lock(hashtextextended('customer:' || $1, 0))"


async def save_customers(connection: Connection, customers: Sequence[Customer]) -> dict[Ref, UUID]:
    """Keep what is newer than what is known; answers the names that it brought."""
    rows = await connection.fetch(
        _SAVE,
        [customer.customer_id for customer in customers],
        [customer.version for customer in customers],
        [customer.lifecycle for customer in customers],
        [customer.owner_id for customer in customers],
    )
    saved = {row["customer_id"] for row in rows}
    refs = {
        ref: customer.customer_id
        for customer in customers
        if customer.customer_id in saved
        for ref in customer.refs
    }
    await _save_refs(connection, saved, refs)
    return refs


async def _save_refs(connection: Connection, saved: set[UUID], refs: dict[Ref, UUID]) -> None:
    systems, names = _columns(refs)
    owners = [refs[ref] for ref in sorted(refs)]
    await connection.execute(_SAVE_REFS, systems, names, owners)
    await connection.execute(_DROP_REFS, list(saved), systems, names, owners)


async def find_refs(connection: Connection, refs: Iterable[Ref]) -> dict[Ref, UUID]:
    """The customers who bear these names, as far as that is committed."""
    rows = await connection.fetch(_FIND_REFS, *_columns(refs))
    return {(row["system"], row["ref"]): row["customer_id"] for row in rows}


async def lock_refs(connection: Connection, refs: Iterable[Ref]) -> dict[Ref, UUID]:
    """Hold these names until the transaction ends; answers those that got a customer meanwhile."""
    rows = await connection.fetch(_LOCK_REFS, *_columns(refs))
    return {
        (row["system"], row["ref"]): row["customer_id"]
        for row in rows
        if row["customer_id"] is not None
    }


async def lock_customers(connection: Connection, customer_ids: Iterable[UUID]) -> None:
    """The same turns, of several customers: in the order of their ids."""
    for customer_id in sorted(customer_ids):
        await lock_customer(connection, customer_id)


async def lock_customer(connection: Connection, customer_id: UUID) -> None:
    """Take turns with whoever opens a deal of this customer or hears of its tickets."""
    await connection.execute(_LOCK_CUSTOMER, str(customer_id))


def _columns(refs: Iterable[Ref]) -> tuple[list[str], list[str]]:
    ordered = sorted(set(refs))
    return [system for system, _ in ordered], [name for _, name in ordered]
