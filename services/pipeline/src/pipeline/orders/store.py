"""Orders and the orders that wait for their customer, in sets: one statement per batch."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter
from shared.aliases import ids_of
from shared.cause import Cause
from shared.contracts.external import ErpOrderChanged
from shared.contracts.pipeline import OrderLine, OrderPaymentOverdue, OrderRepointed
from shared.db import Connection, Pool, rows_affected
from shared.errors import StaleVersionError
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from pipeline.customers.domain import Ref
from pipeline.orders.domain import Order, OrderNotFoundError, Sighting, evolve, snapshot

_COLUMNS = """order_id, version, external_system, external_ref, customer_id, revision, status,
    lines, total, currency, ordered_at, invoiced_at, overdue_level, look_at"""
_LOCK = f"""
SELECT {_COLUMNS} FROM orders WHERE order_id = ANY($1::uuid[]) ORDER BY order_id FOR UPDATE
"""
_SAVE = f"""
INSERT INTO orders ({_COLUMNS})
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::uuid[], $6::bigint[],
    $7::text[], $8::jsonb[], $9::numeric[], $10::text[], $11::timestamptz[], $12::timestamptz[],
    $13::int[], $14::timestamptz[])
ON CONFLICT (order_id) DO UPDATE SET
    version = excluded.version, revision = excluded.revision, status = excluded.status,
    lines = excluded.lines, total = excluded.total, currency = excluded.currency,
    invoiced_at = excluded.invoiced_at, overdue_level = excluded.overdue_level,
    look_at = excluded.look_at
WHERE orders.revision < excluded.revision
"""
_SAVE_REPOINTED = """
UPDATE orders SET version = new.version, customer_id = new.customer_id
FROM unnest($1::uuid[], $2::bigint[], $3::uuid[]) AS new (order_id, version, customer_id)
WHERE orders.order_id = new.order_id AND orders.version = new.version - 1
"""
_LOCK_TO_LOOK_AT = f"""
SELECT {_COLUMNS} FROM orders WHERE look_at <= $1 ORDER BY look_at LIMIT $2
FOR UPDATE SKIP LOCKED
"""
_SAVE_LOOKED = """
UPDATE orders SET version = new.version, overdue_level = new.overdue_level, look_at = new.look_at
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::int[], $5::timestamptz[])
    AS new (order_id, old_version, version, overdue_level, look_at)
WHERE orders.order_id = new.order_id AND orders.version = new.old_version
"""
_LOAD = f"SELECT {_COLUMNS} FROM orders WHERE order_id = $1"
_LIST = f"""
SELECT {_COLUMNS} FROM orders
WHERE customer_id = ANY($1::uuid[])
    AND ($2::timestamptz IS NULL OR (ordered_at, order_id) < ($2, $3::uuid))
ORDER BY ordered_at DESC, order_id DESC LIMIT $4
"""
_INSERT_WAITING = """
INSERT INTO waiting_orders
    (order_id, customer_system, customer_ref, revision, body, event_id, correlation_id)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::jsonb[], $6::uuid[],
    $7::text[])
ON CONFLICT (order_id) DO UPDATE SET
    customer_system = excluded.customer_system, customer_ref = excluded.customer_ref,
    revision = excluded.revision, body = excluded.body, event_id = excluded.event_id,
    correlation_id = excluded.correlation_id
WHERE waiting_orders.revision < excluded.revision
"""
_DROP_WAITING = """
DELETE FROM waiting_orders AS w USING unnest($1::uuid[], $2::bigint[]) AS s (order_id, revision)
WHERE w.order_id = s.order_id AND w.revision <= s.revision
"""
_TAKE_WAITING = """
DELETE FROM waiting_orders AS w USING unnest($1::text[], $2::text[]) AS k (system, ref)
WHERE w.customer_system = k.system AND w.customer_ref = k.ref
RETURNING w.order_id, w.customer_system, w.customer_ref, w.body, w.event_id, w.correlation_id,
    w.waiting_since
