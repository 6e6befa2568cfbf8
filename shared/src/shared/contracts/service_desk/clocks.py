"""Facts of the clocks that run against tickets: a promise of time, kept or broken."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.contracts.topic import Event, events_topic

ClockMetric = Literal["first-response", "resolution"]

CLOCK_EVENTS = events_topic(
    "service-desk", "sla", key="clock_id", holds="the clocks that run against a ticket"
)


@CLOCK_EVENTS.fact("started")
class ClockStarted(Event):
    """A promise runs: `target_minutes` are business minutes of the calendar."""

    clock_id: UUID
    ticket_id: UUID
    customer_id: UUID
    metric: ClockMetric
    target_minutes: int
    calendar_id: UUID
    calendar_version: int
    policy_id: UUID
    policy_version: int
    started_at: datetime
    due_at: datetime


@CLOCK_EVENTS.fact("paused")
class ClockPaused(Event):
    """The clock rests while we wait for the customer."""

    clock_id: UUID
    ticket_id: UUID
    customer_id: UUID
    metric: ClockMetric
    used_minutes: int
    paused_at: datetime


@CLOCK_EVENTS.fact("resumed")
class ClockResumed(Event):
    """The clock runs again towards a new due time."""

    clock_id: UUID
    ticket_id: UUID
    customer_id: UUID
    metric: ClockMetric
    resumed_at: datetime
    due_at: datetime


@CLOCK_EVENTS.fact("retargeted")
class ClockRetargeted(Event):
    """Another priority set another target, counted from the original start."""

    clock_id: UUID
    ticket_id: UUID
    customer_id: UUID
    metric: ClockMetric
    severity: int | None = None
    target_minutes: int
    due_at: datetime


@CLOCK_EVENTS.fact("warned")
class ClockWarned(Event):
    """This share of the time is gone; once per percentage."""

    clock_id: UUID
    ticket_id: UUID
    customer_id: UUID
    metric: ClockMetric
    percent: int
    due_at: datetime


@CLOCK_EVENTS.fact("breached")
class ClockBreached(Event):
    """The promise is broken; once per clock."""

    clock_id: UUID
    ticket_id: UUID
    customer_id: UUID
    metric: ClockMetric
    severity: int
    due_at: datetime
    breached_at: datetime


@CLOCK_EVENTS.fact("met")
class ClockMet(Event):
    """The promise was kept, or kept late (`late_by_minutes` > 0, business minutes)."""

    clock_id: UUID
    ticket_id: UUID
    customer_id: UUID
    metric: ClockMetric
    business_minutes: int
    late_by_minutes: int
    met_at: datetime


@CLOCK_EVENTS.fact("cancelled")
class ClockCancelled(Event):
    """The promise no longer applies."""

    clock_id: UUID
    ticket_id: UUID
    customer_id: UUID
    metric: ClockMetric
    reason_code: str
