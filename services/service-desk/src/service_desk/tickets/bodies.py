"""What goes in and out of the ticket endpoints."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field
from shared.contracts.service_desk import ClockMetric, Priority, TicketStatus, TicketType
from shared.http.requests import Code, LongText, Text

from service_desk.clocks.domain import Clock, ClockStatus
from service_desk.policies.domain import DEFAULT_POLICY_ID
from service_desk.tickets.commands import (
    AddMessage,
    Direction,
    OpenTicket,
    ResolveTicket,
    WorkStatus,
)
from service_desk.tickets.domain import Ticket
from service_desk.tickets.store import Message

Severity = Annotated[int, Field(ge=1, le=4, description="1 is the gravest.")]


class TicketIn(BaseModel):
    """What a customer needs; the body becomes the first message."""

    customer_id: UUID
    contact_id: UUID | None = None
    channel: Code
    ticket_type: TicketType
    subject: Text
    body: LongText | None = None
    severity: Severity
    category: Code | None = None
    product_id: Code | None = None
    sla_policy_id: UUID = DEFAULT_POLICY_ID

    def command(self, ticket_id: UUID, at: datetime) -> OpenTicket:
        return OpenTicket(
            ticket_id=ticket_id,
            customer_id=self.customer_id,
            contact_id=self.contact_id,
            channel=self.channel,
            ticket_type=self.ticket_type,
            subject=self.subject,
            body=self.body,
            severity=self.severity,
            category=self.category,
            product_id=self.product_id,
            sla_policy_id=self.sla_policy_id,
            source="api",
            source_id=None,
            at=at,
        )


class AssignIn(BaseModel):
    """Without an agent the least busy one gets it."""

    agent_id: Code | None = None


class StatusIn(BaseModel):
    """Where the work stands."""

    to: WorkStatus
    reason_code: Code | None = None


class MessageIn(BaseModel):
    """Inbound is from the customer, outbound to the customer, internal among us."""

    direction: Direction
    channel: Code
    body: LongText

    def command(self, ticket_id: UUID, message_id: UUID, author: str, at: datetime) -> AddMessage:
        return AddMessage(
            ticket_id, message_id, self.direction, self.channel, self.body, author, at
        )


class SeverityIn(BaseModel):
    """The new weight and why."""

    severity: Severity
    reason_code: Code


class ResolveIn(BaseModel):
    """Codes, not prose: they become facts."""

    resolution_code: Code
    root_cause: Code
    user_error: bool = False

    def command(self, ticket_id: UUID, resolver: str, at: datetime) -> ResolveTicket:
        return ResolveTicket(
            ticket_id, self.resolution_code, self.root_cause, self.user_error, resolver, at
        )


class ReasonIn(BaseModel):
    """Why."""

    reason_code: Code


class CloseIn(BaseModel):
    """Who wants it closed."""

    closed_by: Literal["customer", "agent"] = "agent"


class ClockOut(BaseModel):
    """A promise and how it stands; the target is in business minutes."""

    clock_id: UUID
    metric: ClockMetric
    status: ClockStatus
    target_minutes: int
    started_at: datetime
    due_at: datetime
    warned_percent: int
    breached_at: datetime | None
    ended_at: datetime | None
    calendar_id: UUID
    calendar_version: int
    policy_id: UUID
    policy_version: int
    version: int

    @classmethod
    def of(cls, clock: Clock) -> Self:
        promise = clock.promise
        return cls(
            clock_id=clock.clock_id,
            metric=promise.metric,
            status=clock.status,
            target_minutes=promise.target_minutes,
            started_at=promise.started_at,
            due_at=clock.due_at,
            warned_percent=clock.warned_percent,
            breached_at=clock.breached_at,
            ended_at=clock.ended_at,
            calendar_id=promise.calendar_id,
            calendar_version=promise.calendar_version,
            policy_id=promise.policy_id,
            policy_version=promise.policy_version,
            version=clock.version,
        )


class TicketItem(BaseModel):
    """A ticket in a list."""

    ticket_id: UUID
    number: str
    customer_id: UUID
    contact_id: UUID | None
    channel: str
    ticket_type: TicketType
    subject: str
    category: str | None
    product_id: str | None
    severity: int
    priority: Priority
    status: TicketStatus
    agent_id: str | None
    sla_policy_id: UUID
    sla_policy_version: int
    source: str
    source_id: UUID | None
    reopen_count: int
    received_at: datetime
    first_responded_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    auto_close_at: datetime | None
    resolution_code: str | None
    root_cause: str | None
    user_error: bool
    duplicate_of: UUID | None
    version: int

    @classmethod
    def of(cls, ticket: Ticket) -> Self:
        return cls.model_validate(ticket, from_attributes=True)


class TicketOut(TicketItem):
    """A ticket with its clocks."""

    clocks: list[ClockOut] = []

    @classmethod
    def with_clocks(cls, ticket: Ticket, clocks: list[Clock]) -> Self:
        return cls.of(ticket).model_copy(update={"clocks": list(map(ClockOut.of, clocks))})


class MessageOut(BaseModel):
    """What somebody wrote."""

    message_id: UUID
    ticket_id: UUID
    direction: Direction
    channel: str
    body: str
    author: str
    occurred_at: datetime

    @classmethod
    def of(cls, message: Message) -> Self:
        return cls.model_validate(message, from_attributes=True)
