"""The verdict: every figure beside what the file and the story require."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from devstack.demo.accounts import Account
from devstack.demo.parity import Parity
from devstack.demo.purchases import Purchase


@dataclass(frozen=True)
class Verdict:
    """The figures, and a sentence for each that is not what it must be."""

    customers: int
    orders: int
    revenue: Decimal
    events_published: int
    events_applied: int
    lag: int
    parked: int
    seconds_setup: float
    seconds_demo: float
    broker: str
    faults: Sequence[str]

    @property
    def is_right(self) -> bool:
        return not self.faults

    def as_json(self) -> str:
        """One line for machines."""
        figures = {
            "customers": self.customers,
            "orders": self.orders,
            "revenue": str(self.revenue),
            "events_published": self.events_published,
            "events_applied": self.events_applied,
            "lag": self.lag,
            "parked": self.parked,
            "seconds_setup": round(self.seconds_setup, 1),
            "seconds_demo": round(self.seconds_demo, 1),
            "broker": self.broker,
        }
        return json.dumps(figures)


def faults_of(
    account: Account, parked: int, parity: Parity, right: Sequence[Purchase], untold: Sequence[str]
) -> list[str]:
    """What is wrong, one sentence each."""
    revenue = sum((purchase.amount for purchase in right), Decimal(0))
    customers = len({purchase.customer_ref for purchase in right})
    sums = {
        "records not applied": (account.lag, 0),
        "records parked": (parked, 0),
        "customers": (parity.customers, customers),
        "orders": (parity.orders, len(right)),
        "revenue": (parity.revenue, revenue),
    }
    faults = [
        f"{what}: {is_} instead of {must}" for what, (is_, must) in sums.items() if is_ != must
    ]
    faults += [f"the story's timeline has no {beat}" for beat in untold]
    return faults + list(parity.differences)
