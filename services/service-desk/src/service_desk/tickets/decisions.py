"""What is decided on tickets: the facts that a command makes, or the refusal.

A move that the table of moves does not name is refused. Resolving, reopening, closing and
cancelling are commands of their own; the customer's reply makes its move by itself.
"""

from typing import assert_never
from uuid import UUID

from shared.contracts.service_desk import (
    TicketAssigned,
    TicketCancelled,
    TicketClosed,
    TicketFirstResponded,
    TicketMessageAdded,
    TicketOpened,
    TicketPriorityChanged,
    TicketReopened,
    TicketResolved,
    TicketStatus,
    TicketStatusChanged,
)
from shared.ids import derived_id

from service_desk.clocks.domain import Measure
from service_desk.tickets.commands import (
    AddMessage,
    AssignTicket,
    CancelTicket,
    ChangeSeverity,
    ChangeStatus,
    CloseTicket,
    OpenTicket,
    ReopenTicket,
    ResolveTicket,
    TicketCommand,
    WithdrawTicket,
)
from service_desk.tickets.domain import (
    MOVES,
    PRIORITIES,
    MoveNotAllowedError,
    Terms,
    Ticket,
    TicketEvent,
    TicketExistsError,
    TicketIsClosedError,
)


def decide_opening(ticket: Ticket | None, command: OpenTicket, terms: Terms) -> list[TicketEvent]:
    if ticket is not None:
        _require_same(ticket, command)
        return []
    opened = TicketOpened(
        ticket_id=command.ticket_id,
        number=terms.number,
        customer_id=command.customer_id,
        contact_id=command.contact_id,
        channel=command.channel,
        ticket_type=command.ticket_type,
        category=command.category,
        product_id=command.product_id,
        severity=command.severity,
        priority=PRIORITIES[command.severity],
        sla_policy_id=command.sla_policy_id,
        sla_policy_version=terms.sla_policy_version,
        received_at=command.at,
        source=command.source,
        source_id=command.source_id,
    )
    message = first_message(command)
    return [opened, _message_added(command.customer_id, message)] if message else [opened]


def first_message(command: OpenTicket) -> AddMessage | None:
    """What the customer wrote when the ticket was opened."""
    if command.body is None:
        return None
    return AddMessage(
        ticket_id=command.ticket_id,
        message_id=derived_id("message", command.ticket_id, "first"),
        direction="inbound",
        channel=command.channel,
        body=command.body,
        author=command.source,
        at=command.at,
    )


def decide(  # noqa: PLR0911 -- one return per command
    ticket: Ticket, command: TicketCommand, measure: Measure | None = None
) -> list[TicketEvent]:
    """`measure` is what the clock says that the command stops: response or resolution."""
    match command:
        case AssignTicket():
            return _assign(ticket, command)
        case ChangeStatus():
            return _change_status(ticket, command)
        case AddMessage():
            return _add_message(ticket, command, measure)
        case ChangeSeverity():
            return _change_severity(ticket, command)
        case ResolveTicket():
            return _resolve(ticket, command, measure)
        case ReopenTicket():
            return _reopen(ticket, command.reason_code)
        case CloseTicket():
            return _close(ticket, command)
        case CancelTicket():
            return _cancel(ticket, command)
        case WithdrawTicket():
            return _withdraw(ticket, command)
        case _:
            assert_never(command)


def _require_same(ticket: Ticket, command: OpenTicket) -> None:
    fields = ("customer_id", "contact_id", "channel", "ticket_type", "subject", "source_id")
    if any(getattr(ticket, name) != getattr(command, name) for name in fields):
        raise TicketExistsError(ticket_id=ticket.ticket_id)


def _require_alive(ticket: Ticket) -> None:
    if ticket.has_ended:
        raise TicketIsClosedError(ticket_id=ticket.ticket_id, status=ticket.status)


def _require_move(ticket: Ticket, to: TicketStatus) -> None:
    if to not in MOVES[ticket.status]:
        raise MoveNotAllowedError(
            ticket_id=ticket.ticket_id, from_status=ticket.status, to_status=to
        )


def _assign(ticket: Ticket, command: AssignTicket) -> list[TicketEvent]:
    """A new ticket that somebody answers for is open."""
    _require_alive(ticket)
    if ticket.agent_id == command.agent_id:
        return []
    assigned = TicketAssigned(
        ticket_id=ticket.ticket_id,
        customer_id=ticket.customer_id,
        agent_id=command.agent_id,
        method=command.method,
        handover_id=command.handover_id,
    )
    return [assigned, _moved(ticket, "open")] if ticket.status == "new" else [assigned]