"""
_LIST_WAITING = """
SELECT order_id, customer_system, customer_ref, body, event_id, correlation_id, waiting_since
FROM waiting_orders WHERE $1::uuid IS NULL OR order_id > $1 ORDER BY order_id LIMIT $2
"""

_LINES: TypeAdapter[tuple[OrderLine, ...]] = TypeAdapter(tuple[OrderLine, ...])


@dataclass(frozen=True, slots=True)
class WaitingOrder:
    """An order as the ERP told it, and the event that told it."""

    order_id: UUID
    seen: ErpOrderChanged
    event_id: UUID
    correlation_id: str
    waiting_since: datetime


@dataclass(frozen=True, slots=True)
class Looked:
    """A locked order that was looked at: the fact that it is overdue, if so, and when again."""

    order: Order
    fact: OrderPaymentOverdue | None
    look_at: datetime | None


async def lock_orders(connection: Connection, order_ids: Iterable[UUID]) -> dict[UUID, Order]:
    rows = await connection.fetch(_LOCK, list(set(order_ids)))
    return {row["order_id"]: _order(row) for row in rows}


async def lock_snapshots(connection: Connection, order_ids: Iterable[UUID]) -> list[Fact]:
    """The orders among these ids as they are now, locked, with their versions."""
    locked = await lock_orders(connection, order_ids)
    return [Fact(snapshot(order), order.version) for order in locked.values()]


async def save_orders(connection: Connection, orders: Sequence[Order]) -> None:
    await connection.execute(
        _SAVE,
        [order.order_id for order in orders],
        [order.version for order in orders],
        [order.external_system for order in orders],
        [order.external_ref for order in orders],
        [order.customer_id for order in orders],
        [order.revision for order in orders],
        [order.status for order in orders],
        [_LINES.dump_json(order.lines).decode() for order in orders],
        [order.total for order in orders],
        [order.currency for order in orders],
        [order.ordered_at for order in orders],
        [order.invoiced_at for order in orders],
        [order.overdue_level for order in orders],
        [order.look_at for order in orders],
    )


async def record_repointed(
    connection: Connection, cause: Cause, changes: Sequence[tuple[Order, OrderRepointed]]
) -> None:
    """Save and publish whose locked orders are now: two statements, however many."""
    if not changes:
        return
    after = [(evolve(order, event), event) for order, event in changes]
    status = await connection.execute(
        _SAVE_REPOINTED,
        [order.order_id for order, _ in after],
        [order.version for order, _ in after],
        [order.customer_id for order, _ in after],
    )
    if rows_affected(status) != len(after):
        raise StaleVersionError
    told = [Fact(said, order.version) for order, fact in after for said in (fact, snapshot(order))]
    await outbox.append(connection, cause, told)


async def lock_to_look_at(connection: Connection, at: datetime, limit: int) -> list[Order]:
    """Those that it is time to look at, longest first; those in other hands are passed by."""
    return [_order(row) for row in await connection.fetch(_LOCK_TO_LOOK_AT, at, limit)]


async def record_looked(connection: Connection, cause: Cause, looked: Sequence[Looked]) -> None:
    """Save when locked orders are looked at again, and publish what is overdue."""
    after = [evolve(one.order, one.fact) if one.fact else one.order for one in looked]
    status = await connection.execute(
        _SAVE_LOOKED,
        [one.order.order_id for one in looked],
        [one.order.version for one in looked],
        [order.version for order in after],
        [order.overdue_level for order in after],
        [one.look_at for one in looked],
    )
    if rows_affected(status) != len(looked):
        raise StaleVersionError
    told = [
        Fact(said, order.version)
        for one, order in zip(looked, after, strict=True)
        if one.fact
        for said in (one.fact, snapshot(order))
    ]
    await outbox.append(connection, cause, told)


async def load_order(pool: Pool, order_id: UUID) -> Order:
    row = await pool.fetchrow(_LOAD, order_id)
    if row is None:
        raise OrderNotFoundError(order_id=order_id)
    return _order(row)


async def list_orders(
    pool: Pool, customer_id: UUID, after: Sequence[Any] | None, limit: int
) -> list[Order]:
    """The customer's orders, newest first."""
    ordered_at, order_id = after or (None, None)
    async with pool.acquire() as connection:
        ids = await ids_of(connection, customer_id)
        rows = await connection.fetch(_LIST, ids, ordered_at, order_id, limit)
    return [_order(row) for row in rows]


async def insert_waiting(connection: Connection, waiting: Sequence[Sighting]) -> None:
    """Let orders wait, one per order; a newer revision takes the place of an older one."""
    await connection.execute(
        _INSERT_WAITING,
        [order.order_id for order in waiting],
        [order.seen.customer_system for order in waiting],
        [order.seen.customer_ref for order in waiting],
        [order.seen.revision for order in waiting],
        [order.seen.model_dump_json() for order in waiting],
        [order.cause.causation_id for order in waiting],
        [order.cause.correlation_id for order in waiting],
    )


async def drop_waiting(connection: Connection, revisions: Mapping[UUID, int]) -> None:
    """Forget what waits of these orders up to a revision."""
    await connection.execute(_DROP_WAITING, list(revisions), list(revisions.values()))


async def take_waiting(connection: Connection, refs: Iterable[Ref]) -> list[WaitingOrder]:
    """Take out the orders that wait for these names."""
    named = list(refs)
    rows = await connection.fetch(
        _TAKE_WAITING, [system for system, _ in named], [name for _, name in named]
    )
    return [_waiting(row) for row in rows]


async def list_waiting(pool: Pool, after: UUID | None, limit: int) -> list[WaitingOrder]:
    rows = await pool.fetch(_LIST_WAITING, after, limit)
    return [_waiting(row) for row in rows]


def _order(row: asyncpg.Record) -> Order:
    columns: dict[str, Any] = dict(row)
    columns["lines"] = _LINES.validate_json(columns["lines"])
    return Order(**columns)


def _waiting(row: asyncpg.Record) -> WaitingOrder:
    return WaitingOrder(
        order_id=row["order_id"],
        seen=ErpOrderChanged.model_validate_json(row["body"]),
        event_id=row["event_id"],
        correlation_id=row["correlation_id"],
        waiting_since=row["waiting_since"],
    )
