"""Tickets: what a customer needs of us, from the first word to the last."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias, assert_never
from uuid import UUID

from shared.contracts.service_desk import (
    Priority,
    TicketAssigned,
    TicketCancelled,
    TicketClosed,
    TicketDuplicateCleared,
    TicketDuplicateSuspected,
    TicketFirstResponded,
    TicketMessageAdded,
    TicketOpened,
    TicketPriorityChanged,
    TicketReopened,
    TicketRepointed,
    TicketResolved,
    TicketState,
    TicketStatus,
    TicketStatusChanged,
    TicketType,
)
from shared.contracts.values import Party
from shared.errors import ConflictError, NotFoundError

from service_desk.tickets.commands import OpenTicket

MOVES: dict[TicketStatus, frozenset[TicketStatus]] = {
    "new": frozenset({"open", "in-progress", "cancelled"}),
    "open": frozenset(
        {"in-progress", "waiting-customer", "waiting-third-party", "cancelled", "resolved"}
    ),
    "in-progress": frozenset({"waiting-customer", "waiting-third-party", "resolved", "open"}),
    "waiting-customer": frozenset({"in-progress", "resolved"}),
    "waiting-third-party": frozenset({"in-progress"}),
    "resolved": frozenset({"closed", "reopened"}),
    "reopened": frozenset({"in-progress"}),
    "closed": frozenset(),
    "cancelled": frozenset(),
}
PRIORITIES: dict[int, Priority] = {1: "urgent", 2: "high", 3: "normal", 4: "low"}

TicketEvent: TypeAlias = (
    TicketOpened
    | TicketAssigned
    | TicketStatusChanged
    | TicketMessageAdded
    | TicketFirstResponded
    | TicketPriorityChanged
    | TicketResolved
    | TicketReopened
    | TicketClosed
    | TicketCancelled
    | TicketRepointed
    | TicketDuplicateSuspected
    | TicketDuplicateCleared
)


class TicketNotFoundError(NotFoundError):
    """There is no such ticket."""


class TicketExistsError(ConflictError):
    """Another ticket has this id."""


class MoveNotAllowedError(ConflictError):
    """A ticket cannot move from this status to that one."""


class TicketIsClosedError(ConflictError):
    """The ticket has ended; open a new ticket."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket; its messages stand beside it."""

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
    status: TicketStatus
    agent_id: str | None
    sla_policy_id: UUID
    sla_policy_version: int
    auto_close_days: int
    source: str
    source_id: UUID | None
    reopen_count: int
    received_at: datetime
    first_responded_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    resolution_code: str | None
    root_cause: str | None
    user_error: bool
    version: int
    duplicate_of: UUID | None = None

    @property
    def priority(self) -> Priority:
        return PRIORITIES[self.severity]

    @property
    def has_ended(self) -> bool:
        return not MOVES[self.status]

    @property
    def auto_close_at(self) -> datetime | None:
        if self.status != "resolved" or self.resolved_at is None:
            return None
        return self.resolved_at + timedelta(days=self.auto_close_days)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the desk adds to a new ticket: its number, and the service level in force."""

    number: str
    sla_policy_version: int
    auto_close_days: int


def begin(command: OpenTicket, terms: Terms) -> Ticket:
    """A ticket as its opening leaves it; what is written does not change it."""
    return Ticket(
        ticket_id=command.ticket_id,
        number=terms.number,
        customer_id=command.customer_id,
        contact_id=command.contact_id,
        channel=command.channel,
        ticket_type=command.ticket_type,
        subject=command.subject,
        category=command.category,
        product_id=command.product_id,
        severity=command.severity,
        status="new",
        agent_id=None,
        sla_policy_id=command.sla_policy_id,
        sla_policy_version=terms.sla_policy_version,
        auto_close_days=terms.auto_close_days,
        source=command.source,
        source_id=command.source_id,
        reopen_count=0,
        received_at=command.at,
        first_responded_at=None,
        resolved_at=None,
        closed_at=None,
        resolution_code=None,
        root_cause=None,
        user_error=False,
        version=1,
    )


def evolve(ticket: Ticket, event: TicketEvent, at: datetime) -> Ticket:  # noqa: C901, PLR0911, PLR0912 -- one per fact
    ticket = replace(ticket, version=ticket.version + 1)
    match event:
        case TicketOpened():
            raise AssertionError("a ticket opens once")
        case TicketAssigned(agent_id=agent_id):
            return replace(ticket, agent_id=agent_id)
        case TicketStatusChanged(to_status=to):
            return replace(ticket, status=to)
        case TicketMessageAdded():
            return ticket
        case TicketFirstResponded(responded_at=responded_at):
            return replace(ticket, first_responded_at=responded_at)
        case TicketPriorityChanged(to_severity=severity):
            return replace(ticket, severity=severity)
        case TicketResolved():
            return replace(
                ticket,
                status="resolved",
                resolved_at=event.resolved_at,
                resolution_code=event.resolution_code,
                root_cause=event.root_cause,
                user_error=event.user_error,
            )
        case TicketReopened(reopen_count=count):
            return replace(ticket, status="reopened", reopen_count=count, resolved_at=None)
        case TicketClosed():
            return replace(ticket, status="closed", closed_at=at)
        case TicketCancelled():
            return replace(ticket, status="cancelled", closed_at=at)
        case TicketRepointed(party="customer", to_id=to_id):
            return replace(ticket, customer_id=to_id)
        case TicketRepointed(to_id=to_id):
            return replace(ticket, contact_id=to_id)
        case TicketDuplicateSuspected(duplicate_of=other_id):
            return replace(ticket, duplicate_of=other_id)
        case TicketDuplicateCleared():
            return replace(ticket, duplicate_of=None)
        case _:
            assert_never(event)


def repointed(ticket: Ticket, party: Party, from_id: UUID, to_id: UUID) -> list[TicketRepointed]:
    """The ticket names another record, if it still names the one; whatever its status."""
    of_customer = party == "customer"
    if from_id != (ticket.customer_id if of_customer else ticket.contact_id):
        return []
    return [
        TicketRepointed(
            ticket_id=ticket.ticket_id,
            customer_id=to_id if of_customer else ticket.customer_id,
            party=party,
            from_id=from_id,
            to_id=to_id,
        )
    ]


def suspected(ticket: Ticket, other_id: UUID) -> list[TicketDuplicateSuspected]:
    """The ticket seems to be about the same as another; once is enough."""
    if ticket.duplicate_of is not None:
        return []
    return [
        TicketDuplicateSuspected(
            ticket_id=ticket.ticket_id, customer_id=ticket.customer_id, duplicate_of=other_id
        )
    ]


def cleared(ticket: Ticket) -> list[TicketDuplicateCleared]:
    """The ticket has nothing to do with the other."""
    if ticket.duplicate_of is None:
        return []
    return [
        TicketDuplicateCleared(
            ticket_id=ticket.ticket_id,
            customer_id=ticket.customer_id,
            duplicate_of=ticket.duplicate_of,
        )
    ]


def snapshot(ticket: Ticket) -> TicketState:
    """The whole ticket, for those who keep a copy."""
    return TicketState(
        ticket_id=ticket.ticket_id,
        number=ticket.number,
        customer_id=ticket.customer_id,
        contact_id=ticket.contact_id,
        channel=ticket.channel,
        ticket_type=ticket.ticket_type,
        subject=ticket.subject,
        category=ticket.category,
        product_id=ticket.product_id,
        severity=ticket.severity,
        priority=ticket.priority,
        status=ticket.status,
        agent_id=ticket.agent_id,
        sla_policy_id=ticket.sla_policy_id,
        sla_policy_version=ticket.sla_policy_version,
        source=ticket.source,
        source_id=ticket.source_id,
        reopen_count=ticket.reopen_count,
        received_at=ticket.received_at,
        first_responded_at=ticket.first_responded_at,
        resolved_at=ticket.resolved_at,
        closed_at=ticket.closed_at,
        auto_close_at=ticket.auto_close_at,
        resolution_code=ticket.resolution_code,
        root_cause=ticket.root_cause,
        user_error=ticket.user_error,
        duplicate_of=ticket.duplicate_of,
    )
