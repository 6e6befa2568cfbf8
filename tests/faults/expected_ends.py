"""What must have come to its end once: broken promises and overdue invoices told, messages sent."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.contracts import campaigns as c
from shared.contracts import pipeline as p
from shared.contracts import service_desk as s

from tests.faults.holdings import Holdings
from tests.faults.log import Log

FIRST_LEVEL = timedelta(days=31)
"""Thirty days of terms and one, as the first version of the payment policy has them."""

TIMER_SLACK = timedelta(seconds=10)
"""A timer is looked at every second; a clock this long overdue was forgotten."""


def promises(log: Log, now: datetime) -> Iterator[str]:
    """No breach twice, none before its time, none forgotten."""
    clocks: dict[UUID, list[Any]] = defaultdict(list)
    facts = (
        s.ClockStarted,
        s.ClockPaused,
        s.ClockResumed,
        s.ClockRetargeted,
        s.ClockWarned,
        s.ClockBreached,
        s.ClockMet,
        s.ClockCancelled,
    )
    for received in log.facts(*facts):
        clocks[received.event.clock_id].append(received.event)
    for clock_id, events in clocks.items():
        yield from _promise(clock_id, events, now)


@dataclass
class _Course:
    """How far a clock has come, as its own facts tell it."""

    due_at: datetime | None = None
    is_running: bool = False
    breaches: int = 0
    warned: Counter[int] = field(default_factory=Counter[int])


def _promise(clock_id: UUID, events: list[Any], now: datetime) -> Iterator[str]:
    course = _Course()
    for event in events:
        if wrong := _step(course, event):
            yield f"clock {clock_id} {wrong}"
    if course.breaches > 1:
        yield f"clock {clock_id} broke {course.breaches} times"
    for percent, times in course.warned.items():
        if times > 1:
            yield f"clock {clock_id} warned of {percent} % {times} times"
    is_over = course.due_at is not None and course.due_at + TIMER_SLACK < now
    if course.is_running and not course.breaches and is_over:
        yield f"clock {clock_id} was due at {course.due_at} and its breach was missed"


def _step(course: _Course, event: Any) -> str | None:
    match event:
        case s.ClockStarted() | s.ClockResumed():
            course.is_running, course.due_at = True, event.due_at
        case s.ClockRetargeted():
            course.due_at = event.due_at
        case s.ClockWarned():
            course.warned[event.percent] += 1
        case s.ClockBreached():
            course.breaches += 1
            if course.due_at and event.breached_at < course.due_at:
                return f"broke at {event.breached_at}, due at {course.due_at}"
        case _:
            is_late = isinstance(event, s.ClockMet) and _is_after(event.met_at, course.due_at)
            was_running, course.is_running = course.is_running, False
            if is_late and was_running and not course.breaches:
                return "was met late and never told to be broken"
    return None


def _is_after(at: datetime, due_at: datetime | None) -> bool:
    return due_at is not None and at > due_at


def commitments(log: Log, now: datetime) -> Iterator[str]:
    """No promise broken twice, none before its time, none forgotten; and its warning the same."""
    told: dict[UUID, list[Any]] = defaultdict(list)
    facts = (
        p.CommitmentMade,
        p.CommitmentDueSoon,
        p.CommitmentBroken,
        p.CommitmentFulfilled,
        p.CommitmentWithdrawn,
    )
    for received in log.facts(*facts):
        told[received.event.commitment_id].append(received)
    for commitment_id, records in told.items():
        yield from (f"commitment {commitment_id} {wrong}" for wrong in _kept(records, now))


def _kept(records: list[Any], now: datetime) -> Iterator[str]:
    events = [received.event for received in records]
    if not isinstance(events[0], p.CommitmentMade):
        yield "was never made"
        return
    due_at = events[0].due_at
    times = Counter(type(event) for event in events)
    yield from (f"told {fact.__name__} {n} times" for fact, n in times.items() if n > 1)
    is_over = bool(times[p.CommitmentFulfilled] or times[p.CommitmentWithdrawn])
    if due_at + TIMER_SLACK < now and not (is_over or times[p.CommitmentBroken]):
        yield f"was due at {due_at} and its breach was missed"
    for event, following in zip(events, [*events[1:], None], strict=True):
        if isinstance(event, p.CommitmentBroken) and event.broken_at < due_at:
            yield f"broke at {event.broken_at}, due at {due_at}"
        if isinstance(event, p.CommitmentFulfilled):
            if following is not None:
                yield f"was kept, and then came {type(following).__name__}"
            was_broken = bool(times[p.CommitmentBroken])
            if event.is_late != was_broken or (event.fulfilled_at >= due_at and not was_broken):
                yield f"was kept at {event.fulfilled_at}, due at {due_at}, broken: {was_broken}"


def payments(log: Log, now: datetime) -> Iterator[str]:
    """No level of an overdue invoice twice or before its time, none of what is paid, none missed.

    The load agrees no terms with anybody: those of the policy are told with each fact.
    """
    told: dict[UUID, list[Any]] = defaultdict(list)
    for received in log.facts(p.OrderConfirmed, p.OrderStatusChanged, p.OrderPaymentOverdue):
        told[received.event.order_id].append(received)
    for order_id, records in told.items():
        yield from (f"order {order_id} {wrong}" for wrong in _paid(records, now))


def _paid(records: list[Any], now: datetime) -> Iterator[str]:
    invoiced_at, level = None, 0
    for received in records:
        event = received.event
        if isinstance(event, p.OrderStatusChanged):
            invoiced_at, level = event.changed_at if event.to_status == "invoiced" else None, 0
        elif isinstance(event, p.OrderPaymentOverdue):
            if event.level <= level:
                yield f"was told overdue at level {event.level} after {level}"
            if event.invoiced_at != invoiced_at:
                yield f"was told overdue as invoiced {event.invoiced_at}, not {invoiced_at}"
            if received.envelope.time < event.due_at + timedelta(days=event.days_overdue):
                yield f"was told {event.days_overdue} days overdue at {received.envelope.time}"
            level = event.level
    if invoiced_at and invoiced_at + FIRST_LEVEL + TIMER_SLACK < now and not level:
        yield f"was invoiced at {invoiced_at}, and nobody was told that it is overdue"


def mails_of_messages(log: Log, held: Holdings, mails: Iterable[str]) -> Iterator[str]:
    """No mail twice; what is called sent has its mail; no mail without a message."""
    arrived = Counter(mails)
    for send_id, times in arrived.items():
        if times > 1:
            yield f"send {send_id} went out {times} times"
    messages = {row["send_id"]: row for row in held.of("campaigns", "messages")}
    ends: Counter[str] = Counter()
    for received in log.facts(c.MessageSent, c.MessageFailed, c.MessageSuppressed):
        ends[received.event.send_id] += 1
        if isinstance(received.event, c.MessageSent) and not arrived[received.event.send_id]:
            yield f"message {received.event.message_id} is called sent, and no mail arrived"
        if isinstance(received.event, c.MessageSuppressed) and arrived[received.event.send_id]:
            yield f"message {received.event.message_id} is called suppressed, and its mail arrived"
    for send_id, times in ends.items():
        if times > 1:
            yield f"send {send_id} ended {times} times"
    for send_id in arrived.keys() - ends.keys():
        status = messages[send_id]["status"] if send_id in messages else "unknown"
        if status != "handing-over":  # its sender died; what became of it is told after a while
            yield f"send {send_id} arrived and its message is {status}"
