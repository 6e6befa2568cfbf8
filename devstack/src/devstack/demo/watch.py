"""Watching orders run through: who has applied how much, and when everybody was done."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from shared.contracts.external import ERP_ORDERS

from devstack.demo.accounts import Account, Accountant

EVERY = 0.5
PEAK_WINDOW = 2.0


@dataclass(frozen=True)
class Sample:
    """How much was applied at a moment: orders by pipeline, events by the 360."""

    at: float
    orders: int
    events: int


@dataclass
class Watch:
    """Samples Kafka's account until it is cancelled."""

    accountant: Accountant
    show: Callable[[Account], None]
    samples: list[Sample] = field(default_factory=list[Sample])

    async def run(self) -> None:
        while True:
            account = await self.accountant.account()
            applied = account.applied("customer-360")
            sample = Sample(time.monotonic(), account.applied_of(ERP_ORDERS.name), applied)
            self.samples.append(sample)
            self.show(account)
            await asyncio.sleep(EVERY)

    def orders_rate(self) -> float:
        """Orders a second through pipeline, from the first to the last."""
        return _mean([(sample.at, sample.orders) for sample in self.samples])

    def events_rate(self) -> float:
        """Events a second into the 360, from the first to the last."""
        return _mean([(sample.at, sample.events) for sample in self.samples])

    def events_peak(self) -> float:
        """The same in its best two seconds: what the 360 can do when it has the work."""
        return max(
            self.events_rate(), _peak([(sample.at, sample.events) for sample in self.samples])
        )

    def orders_peak(self) -> float:
        return max(
            self.orders_rate(), _peak([(sample.at, sample.orders) for sample in self.samples])
        )

    def events_done_at(self) -> float:
        """When the 360 applied its last event."""
        last = self.samples[-1].events
        return next(sample.at for sample in self.samples if sample.events == last)


def _mean(points: list[tuple[float, int]]) -> float:
    """From the last moment before anything was applied to the first when all was."""
    first = max(at for at, count in points if count == points[0][1])
    last = min(at for at, count in points if count == points[-1][1])
    return (points[-1][1] - points[0][1]) / (last - first) if last > first else 0.0


def _peak(points: list[tuple[float, int]]) -> float:
    best, start = 0.0, 0
    for at, count in points:
        while at - points[start][0] > PEAK_WINDOW:
            start += 1
        if at - points[start][0] >= PEAK_WINDOW / 2:
            best = max(best, (count - points[start][1]) / (at - points[start][0]))
    return best
