"""What service-desk publishes: tickets, their clocks, calendars, policies and surveys."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from shared.contracts.codes import Open
from shared.contracts.topic import Event, events_topic, state_topic
from shared.contracts.values import Party

TicketType = Literal[
    "question",
    "incident",
    "repair",
    "installation",
    "complaint",
    "request",
    "onboarding",
    "escalation",
]
TicketStatus = Literal[
    "new",
    "open",
    "in-progress",
    "waiting-customer",
    "waiting-third-party",
    "resolved",
    "reopened",
    "closed",
    "cancelled",
]
Priority = Literal["urgent", "high", "normal", "low"]
AssignedBy = Literal["manual", "least-busy", "handover"]
ClosedBy = Literal["auto", "customer", "agent"]
SurveyKind = Literal["csat", "ces", "nps"]
ClockMetric = Literal["first-response", "resolution"]

TICKET_EVENTS = events_topic(
    "service-desk", "ticket", key="ticket_id", holds="every fact of a ticket"
)
TICKET_STATE = state_topic(
    "service-desk", "ticket", key="ticket_id", holds="the current ticket, with its subject"
)
CLOCK_EVENTS = events_topic(
    "service-desk", "sla", key="clock_id", holds="the clocks that run against a ticket"
)
POLICY_EVENTS = events_topic(
    "service-desk",
    "sla-policy",
    key="policy_id",
    holds="published service levels",
    personal_data="none",
)
CALENDAR_EVENTS = events_topic(
    "service-desk",
    "calendar",
    key="calendar_id",
    holds="published business calendars",
    personal_data="none",
)
SURVEY_EVENTS = events_topic(
    "service-desk", "survey", key="survey_id", holds="how satisfied people were"
)


@TICKET_EVENTS.fact("opened")
class TicketOpened(Event):
    """A customer needs something of us; severity 1 is the gravest of 1–4."""

    ticket_id: UUID
    number: str
    customer_id: UUID
    contact_id: UUID | None = None
    channel: str
    ticket_type: Annotated[str, Open.to(TicketType)]
    category: str | None = None
    product_id: str | None = None
    severity: int
    priority: Priority
    sla_policy_id: UUID
    sla_policy_version: int
    received_at: datetime
    source: str
    source_id: UUID | None = None


@TICKET_EVENTS.fact("assigned")
class TicketAssigned(Event):
    """An agent answers for the ticket."""

    ticket_id: UUID
    customer_id: UUID
    agent_id: str
    method: Annotated[str, Open.to(AssignedBy)]
    handover_id: UUID | None = None


@TICKET_EVENTS.fact("status-changed")
class TicketStatusChanged(Event):
    """The ticket moved; resolving, reopening, closing and cancelling have facts of their own."""

    ticket_id: UUID
    customer_id: UUID
    from_status: TicketStatus
    to_status: TicketStatus
    reason_code: str | None = None


@TICKET_EVENTS.fact("message-added")
class TicketMessageAdded(Event):
    """Somebody wrote; the text stays in service-desk."""

    ticket_id: UUID
    customer_id: UUID
    message_id: UUID
    direction: Literal["inbound", "outbound", "internal"]
    channel: str
    occurred_at: datetime


@TICKET_EVENTS.fact("first-responded")
class TicketFirstResponded(Event):
    """The customer got a first answer."""

    ticket_id: UUID
    customer_id: UUID
    agent_id: str
    responded_at: datetime
    business_minutes: int
    within_sla: bool


@TICKET_EVENTS.fact("priority-changed")
class TicketPriorityChanged(Event):
    """The ticket weighs more or less than thought; its clocks are recomputed."""

    ticket_id: UUID
    customer_id: UUID
    from_severity: int
    to_severity: int
    from_priority: Priority
    to_priority: Priority
    status: TicketStatus
    reason_code: str


@TICKET_EVENTS.fact("resolved")
class TicketResolved(Event):
    """What the customer needed is done."""

    ticket_id: UUID
    customer_id: UUID
    contact_id: UUID | None = None
    severity: int
    resolution_code: str
    root_cause: str
    user_error: bool = False
    agent_id: str
    business_minutes: int
    resolved_at: datetime


@TICKET_EVENTS.fact("reopened")
class TicketReopened(Event):
    """It was not done after all."""

    ticket_id: UUID
    customer_id: UUID
    severity: int
    reopen_count: int
    reason_code: str


@TICKET_EVENTS.fact("closed")
class TicketClosed(Event):
    """Final: a later reply is a new ticket."""

    ticket_id: UUID
    customer_id: UUID
    closed_by: Annotated[str, Open.to(ClosedBy)]


@TICKET_EVENTS.fact("cancelled")
class TicketCancelled(Event):
    """The ticket was no need of the customer, or its cause is gone."""

    ticket_id: UUID
    customer_id: UUID
    severity: int
    reason_code: str


@TICKET_EVENTS.fact("redacted")
class TicketRedacted(Event):
    """What the ticket said of a person was erased at their request; ids, codes and times stay."""

    ticket_id: UUID
    customer_id: UUID
    request_id: UUID


@TICKET_EVENTS.fact("repointed")
class TicketRepointed(Event):
    """The ticket names another record than before, because two were merged or parted again."""

    ticket_id: UUID
    customer_id: UUID
    party: Party
    from_id: UUID
    to_id: UUID


@TICKET_EVENTS.fact("duplicate-suspected")
class TicketDuplicateSuspected(Event):
    """A merge showed that the customer's `duplicate_of` seems to be about the same: a hint."""

    ticket_id: UUID
    customer_id: UUID
    duplicate_of: UUID


