"""Facts of tickets: what customers need, and how it was done."""

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

TICKET_EVENTS = events_topic(
    "service-desk", "ticket", key="ticket_id", holds="every fact of a ticket"
)
TICKET_STATE = state_topic(
    "service-desk", "ticket", key="ticket_id", holds="the current ticket, with its subject"
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
