"""What may be asked of a ticket; ids and time come in with the command."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from shared.contracts.service_desk import TicketType

Direction = Literal["inbound", "outbound", "internal"]
WorkStatus = Literal["open", "in-progress", "waiting-customer", "waiting-third-party"]
"""The statuses that an agent moves a ticket between."""


@dataclass(frozen=True, slots=True)
class OpenTicket:
    ticket_id: UUID
    customer_id: UUID
    contact_id: UUID | None
    channel: str
    ticket_type: TicketType
    subject: str
    body: str | None
    severity: int
    category: str | None
    product_id: str | None
    sla_policy_id: UUID
    source: str
    source_id: UUID | None
    at: datetime


@dataclass(frozen=True, slots=True)
class AssignTicket:
    ticket_id: UUID
    agent_id: str
    method: Literal["manual", "least-busy", "handover"]
    handover_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ChangeStatus:
    ticket_id: UUID
    to: WorkStatus
    reason_code: str | None


@dataclass(frozen=True, slots=True)
class AddMessage:
    ticket_id: UUID
    message_id: UUID
    direction: Direction
    channel: str
    body: str
    author: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ChangeSeverity:
    ticket_id: UUID
    severity: int
    reason_code: str


@dataclass(frozen=True, slots=True)
class ResolveTicket:
    ticket_id: UUID
    resolution_code: str
    root_cause: str
    user_error: bool
    resolver: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReopenTicket:
    ticket_id: UUID
    reason_code: str


@dataclass(frozen=True, slots=True)
class CloseTicket:
    ticket_id: UUID
    closed_by: Literal["auto", "customer", "agent"]


@dataclass(frozen=True, slots=True)
class CancelTicket:
    ticket_id: UUID
    reason_code: str


@dataclass(frozen=True, slots=True)
class WithdrawTicket:
    """The ticket's cause is gone: it ends from wherever its work stands."""

    ticket_id: UUID
    reason_code: str


TicketCommand: TypeAlias = (
    AssignTicket
    | ChangeStatus
    | AddMessage
    | ChangeSeverity
    | ResolveTicket
    | ReopenTicket
    | CloseTicket
    | CancelTicket
    | WithdrawTicket
)
