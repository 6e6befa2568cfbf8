"""The rows of service: tickets, the clocks that run against them, and surveys."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from shared.contracts.service_desk import (
    ClockBreached,
    ClockCancelled,
    ClockMet,
    ClockPaused,
    ClockResumed,
    ClockRetargeted,
    ClockStarted,
    ClockWarned,
    SurveyAnswered,
    SurveySent,
    TicketAssigned,
    TicketCancelled,
    TicketClosed,
    TicketDuplicateCleared,
    TicketDuplicateSuspected,
    TicketFirstResponded,
    TicketMessageAdded,
    TicketOpened,
    TicketPriorityChanged,
    TicketRedacted,
    TicketReopened,
    TicketRepointed,
    TicketResolved,
    TicketStatusChanged,
)

from customer_360.folding import Fold

CRITICAL = 2
"""Severity up to which a ticket is critical; 1 is the gravest of 1–4."""

_DONE = frozenset({"resolved", "closed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Ticket:
    """Something that a customer needs of us."""

    ticket_id: UUID
    version: int
    customer_id: UUID
    contact_id: UUID | None = None
    number: str | None = None
    status: str = "new"
    ticket_type: str | None = None
    category: str | None = None
    severity: int | None = None
    priority: str | None = None
    channel: str | None = None
    agent_id: str | None = None
    source: str | None = None
    source_id: UUID | None = None
    reopen_count: int = 0
    received_at: datetime | None = None
    first_responded_at: datetime | None = None
    resolved_at: datetime | None = None
    resolution_code: str | None = None
    handover_id: UUID | None = None

    @property
    def is_open(self) -> bool:
        return self.status not in _DONE

    @property
    def is_critical(self) -> bool:
        return self.severity is not None and self.severity <= CRITICAL


@dataclass(frozen=True, slots=True)
class Clock:
    """A promise about a ticket. A breached clock runs on until it is met late or cancelled."""

    clock_id: UUID
    version: int
    ticket_id: UUID
    customer_id: UUID
    metric: str
    status: str = "running"
    target_minutes: int | None = None
    started_at: datetime | None = None
    due_at: datetime | None = None
    paused_at: datetime | None = None
    warned_percent: int | None = None
    breached_at: datetime | None = None
    met_at: datetime | None = None
    late_by_minutes: int | None = None

    @property
    def is_open(self) -> bool:
        return self.status in {"running", "paused"}

    @property
    def is_breached(self) -> bool:
        return self.breached_at is not None and self.status != "cancelled"


@dataclass(frozen=True, slots=True)
class Survey:
    """A question how it was, and the answer."""

    survey_id: UUID
    version: int
    customer_id: UUID
    contact_id: UUID | None
    ticket_id: UUID | None
    kind: str
    score: int | None = None
    sent_at: datetime | None = None
    answered_at: datetime | None = None


ticket_fold = Fold[Ticket](
    "ticket_id",
    lambda first: Ticket(first.event.ticket_id, first.envelope.version, first.event.customer_id),
)


@ticket_fold.on(TicketOpened)
def opened(ticket: Ticket, event: TicketOpened) -> Ticket:
    return replace(
        ticket,
        contact_id=event.contact_id,
        number=event.number,
        ticket_type=event.ticket_type,
        category=event.category,
        severity=event.severity,
        priority=event.priority,
        channel=event.channel,
        source=event.source,
        source_id=event.source_id,
        received_at=event.received_at,
    )


@ticket_fold.on(TicketAssigned)
def assigned(ticket: Ticket, event: TicketAssigned) -> Ticket:
    return replace(ticket, agent_id=event.agent_id, handover_id=event.handover_id)


@ticket_fold.on(TicketStatusChanged)
def status_changed(ticket: Ticket, event: TicketStatusChanged) -> Ticket:
    return replace(ticket, status=event.to_status)


@ticket_fold.on(TicketMessageAdded)
def message_added(ticket: Ticket, event: TicketMessageAdded) -> Ticket:
    del event
    return ticket


@ticket_fold.on(TicketFirstResponded)
def first_responded(ticket: Ticket, event: TicketFirstResponded) -> Ticket:
    return replace(ticket, first_responded_at=event.responded_at)


@ticket_fold.on(TicketPriorityChanged)
def priority_changed(ticket: Ticket, event: TicketPriorityChanged) -> Ticket:
    return replace(
        ticket, severity=event.to_severity, priority=event.to_priority, status=event.status
    )


@ticket_fold.on(TicketResolved)
def resolved(ticket: Ticket, event: TicketResolved) -> Ticket:
    return replace(
        ticket,
        status="resolved",
        severity=event.severity,
        agent_id=event.agent_id,
        resolved_at=event.resolved_at,
        resolution_code=event.resolution_code,
    )


@ticket_fold.on(TicketReopened)
def reopened(ticket: Ticket, event: TicketReopened) -> Ticket:
    return replace(
        ticket,
        status="reopened",
        severity=event.severity,
        reopen_count=event.reopen_count,
        resolved_at=None,
        resolution_code=None,
    )


@ticket_fold.on(TicketClosed)
def closed(ticket: Ticket, event: TicketClosed) -> Ticket:
    del event
    return replace(ticket, status="closed")


@ticket_fold.on(TicketRedacted)
def redacted(ticket: Ticket, event: TicketRedacted) -> Ticket:
    """The view never had what was written; only its version moves."""
    del event
    return ticket


@ticket_fold.on(TicketDuplicateSuspected)
def duplicate_suspected(ticket: Ticket, event: TicketDuplicateSuspected) -> Ticket:
    """A hint for whoever works on it: the timeline tells it, the view does not."""
    del event
    return ticket


@ticket_fold.on(TicketDuplicateCleared)
def duplicate_cleared(ticket: Ticket, event: TicketDuplicateCleared) -> Ticket:
    del event
    return ticket


@ticket_fold.on(TicketCancelled)
def cancelled(ticket: Ticket, event: TicketCancelled) -> Ticket:
    return replace(ticket, status="cancelled", severity=event.severity)


@ticket_fold.on(TicketRepointed)
def repointed(ticket: Ticket, event: TicketRepointed) -> Ticket:
    if event.party == "customer":
        return replace(ticket, customer_id=event.to_id)
    return replace(ticket, contact_id=event.to_id)


clock_fold = Fold[Clock](
    "clock_id",
    lambda first: Clock(
        first.event.clock_id,
        first.envelope.version,
        first.event.ticket_id,
        first.event.customer_id,
        first.event.metric,
    ),
)


@clock_fold.on(ClockStarted)
def clock_started(clock: Clock, event: ClockStarted) -> Clock:
    return replace(
        clock,
        target_minutes=event.target_minutes,
        started_at=event.started_at,
        due_at=event.due_at,
    )


@clock_fold.on(ClockPaused)
def clock_paused(clock: Clock, event: ClockPaused) -> Clock:
    return replace(clock, status="paused", paused_at=event.paused_at)


@clock_fold.on(ClockResumed)
def clock_resumed(clock: Clock, event: ClockResumed) -> Clock:
    return replace(clock, status="running", paused_at=None, due_at=event.due_at)


@clock_fold.on(ClockRetargeted)
def clock_retargeted(clock: Clock, event: ClockRetargeted) -> Clock:
    return replace(clock, target_minutes=event.target_minutes, due_at=event.due_at)


@clock_fold.on(ClockWarned)
def clock_warned(clock: Clock, event: ClockWarned) -> Clock:
    return replace(clock, warned_percent=event.percent, due_at=event.due_at)


@clock_fold.on(ClockBreached)
def clock_breached(clock: Clock, event: ClockBreached) -> Clock:
    return replace(clock, breached_at=event.breached_at, due_at=event.due_at)


@clock_fold.on(ClockMet)
def clock_met(clock: Clock, event: ClockMet) -> Clock:
    return replace(clock, status="met", met_at=event.met_at, late_by_minutes=event.late_by_minutes)


@clock_fold.on(ClockCancelled)
def clock_cancelled(clock: Clock, event: ClockCancelled) -> Clock:
    del event
    return replace(clock, status="cancelled")


survey_fold = Fold[Survey](
    "survey_id",
    lambda first: Survey(
        first.event.survey_id,
        first.envelope.version,
        first.event.customer_id,
        first.event.contact_id,
        first.event.ticket_id,
        first.event.kind,
    ),
)


@survey_fold.on(SurveySent)
def survey_sent(survey: Survey, event: SurveySent) -> Survey:
    return replace(survey, sent_at=event.sent_at)


@survey_fold.on(SurveyAnswered)
def survey_answered(survey: Survey, event: SurveyAnswered) -> Survey:
    return replace(survey, score=event.score, answered_at=event.answered_at)
