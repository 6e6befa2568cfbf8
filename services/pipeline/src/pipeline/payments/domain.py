"""An invoice that is not paid within its terms is told once per level of the policy; pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.contracts.pipeline import OrderPaymentOverdue

from pipeline.orders.domain import Order

LOOKED_AT_AGAIN = timedelta(days=1)
"""What waits for its time is looked at every day: terms and policy may have changed meanwhile."""


@dataclass(frozen=True, slots=True)
class PaymentPolicy:
    """`levels` are days past due, ascending; the first is level 1."""

    policy_version: int
    terms_days: int
    levels: tuple[int, ...]

    def level_after(self, days_overdue: int) -> int:
        """The highest level that is reached after so many whole days; 0 where none is."""
        return sum(days <= days_overdue for days in self.levels)


def due_at(order: Order, terms_days: int) -> datetime | None:
    """When the order's invoice is to be paid; None where it waits for no payment."""
    if order.status != "invoiced" or order.invoiced_at is None:
        return None
    return order.invoiced_at + timedelta(days=terms_days)


def overdue(
    order: Order, terms_days: int, policy: PaymentPolicy, at: datetime
) -> OrderPaymentOverdue | None:
    """The fact of the highest level that is reached, unless it or a higher one was told."""
    due = due_at(order, terms_days)
    if due is None or order.invoiced_at is None or at < due:
        return None
    days = (at - due).days
    level = policy.level_after(days)
    if level <= order.overdue_level:
        return None
    return OrderPaymentOverdue(
        order_id=order.order_id,
        customer_id=order.customer_id,
        external_ref=order.external_ref,
        total=order.total,
        currency=order.currency,
        invoiced_at=order.invoiced_at,
        terms_days=terms_days,
        due_at=due,
        days_overdue=days,
        level=level,
        policy_version=policy.policy_version,
    )


def next_look(
    order: Order, terms_days: int, policy: PaymentPolicy, at: datetime
) -> datetime | None:
    """When the order is looked at next; None where nothing can be told of it any more."""
    due = due_at(order, terms_days)
    if due is None or order.overdue_level >= len(policy.levels):
        return None
    reached = due + timedelta(days=policy.levels[order.overdue_level])
    return min(reached, at + LOOKED_AT_AGAIN)
