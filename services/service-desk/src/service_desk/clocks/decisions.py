"""What is decided on clocks.

Before anything else happens to a clock, it says what time has made true: so a breach is a fact
even where the answer comes a moment after the due time and before the timer. Of several warnings
that have become due at once only the latest is worth saying, and none of them after the breach.
A broken promise neither pauses nor runs anew: it can only be met late.
"""

from datetime import datetime, timedelta

from shared.contracts.service_desk import (
    ClockBreached,
    ClockCancelled,
    ClockMet,
    ClockPaused,
    ClockResumed,
    ClockRetargeted,
    ClockStarted,
    ClockWarned,
)

from service_desk.business_time import due, elapsed, minutes
from service_desk.clocks.commands import (
    CancelClock,
    ClockCommand,
    MeetClock,
    PauseClock,
    ResumeClock,
    RetargetClock,
)
from service_desk.clocks.domain import Clock, ClockEvent, Promise, evolve, warnings_left


def start(promise: Promise) -> ClockStarted:
    return ClockStarted(
        clock_id=promise.clock_id,
        ticket_id=promise.ticket_id,
        customer_id=promise.customer_id,
        metric=promise.metric,
        target_minutes=promise.target_minutes,
        calendar_id=promise.calendar_id,
        calendar_version=promise.calendar_version,
        policy_id=promise.policy_id,
        policy_version=promise.policy_version,
        started_at=promise.started_at,
        due_at=due(promise.hours, promise.started_at, promise.target),
    )


def decide(clock: Clock, command: ClockCommand) -> list[ClockEvent]:
    lapsed = _lapse(clock, command)
    for event in lapsed:
        clock = evolve(clock, event)
    return [*lapsed, *_act(clock, command)]


def _lapse(clock: Clock, command: ClockCommand) -> list[ClockEvent]:
    if clock.status != "running":
        return []
    if command.at >= clock.due_at:
        return [_breached(clock, command.at)]
    if isinstance(command, MeetClock | CancelClock):
        return []
    passed = [percent for percent, at in warnings_left(clock) if at <= command.at]
    return [_warned(clock, passed[-1])] if passed else []


def _act(clock: Clock, command: ClockCommand) -> list[ClockEvent]:
    match command:
        case PauseClock() if clock.status == "running":
            return [_paused(clock, command.at)]
        case ResumeClock() if clock.status in ("paused", "met"):
            return [_resumed(clock, command.at)]
        case RetargetClock() if clock.status in ("running", "paused"):
            return _retargeted(clock, command)
        case MeetClock() if clock.status in ("running", "paused", "breached"):
            return [_met(clock, command.at)]
        case CancelClock() if clock.status in ("running", "paused", "breached"):
            return [_cancelled(clock, command.reason_code)]
        case _:
            return []


def _paused(clock: Clock, at: datetime) -> ClockPaused:
    return ClockPaused(
        clock_id=clock.clock_id,
        ticket_id=clock.promise.ticket_id,
        customer_id=clock.promise.customer_id,
        metric=clock.promise.metric,
        used_minutes=minutes(clock.used_by(at)),
        paused_at=at,
    )


def _resumed(clock: Clock, at: datetime) -> ClockResumed:
    return ClockResumed(
        clock_id=clock.clock_id,
        ticket_id=clock.promise.ticket_id,
        customer_id=clock.promise.customer_id,
        metric=clock.promise.metric,
        resumed_at=at,
        due_at=due(clock.promise.hours, at, clock.promise.target - clock.used),
    )


def _retargeted(clock: Clock, command: RetargetClock) -> list[ClockEvent]:
    promise = clock.promise
    wanted = (command.target_minutes, command.severity)
    if wanted == (promise.target_minutes, promise.severity):
        return []
    counted_from = clock.running_since if clock.status == "running" else command.at
    left = timedelta(minutes=command.target_minutes) - clock.used
    retargeted = ClockRetargeted(
        clock_id=clock.clock_id,
        ticket_id=promise.ticket_id,
        customer_id=promise.customer_id,
        metric=promise.metric,
        severity=command.severity,
        target_minutes=command.target_minutes,
        due_at=due(promise.hours, counted_from, left),
    )
    return [retargeted, *_lapse(evolve(clock, retargeted), command)]


def _warned(clock: Clock, percent: int) -> ClockWarned:
    return ClockWarned(
        clock_id=clock.clock_id,
        ticket_id=clock.promise.ticket_id,
        customer_id=clock.promise.customer_id,
        metric=clock.promise.metric,
        percent=percent,
        due_at=clock.due_at,
    )


def _breached(clock: Clock, at: datetime) -> ClockBreached:
    return ClockBreached(
        clock_id=clock.clock_id,
        ticket_id=clock.promise.ticket_id,
        customer_id=clock.promise.customer_id,
        metric=clock.promise.metric,
        severity=clock.promise.severity,
        due_at=clock.due_at,
        breached_at=at,
    )


def _met(clock: Clock, at: datetime) -> ClockMet:
    late = timedelta()
    if clock.status == "breached":
        late = elapsed(clock.promise.hours, clock.due_at, at)
    return ClockMet(
        clock_id=clock.clock_id,
        ticket_id=clock.promise.ticket_id,
        customer_id=clock.promise.customer_id,
        metric=clock.promise.metric,
        business_minutes=minutes(clock.used_by(at)),
        # A minute that has begun counts: late is never 0 minutes late.
        late_by_minutes=max(1, -minutes(-late)) if clock.status == "breached" else 0,
        met_at=at,
    )


def _cancelled(clock: Clock, reason_code: str) -> ClockCancelled:
    return ClockCancelled(
        clock_id=clock.clock_id,
        ticket_id=clock.promise.ticket_id,
        customer_id=clock.promise.customer_id,
        metric=clock.promise.metric,
        reason_code=reason_code,
    )