def _change_status(ticket: Ticket, command: ChangeStatus) -> list[TicketEvent]:
    if ticket.status == command.to:
        return []
    _require_move(ticket, command.to)
    return [_moved(ticket, command.to, command.reason_code)]


def _add_message(ticket: Ticket, command: AddMessage, measure: Measure | None) -> list[TicketEvent]:
    _require_alive(ticket)
    events: list[TicketEvent] = [_message_added(ticket.customer_id, command)]
    if command.direction == "outbound" and ticket.first_responded_at is None:
        assert measure is not None
        events.append(
            TicketFirstResponded(
                ticket_id=ticket.ticket_id,
                customer_id=ticket.customer_id,
                agent_id=command.author,
                responded_at=command.at,
                business_minutes=measure.business_minutes,
                within_sla=measure.within_sla,
            )
        )
    if command.direction == "inbound" and ticket.status == "waiting-customer":
        events.append(_moved(ticket, "in-progress", "customer-replied"))
    if command.direction == "inbound" and ticket.status == "resolved":
        events += _reopen(ticket, "customer-replied")
    return events


def _change_severity(ticket: Ticket, command: ChangeSeverity) -> list[TicketEvent]:
    if ticket.severity == command.severity:
        return []
    _require_alive(ticket)
    return [
        TicketPriorityChanged(
            ticket_id=ticket.ticket_id,
            customer_id=ticket.customer_id,
            from_severity=ticket.severity,
            to_severity=command.severity,
            from_priority=ticket.priority,
            to_priority=PRIORITIES[command.severity],
            status=ticket.status,
            reason_code=command.reason_code,
        )
    ]


def _resolve(ticket: Ticket, command: ResolveTicket, measure: Measure | None) -> list[TicketEvent]:
    resolution = (command.resolution_code, command.root_cause, command.user_error)
    known = (ticket.resolution_code, ticket.root_cause, ticket.user_error)
    if ticket.status == "resolved" and resolution == known:
        return []
    _require_move(ticket, "resolved")
    assert measure is not None
    return [
        TicketResolved(
            ticket_id=ticket.ticket_id,
            customer_id=ticket.customer_id,
            contact_id=ticket.contact_id,
            severity=ticket.severity,
            resolution_code=command.resolution_code,
            root_cause=command.root_cause,
            user_error=command.user_error,
            agent_id=ticket.agent_id or command.resolver,
            business_minutes=measure.business_minutes,
            resolved_at=command.at,
        )
    ]


def _reopen(ticket: Ticket, reason_code: str) -> list[TicketEvent]:
    if ticket.status == "reopened":
        return []
    _require_move(ticket, "reopened")
    return [
        TicketReopened(
            ticket_id=ticket.ticket_id,
            customer_id=ticket.customer_id,
            severity=ticket.severity,
            reopen_count=ticket.reopen_count + 1,
            reason_code=reason_code,
        )
    ]


def _close(ticket: Ticket, command: CloseTicket) -> list[TicketEvent]:
    if ticket.status == "closed":
        return []
    _require_move(ticket, "closed")
    return [
        TicketClosed(
            ticket_id=ticket.ticket_id,
            customer_id=ticket.customer_id,
            closed_by=command.closed_by,
        )
    ]


def _cancel(ticket: Ticket, command: CancelTicket | WithdrawTicket) -> list[TicketEvent]:
    if ticket.status == "cancelled":
        return []
    if isinstance(command, CancelTicket):
        _require_move(ticket, "cancelled")
    return [
        TicketCancelled(
            ticket_id=ticket.ticket_id,
            customer_id=ticket.customer_id,
            severity=ticket.severity,
            reason_code=command.reason_code,
        )
    ]


def _withdraw(ticket: Ticket, command: WithdrawTicket) -> list[TicketEvent]:
    """What was done stays done."""
    return [] if ticket.status in ("resolved", "closed") else _cancel(ticket, command)


def _moved(ticket: Ticket, to: TicketStatus, reason_code: str | None = None) -> TicketStatusChanged:
    return TicketStatusChanged(
        ticket_id=ticket.ticket_id,
        customer_id=ticket.customer_id,
        from_status=ticket.status,
        to_status=to,
        reason_code=reason_code,
    )


def _message_added(customer_id: UUID, command: AddMessage) -> TicketMessageAdded:
    return TicketMessageAdded(
        ticket_id=command.ticket_id,
        customer_id=customer_id,
        message_id=command.message_id,
        direction=command.direction,
        channel=command.channel,
        occurred_at=command.at,
    )
