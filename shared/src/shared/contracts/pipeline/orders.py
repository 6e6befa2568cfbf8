"""Orders: the mirror of the ERP's."""

from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from shared.contracts.topic import Event, events_topic, state_topic
from shared.contracts.values import Value

OrderStatus = Literal[
    "confirmed", "partially-delivered", "delivered", "invoiced", "paid", "cancelled"
]

ORDER_EVENTS = events_topic(
    "pipeline", "order", key="order_id", holds="the mirror of the ERP's orders"
)
ORDER_STATE = state_topic(
    "pipeline",
    "order",
    key="order_id",
    holds="the current order: lines, total, status",
    personal_data="pseudonymous",
)


class OrderLine(Value):
    """What was ordered; `quantity` in the product's own unit."""

    line_id: str
    product_id: str
    quantity: Decimal
    amount: Decimal


@ORDER_EVENTS.fact("confirmed")
class OrderConfirmed(Event):
    """The ERP took an order of a customer that we know."""

    order_id: UUID
    external_system: str
    external_ref: str
    customer_id: UUID
    lines: tuple[OrderLine, ...]
    total: Decimal
    currency: str
    ordered_at: datetime


@ORDER_EVENTS.fact("status-changed")
class OrderStatusChanged(Event):
    """The ERP moved the order on (delivered, invoiced, paid, cancelled)."""

    order_id: UUID
    customer_id: UUID
    from_status: OrderStatus
    to_status: OrderStatus
    total: Decimal
    currency: str
    changed_at: datetime


@ORDER_EVENTS.fact("revised")
class OrderRevised(Event):
    """The ERP changed the order's lines."""

    order_id: UUID
    customer_id: UUID
    lines: tuple[OrderLine, ...]
    from_total: Decimal
    total: Decimal
    currency: str


@ORDER_EVENTS.fact("payment-overdue")
class OrderPaymentOverdue(Event):
    """The order's invoice was not paid within its terms; told once per level of the policy.

    It was due `terms_days` after `invoiced_at`. `level` counts from 1. Where several levels are
    over when it is looked at, as of an order that was imported long after, only the highest is
    told. An order that is invoiced anew begins anew.
    """

    order_id: UUID
    customer_id: UUID
    external_ref: str
    total: Decimal
    currency: str
    invoiced_at: datetime
    terms_days: int
    due_at: datetime
    days_overdue: int
    level: int
    policy_version: int


@ORDER_EVENTS.fact("repointed")
class OrderRepointed(Event):
    """The order is another customer's than before, because two were merged or parted again."""

    order_id: UUID
    customer_id: UUID
    from_id: UUID
    to_id: UUID
    total: Decimal
    currency: str


@ORDER_STATE.fact("state")
class OrderState(Event):
    """The whole order as the ERP told it last.

    The ERP's own revision is not in it: it rises also where nothing changed, without a fact.
    `invoiced_at` is when it was invoiced last; `overdue_level` is the last that was told while it
    has been waiting to be paid.
    """

    order_id: UUID
    external_system: str
    external_ref: str
    customer_id: UUID
    status: OrderStatus
    lines: tuple[OrderLine, ...]
    total: Decimal
    currency: str
    ordered_at: datetime
    invoiced_at: datetime | None = None
    overdue_level: int = 0
