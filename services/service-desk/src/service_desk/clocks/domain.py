"""Clocks: running ⇄ paused → met | breached → met-late; or cancelled."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, assert_never
from uuid import UUID

from shared.contracts.service_desk import (
    ClockBreached,
    ClockCancelled,
    ClockMet,
    ClockMetric,
    ClockPaused,
    ClockResumed,
    ClockRetargeted,
    ClockStarted,
    ClockWarned,
)
from shared.ids import derived_id

from service_desk.business_time import BusinessHours, due, elapsed, minutes

ClockStatus = Literal["running", "paused", "met", "breached", "met-late", "cancelled"]

ClockEvent: TypeAlias = (
    ClockStarted
    | ClockPaused
    | ClockResumed
    | ClockRetargeted
    | ClockWarned
    | ClockBreached
    | ClockMet
    | ClockCancelled
)


@dataclass(frozen=True, slots=True)
class Promise:
    """What a clock is measured by; its calendar and policy stay those it was given with."""

    ticket_id: UUID
    customer_id: UUID
    metric: ClockMetric
    severity: int
    target_minutes: int
    calendar_id: UUID
    calendar_version: int
    hours: BusinessHours
    policy_id: UUID
    policy_version: int
    warn_percents: tuple[int, ...]
    started_at: datetime

    @property
    def clock_id(self) -> UUID:
        return derived_id("clock", self.ticket_id, self.metric)

    @property
    def target(self) -> timedelta:
        return timedelta(minutes=self.target_minutes)


@dataclass(frozen=True, slots=True)
class Clock:
    """`used` is the working time before `running_since`, and all of it once the clock stands."""

    promise: Promise
    status: ClockStatus
    running_since: datetime
    used: timedelta
    due_at: datetime
    warned_percent: int
    breached_at: datetime | None
    ended_at: datetime | None
    version: int

    @property
    def clock_id(self) -> UUID:
        return self.promise.clock_id

    def reached_at(self, share: timedelta) -> datetime:
        """When so much working time is used, if the clock goes on running."""
        return due(self.promise.hours, self.running_since, share - self.used)

    def used_by(self, at: datetime) -> timedelta:
        if self.status in ("running", "breached"):
            return self.used + elapsed(self.promise.hours, self.running_since, at)
        return self.used


@dataclass(frozen=True, slots=True)
class Timer:
    """The next moment at which a clock has something to say."""

    kind: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Measure:
    """How an answer at some instant stands to the promise."""

    business_minutes: int
    within_sla: bool


def begin(promise: Promise, event: ClockStarted) -> Clock:
    return Clock(
        promise=promise,
        status="running",
        running_since=event.started_at,
        used=timedelta(),
        due_at=event.due_at,
        warned_percent=0,
        breached_at=None,
        ended_at=None,
        version=1,
    )


def next_timer(clock: Clock) -> Timer | None:
    if clock.status != "running":
        return None
    for percent, at in warnings_left(clock):
        return Timer(f"warn-{percent}", at)
    return Timer("breach", clock.due_at)


def measure(clock: Clock, at: datetime) -> Measure:
    is_kept = clock.status == "paused" or (clock.status == "running" and at < clock.due_at)
    return Measure(minutes(clock.used_by(at)), is_kept)


def evolve(clock: Clock, event: ClockEvent) -> Clock:  # noqa: PLR0911 -- one return per fact
    clock = replace(clock, version=clock.version + 1)
    match event:
        case ClockStarted():
            raise AssertionError("a clock starts once")
        case ClockPaused(paused_at=at):
            return replace(clock, status="paused", used=clock.used_by(at))
        case ClockResumed(resumed_at=at, due_at=due_at):
            return replace(clock, status="running", running_since=at, due_at=due_at, ended_at=None)
        case ClockRetargeted(target_minutes=target, severity=severity, due_at=due_at):
            severity = severity or clock.promise.severity
            promise = replace(clock.promise, target_minutes=target, severity=severity)
            return replace(clock, promise=promise, due_at=due_at)
        case ClockWarned(percent=percent):
            return replace(clock, warned_percent=percent)
        case ClockBreached(breached_at=at):
            return replace(clock, status="breached", breached_at=at)
        case ClockMet(met_at=at):
            status: ClockStatus = "met-late" if clock.status == "breached" else "met"
            return replace(clock, status=status, used=clock.used_by(at), ended_at=at)
        case ClockCancelled():
            return replace(clock, status="cancelled")
        case _:
            assert_never(event)


def warnings_left(clock: Clock) -> list[tuple[int, datetime]]:
    """The warnings not yet given, with their instants, all before the due time."""
    at_percent = (
        (percent, clock.reached_at(clock.promise.target * percent // 100))
        for percent in sorted(clock.promise.warn_percents)
        if percent > clock.warned_percent
    )
    return [(percent, at) for percent, at in at_percent if at < clock.due_at]