@TICKET_EVENTS.fact("duplicate-cleared")
class TicketDuplicateCleared(Event):
    """The two tickets are of different customers after all."""

    ticket_id: UUID
    customer_id: UUID
    duplicate_of: UUID


@TICKET_STATE.fact("state")
class TicketState(Event):
    """The whole ticket as service-desk knows it now; its messages and clocks stand elsewhere."""

    ticket_id: UUID
    number: str
    customer_id: UUID
    contact_id: UUID | None = None
    channel: str
    ticket_type: Annotated[str, Open.to(TicketType)]
    subject: str
    category: str | None = None
    product_id: str | None = None
    severity: int
    priority: Priority
    status: TicketStatus
    agent_id: str | None = None
    sla_policy_id: UUID
    sla_policy_version: int
    source: str
    source_id: UUID | None = None
    reopen_count: int
    received_at: datetime
    first_responded_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    auto_close_at: datetime | None = None
    resolution_code: str | None = None
    root_cause: str | None = None
    user_error: bool
    duplicate_of: UUID | None = None


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


@POLICY_EVENTS.fact("published")
class SlaPolicyPublished(Event):
    """A version of a service level is in force for new clocks; targets in business minutes.

    A resolved ticket is closed after `auto_close_days`.
    """

    policy_id: UUID
    policy_version: int
    name: str
    calendar_id: UUID
    targets: dict[Priority, dict[ClockMetric, int]]
    warn_percents: tuple[int, ...]
    auto_close_days: int = 5


@CALENDAR_EVENTS.fact("published")
class CalendarPublished(Event):
    """A version of a business calendar; per weekday 0–6 half-open intervals of local time."""

    calendar_id: UUID
    calendar_version: int
    name: str
    timezone: str
    weekly: dict[int, tuple[tuple[str, str], ...]]
    holidays: tuple[str, ...] = ()


@SURVEY_EVENTS.fact("sent")
class SurveySent(Event):
    """A person was asked how it was."""

    survey_id: UUID
    kind: Annotated[str, Open.to(SurveyKind)]
    customer_id: UUID
    contact_id: UUID | None = None
    ticket_id: UUID | None = None
    sent_at: datetime


@SURVEY_EVENTS.fact("answered")
class SurveyAnswered(Event):
    """A person said how it was: CSAT and CES 1–5, NPS 0–10. The comment stays in service-desk."""

    survey_id: UUID
    kind: Annotated[str, Open.to(SurveyKind)]
    customer_id: UUID
    contact_id: UUID | None = None
    ticket_id: UUID | None = None
    agent_id: str | None = None
    score: int
    has_comment: bool = False
    answered_at: datetime
