"""Orders mirror the ERP: the highest revision wins, repeats and older revisions stay quiet."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

from shared.cause import Cause
from shared.contracts.external import ErpOrderChanged
from shared.contracts.pipeline import (
    OrderConfirmed,
    OrderLine,
    OrderPaymentOverdue,
    OrderRepointed,
    OrderRevised,
    OrderState,
    OrderStatus,
    OrderStatusChanged,
)
from shared.errors import NotFoundError
from shared.ids import derived_id

from pipeline.customers.domain import Ref

OrderEvent: TypeAlias = (
    OrderConfirmed | OrderStatusChanged | OrderRevised | OrderRepointed | OrderPaymentOverdue
)


class OrderNotFoundError(NotFoundError):
    """No such order is mirrored."""


@dataclass(frozen=True, slots=True)
class Order:
    """`overdue_level` is the last that was told while it waits to be paid; `look_at`, when next."""

    order_id: UUID
    version: int
    external_system: str
    external_ref: str
    customer_id: UUID
    revision: int
    status: OrderStatus
    lines: tuple[OrderLine, ...]
    total: Decimal
    currency: str
    ordered_at: datetime
    invoiced_at: datetime | None = None
    overdue_level: int = 0
    look_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """The ERP's word on one order, and what it continues."""

    order_id: UUID
    seen: ErpOrderChanged
    cause: Cause

    @property
    def ref(self) -> Ref:
        """How the ERP names the customer."""
        return self.seen.customer_system, self.seen.customer_ref


@dataclass(frozen=True, slots=True)
class MirrorOrder:
    """The ERP's word on one order, and the customer that its name stands for."""

    order_id: UUID
    customer_id: UUID
    seen: ErpOrderChanged


def order_id_of(seen: ErpOrderChanged) -> UUID:
    return derived_id("erp-order", seen.customer_system, seen.order_no)


def begun(command: MirrorOrder) -> Order:
    """An order as it is when it is seen for the first time: its version is 0."""
    seen = command.seen
    return Order(
        order_id=command.order_id,
        version=0,
        external_system=seen.customer_system,
        external_ref=seen.order_no,
        customer_id=command.customer_id,
        revision=seen.revision,
        status="confirmed",
        lines=seen.lines,
        total=seen.total,
        currency=seen.currency,
        ordered_at=seen.ordered_at,
    )


def decide(order: Order, command: MirrorOrder) -> list[OrderEvent]:
    is_new = order.version == 0
    if command.seen.revision <= order.revision and not is_new:
        return []
    content = _confirmed(order) if is_new else _revised(order, command)
    moved = _status_changed(order, command.seen)
    return [event for event in (content, moved) if event is not None]


def evolve(order: Order, event: OrderEvent) -> Order:
    version = order.version + 1
    match event:
        case OrderConfirmed():
            return replace(order, version=version)
        case OrderRevised():
            return replace(
                order,
                version=version,
                lines=event.lines,
                total=event.total,
                currency=event.currency,
            )
        case OrderStatusChanged():
            return _moved(replace(order, version=version), event)
        case OrderRepointed():
            return replace(order, version=version, customer_id=event.to_id)
        case OrderPaymentOverdue():
            return replace(order, version=version, overdue_level=event.level)


def _moved(order: Order, event: OrderStatusChanged) -> Order:
    """What is invoiced is looked at from then on, as long as it is not paid."""
    is_invoiced = event.to_status == "invoiced"
    return replace(
        order,
        status=event.to_status,
        invoiced_at=event.changed_at if is_invoiced else order.invoiced_at,
        overdue_level=0,
        look_at=event.changed_at if is_invoiced else None,
    )


def repointed(order: Order, from_id: UUID, to_id: UUID) -> list[OrderRepointed]:
    """The order is another customer's, if it is still the one's."""
    if order.customer_id != from_id:
        return []
    return [
        OrderRepointed(
            order_id=order.order_id,
            customer_id=to_id,
            from_id=from_id,
            to_id=to_id,
            total=order.total,
            currency=order.currency,
        )
    ]


def mirrored(order: Order, command: MirrorOrder, events: Iterable[OrderEvent]) -> Order:
    """The order after its events; a newer revision counts also where it changed nothing."""
    for event in events:
        order = evolve(order, event)
    if command.seen.revision > order.revision:
        order = replace(order, revision=command.seen.revision)
    return order


def happened_at(event: OrderEvent, seen: ErpOrderChanged) -> datetime:
    """The ERP's own time of a fact."""
    return event.ordered_at if isinstance(event, OrderConfirmed) else seen.changed_at


def _confirmed(order: Order) -> OrderConfirmed:
    return OrderConfirmed(
        order_id=order.order_id,
        external_system=order.external_system,
        external_ref=order.external_ref,
        customer_id=order.customer_id,
        lines=order.lines,
        total=order.total,
        currency=order.currency,
        ordered_at=order.ordered_at,
    )


def _revised(order: Order, command: MirrorOrder) -> OrderRevised | None:
    seen = command.seen
    if (order.lines, order.total, order.currency) == (seen.lines, seen.total, seen.currency):
        return None
    return OrderRevised(
        order_id=order.order_id,
        customer_id=order.customer_id,
        lines=seen.lines,
        from_total=order.total,
        total=seen.total,
        currency=seen.currency,
    )


def _status_changed(order: Order, seen: ErpOrderChanged) -> OrderStatusChanged | None:
    if order.status == seen.status:
        return None
    return OrderStatusChanged(
        order_id=order.order_id,
        customer_id=order.customer_id,
        from_status=order.status,
        to_status=seen.status,
        total=seen.total,
        currency=seen.currency,
        changed_at=seen.changed_at,
    )


def snapshot(order: Order) -> OrderState:
    """The whole order, for those who keep a copy."""
    return OrderState(
        order_id=order.order_id,
        external_system=order.external_system,
        external_ref=order.external_ref,
        customer_id=order.customer_id,
        status=order.status,
        lines=order.lines,
        total=order.total,
        currency=order.currency,
        ordered_at=order.ordered_at,
        invoiced_at=order.invoiced_at,
        overdue_level=order.overdue_level,
    )
