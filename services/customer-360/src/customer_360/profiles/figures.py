"""The figures of a customer: derived from its rows, without personal data; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from shared.contracts.customer_360 import ProfileState

from customer_360.alerts.derive import Alert, alerts_of, commitment_alerts, payment_alerts
from customer_360.commitments.fold import Commitment
from customer_360.customers.fold import Customer
from customer_360.deals.fold import Deal
from customer_360.orders.fold import Order
from customer_360.orders.store import OrderSum
from customer_360.tickets.fold import Clock, Ticket
from customer_360.touches.store import MessageCount
from customer_360.value.rfm import Rfm, RfmModel, score


@dataclass(frozen=True, slots=True)
class Basis:
    """The rows of one customer that its figures follow from."""

    customer_id: UUID
    customer: Customer | None
    order_sums: Sequence[OrderSum]
    overdue_orders: Sequence[Order]
    deals: Sequence[Deal]
    commitments: Sequence[Commitment]
    tickets: Sequence[Ticket]
    clocks: Sequence[Clock]
    messages: MessageCount | None


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What scores are measured with: the model in force, and the day that counts as today."""

    model: RfmModel
    today: datetime


def figures_of(basis: Basis, yardstick: Yardstick) -> ProfileState:
    """The public state of a profile."""
    customer = basis.customer
    fields = customer and {
        "kind": customer.kind,
        "lifecycle": customer.lifecycle,
        "owner_id": customer.owner_id,
    }
    rfm = rfm_of(basis, yardstick)
    return ProfileState.model_validate(
        {
            "customer_id": basis.customer_id,
            **(fields or {}),
            **asdict(bought_of(basis.order_sums)),
            **_open(basis),
            "rfm_cell": rfm.cell if rfm else None,
            "messages_sent": basis.messages.sent if basis.messages else 0,
            "messages_clicked": basis.messages.clicked if basis.messages else 0,
            "alerts": tuple(alert.code for alert in open_alerts(basis)),
        }
    )


def open_alerts(basis: Basis) -> list[Alert]:
    """The alerts that follow from what is open, as they are published too."""
    return [
        *alerts_of(basis.deals, basis.tickets, basis.clocks),
        *commitment_alerts(basis.commitments),
        *payment_alerts(basis.overdue_orders),
    ]


def rfm_of(basis: Basis, yardstick: Yardstick) -> Rfm | None:
    """The scores of what the customer bought."""
    bought = bought_of(basis.order_sums)
    return score(
        yardstick.model,
        order_count=bought.order_count,
        revenue=bought.revenue,
        last_order_at=bought.last_order_at,
        today=yardstick.today,
    )


@dataclass(frozen=True, slots=True)
class Bought:
    """What a customer bought, over all currencies."""

    order_count: int
    revenue: dict[str, Decimal]
    first_order_at: datetime | None
    last_order_at: datetime | None


def bought_of(sums: Sequence[OrderSum]) -> Bought:
    """The sums per currency as one."""
    return Bought(
        order_count=sum(one.order_count for one in sums),
        revenue=_summed((one.revenue, one.currency) for one in sums),
        first_order_at=min((o.first_order_at for o in sums if o.first_order_at), default=None),
        last_order_at=max((o.last_order_at for o in sums if o.last_order_at), default=None),
    )


def _open(basis: Basis) -> dict[str, object]:
    selling = [deal for deal in basis.deals if deal.status == "open"]
    waiting = [ticket for ticket in basis.tickets if ticket.is_open]
    return {
        "open_deals": len(selling),
        "open_deal_amount": amounts_of(selling),
        "won_deals": sum(deal.status == "won" for deal in basis.deals),
        "open_tickets": len(waiting),
        "open_critical_tickets": sum(ticket.is_critical for ticket in waiting),
        "breached_clocks": sum(clock.is_breached for clock in basis.clocks),
    }


def amounts_of(deals: Iterable[Deal]) -> dict[str, Decimal]:
    """What these deals are worth, per currency."""
    return _summed((deal.amount, deal.currency) for deal in deals)


def _summed(those: Iterable[tuple[Decimal | None, str | None]]) -> dict[str, Decimal]:
    amounts: dict[str, Decimal] = {}
    for amount, currency in those:
        if amount is not None and currency is not None:
            amounts[currency] = amounts.get(currency, Decimal(0)) + amount
    return amounts
