"""The row of an order: what was bought, for how much, and when."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from shared.contracts.pipeline import (
    OrderConfirmed,
    OrderPaymentOverdue,
    OrderRepointed,
    OrderRevised,
    OrderStatusChanged,
)

from customer_360.folding import Arrived, Fold


@dataclass(frozen=True, slots=True)
class Order:
    """An order of a customer; `due_at` and `overdue_level` while its invoice is overdue."""

    order_id: UUID
    version: int
    customer_id: UUID
    status: str
    external_system: str | None
    external_ref: str | None
    line_count: int
    total: Decimal
    currency: str
    ordered_at: datetime | None
    changed_at: datetime | None
    due_at: datetime | None = None
    overdue_level: int = 0


def _unknown(
    first: Arrived[
        OrderConfirmed | OrderStatusChanged | OrderRevised | OrderRepointed | OrderPaymentOverdue
    ],
) -> Order:
    event = first.event
    return Order(
        order_id=event.order_id,
        version=first.envelope.version,
        customer_id=event.customer_id,
        status="confirmed",
        external_system=None,
        external_ref=None,
        line_count=0,
        total=event.total,
        currency=event.currency,
        ordered_at=None,
        changed_at=None,
    )


fold = Fold[Order]("order_id", _unknown)


@fold.on(OrderConfirmed)
def confirmed(order: Order, event: OrderConfirmed) -> Order:
    return Order(
        order_id=event.order_id,
        version=order.version,
        customer_id=event.customer_id,
        status="confirmed",
        external_system=event.external_system,
        external_ref=event.external_ref,
        line_count=len(event.lines),
        total=event.total,
        currency=event.currency,
        ordered_at=event.ordered_at,
        changed_at=event.ordered_at,
    )


@fold.on(OrderStatusChanged)
def status_changed(order: Order, event: OrderStatusChanged) -> Order:
    return replace(
        order,
        status=event.to_status,
        total=event.total,
        currency=event.currency,
        changed_at=event.changed_at,
        due_at=None,
        overdue_level=0,
    )


@fold.on(OrderRevised)
def revised(order: Order, event: OrderRevised) -> Order:
    return replace(order, line_count=len(event.lines), total=event.total, currency=event.currency)


@fold.on(OrderRepointed)
def repointed(order: Order, event: OrderRepointed) -> Order:
    return replace(order, customer_id=event.to_id)


@fold.on(OrderPaymentOverdue)
def payment_overdue(order: Order, event: OrderPaymentOverdue) -> Order:
    return replace(order, due_at=event.due_at, overdue_level=event.level)
