"""The table of orders, its sums per customer and currency, and the newest business day seen."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from shared.db import Connection

from customer_360.guarded import GuardedTable
from customer_360.orders.fold import Order

ORDERS = GuardedTable("orders", Order)

_SUMS = """
SELECT customer_id, currency, order_count, revenue, first_order_at, last_order_at
FROM order_sums
WHERE customer_id = ANY($1::uuid[])
"""

_ADVANCE_HORIZON = """
INSERT INTO order_horizon (newest_ordered_at) VALUES ($1)
ON CONFLICT (is_only) DO UPDATE SET newest_ordered_at = excluded.newest_ordered_at
WHERE order_horizon.newest_ordered_at < excluded.newest_ordered_at
"""

_IS_OVERDUE = "customer_id = ANY($1::uuid[]) AND overdue_level > 0"

_HORIZON = "SELECT newest_ordered_at FROM order_horizon"


@dataclass(frozen=True, slots=True)
class OrderSum:
    """The orders of one customer in one currency, without the cancelled ones."""

    customer_id: UUID
    currency: str
    order_count: int
    revenue: Decimal
    first_order_at: datetime | None
    last_order_at: datetime | None


async def list_sums(connection: Connection, customer_ids: Collection[UUID]) -> list[OrderSum]:
    """What these customers bought."""
    return [OrderSum(*record) for record in await connection.fetch(_SUMS, list(customer_ids))]


async def list_overdue(connection: Connection, customer_ids: Collection[UUID]) -> list[Order]:
    """The orders of these customers that were not paid within their terms."""
    records = await connection.fetch(ORDERS.select(_IS_OVERDUE), list(customer_ids))
    return ORDERS.rows_of(records)


async def advance_horizon(connection: Connection, orders: Sequence[Order]) -> None:
    """Remember the newest business day of all orders."""
    newest = max((order.ordered_at for order in orders if order.ordered_at), default=None)
    if newest is not None:
        await connection.execute(_ADVANCE_HORIZON, newest)


async def find_horizon(connection: Connection) -> datetime | None:
    """The newest business day that any order has shown."""
    horizon: datetime | None = await connection.fetchval(_HORIZON)
    return horizon
