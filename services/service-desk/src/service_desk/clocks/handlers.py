"""Clocks: they start with a ticket, follow its facts, and are woken by their timers."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from shared.cause import Cause
from shared.contracts.service_desk import (
    ClockMetric,
    TicketCancelled,
    TicketFirstResponded,
    TicketOpened,
    TicketPriorityChanged,
    TicketReopened,
    TicketResolved,
    TicketStatusChanged,
)
from shared.contracts.topic import Event
from shared.db import Connection, Pool, transaction
from shared.failpoints import Failpoint
from shared.ids import new_id
from shared.messaging import outbox
from shared.messaging.outbox import Fact
from shared.telemetry import new_trace

from service_desk.calendars.store import load_calendar
from service_desk.clocks import store
from service_desk.clocks.commands import (
    CancelClock,
    ClockCommand,
    LapseTime,
    MeetClock,
    PauseClock,
    ResumeClock,
    RetargetClock,
)
from service_desk.clocks.decisions import decide, start
from service_desk.clocks.domain import Clock, Promise, begin, evolve
from service_desk.policies.domain import METRICS, Policy, Targets
from service_desk.policies.store import load_policy

BATCH = 500

_BEFORE_COMMIT = Failpoint("timers.before-commit")
_AFTER_COMMIT = Failpoint("timers.after-commit")


async def start_clocks(
    connection: Connection, opened: TicketOpened, policy: Policy, at: datetime
) -> list[Fact]:
    """The clocks of a new ticket, on the newest version of the policy's calendar."""
    calendar = await load_calendar(connection, policy.calendar_id)
    promises = [
        Promise(
            ticket_id=opened.ticket_id,
            customer_id=opened.customer_id,
            metric=metric,
            severity=opened.severity,
            target_minutes=policy.targets[opened.priority][metric],
            calendar_id=calendar.calendar_id,
            calendar_version=calendar.version,
            hours=calendar.hours,
            policy_id=policy.policy_id,
            policy_version=policy.version,
            warn_percents=policy.warn_percents,
            started_at=at,
        )
        for metric in METRICS
    ]
    started = [start(promise) for promise in promises]
    await store.insert_clocks(connection, list(map(begin, promises, started)))
    return [Fact(event, 1) for event in started]


async def follow(
    connection: Connection, ticket_id: UUID, facts: Sequence[Event], at: datetime
) -> list[Fact]:
    """What the facts of a ticket do to its clocks, saved; the caller publishes it with them."""
    if not any(_command(fact, metric, at) for fact in facts for metric in METRICS):
        return []
    clocks = await store.lock_clocks(connection, ticket_id)
    targets = await _targets(connection, clocks, facts)
    said: list[Fact] = []
    changed: list[tuple[int, Clock]] = []
    for clock in clocks:
        commands = (_command(fact, clock.promise.metric, at, targets) for fact in facts)
        now, news = _apply(clock, [command for command in commands if command is not None])
        if news:
            changed.append((clock.version, now))
            said += news
    await store.save_clocks(connection, changed)
    return said


async def fire_timers(pool: Pool) -> None:
    """Say what time has made true of every clock whose timer is due."""
    while await fire_due(pool, datetime.now(UTC)) == BATCH:
        pass


async def fire_due(pool: Pool, at: datetime) -> int:
    """One batch of timers that are due at an instant; answers how many clocks that were."""
    async with transaction(pool) as connection:
        clocks = await store.lock_due_clocks(connection, at, BATCH)
        results = [(clock.version, *_apply(clock, [LapseTime(at)])) for clock in clocks]
        await store.save_clocks(
            connection, [(version, clock) for version, clock, facts in results if facts]
        )
        await store.set_timers(connection, [clock for _, clock, facts in results if not facts])
        cause = Cause("service:service-desk", at, str(new_id()), new_trace())
        await outbox.append(connection, cause, [fact for *_, facts in results for fact in facts])
        if clocks:
            _BEFORE_COMMIT.reach()
    if clocks:
        _AFTER_COMMIT.reach()
    return len(clocks)


def _apply(clock: Clock, commands: Sequence[ClockCommand]) -> tuple[Clock, list[Fact]]:
    facts: list[Fact] = []
    for command in commands:
        for event in decide(clock, command):
            clock = evolve(clock, event)
            facts.append(Fact(event, clock.version))
    return clock, facts


async def _targets(
    connection: Connection, clocks: Sequence[Clock], facts: Sequence[Event]
) -> Targets:
    """The targets of the policy version that the clocks keep, where another one is needed."""
    if not any(isinstance(fact, TicketPriorityChanged) for fact in facts):
        return {}
    promise = clocks[0].promise
    policy = await load_policy(connection, promise.policy_id, promise.policy_version)
    return policy.targets


def _command(  # noqa: PLR0911 -- one return per fact
    fact: Event, metric: ClockMetric, at: datetime, targets: Targets | None = None
) -> ClockCommand | None:
    """What a fact of the ticket means for the clock of this metric."""
    match fact, metric:
        case TicketStatusChanged(to_status="waiting-customer"), "resolution":
            return PauseClock(at)
        case TicketStatusChanged(from_status="waiting-customer"), "resolution":
            return ResumeClock(at)
        case TicketFirstResponded(), "first-response":
            return MeetClock(at)
        case TicketResolved(), "resolution":
            return MeetClock(at)
        case TicketResolved(), "first-response":
            return CancelClock("resolved-unanswered", at)
        case TicketReopened(), "resolution":
            return ResumeClock(at)
        case TicketPriorityChanged(to_severity=severity, to_priority=priority), _:
            target = targets[priority][metric] if targets else 0
            return RetargetClock(severity, target, at)
        case TicketCancelled(reason_code=reason_code), _:
            return CancelClock(reason_code, at)
        case _:
            return None
