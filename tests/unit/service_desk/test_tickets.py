"""Tickets: what happens, what is refused, what stays quiet."""

from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID

import pytest
from service_desk.clocks.domain import Measure
from service_desk.tickets.commands import (
    AddMessage,
    AssignTicket,
    CancelTicket,
    ChangeSeverity,
    ChangeStatus,
    CloseTicket,
    Direction,
    OpenTicket,
    ReopenTicket,
    ResolveTicket,
    TicketCommand,
    WithdrawTicket,
    WorkStatus,
)
from service_desk.tickets.decisions import decide, decide_opening
from service_desk.tickets.domain import (
    MOVES,
    MoveNotAllowedError,
    Terms,
    Ticket,
    TicketEvent,
    TicketExistsError,
    TicketIsClosedError,
    begin,
    evolve,
)
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

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ID = UUID(int=1)
OPEN = OpenTicket(
    ticket_id=ID,
    customer_id=UUID(int=2),
    contact_id=UUID(int=3),
    channel="phone",
    ticket_type="incident",
    subject="It is dark",
    body=None,
    severity=3,
    category=None,
    product_id=None,
    sla_policy_id=UUID(int=4),
    source="api",
    source_id=None,
    at=NOW,
)
TERMS = Terms("T-000123", 1, 5)
IN_TIME = Measure(3, within_sla=True)
STATUSES: tuple[TicketStatus, ...] = get_args(TicketStatus)
WORK: tuple[WorkStatus, ...] = get_args(WorkStatus)
RESOLVE = ResolveTicket(ID, "fixed", "blown-fuse", user_error=False, resolver="anna", at=NOW)

TO_STATUS: dict[TicketStatus, tuple[TicketCommand, ...]] = {
    "new": (),
    "open": (ChangeStatus(ID, "open", None),),
    "in-progress": (ChangeStatus(ID, "in-progress", None),),
    "waiting-customer": (
        ChangeStatus(ID, "in-progress", None),
        ChangeStatus(ID, "waiting-customer", None),
    ),
    "waiting-third-party": (
        ChangeStatus(ID, "in-progress", None),
        ChangeStatus(ID, "waiting-third-party", None),
    ),
    "resolved": (ChangeStatus(ID, "in-progress", None), RESOLVE),
    "reopened": (ChangeStatus(ID, "in-progress", None), RESOLVE, ReopenTicket(ID, "dark-again")),
    "closed": (ChangeStatus(ID, "in-progress", None), RESOLVE, CloseTicket(ID, "agent")),
    "cancelled": (CancelTicket(ID, "spam"),),
}


def ticket_in(status: TicketStatus) -> Ticket:
    ticket = begin(OPEN, TERMS)
    for command in TO_STATUS[status]:
        ticket = then(ticket, command)
    assert ticket.status == status
    return ticket


def then(ticket: Ticket, command: TicketCommand) -> Ticket:
    for event in decide(ticket, command, IN_TIME):
        ticket = evolve(ticket, event, NOW)
    return ticket


def types(events: list[TicketEvent]) -> list[type[TicketEvent]]:
    return [type(event) for event in events]


def message(direction: Direction) -> AddMessage:
    return AddMessage(ID, UUID(int=9), direction, "email", "…", "anna", NOW)


def test_a_ticket_opens_with_the_priority_of_its_severity() -> None:
    (opened,) = decide_opening(None, OPEN, TERMS)
    assert isinstance(opened, TicketOpened)
    assert (opened.number, opened.priority) == ("T-000123", "normal")


def test_a_ticket_opened_again_stays_quiet_and_another_one_is_refused() -> None:
    ticket = begin(OPEN, TERMS)
    assert decide_opening(ticket, OPEN, TERMS) == []
    other = OpenTicket(**{**_fields(OPEN), "subject": "It is wet"})
    with pytest.raises(TicketExistsError):
        decide_opening(ticket, other, TERMS)


def _fields(command: OpenTicket) -> dict[str, object]:
    return {name: getattr(command, name) for name in OpenTicket.__slots__}


@pytest.mark.parametrize("to", WORK)
@pytest.mark.parametrize("status", STATUSES)
def test_work_moves_as_the_table_says(status: TicketStatus, to: WorkStatus) -> None:
    ticket = ticket_in(status)
    command = ChangeStatus(ID, to, None)
    if to == status:
        assert decide(ticket, command) == []
    elif to in MOVES[status]:
        (moved,) = decide(ticket, command)
        assert isinstance(moved, TicketStatusChanged)
        assert (moved.from_status, moved.to_status) == (status, to)
    else:
        with pytest.raises(MoveNotAllowedError) as refused:
            decide(ticket, command)
        assert refused.value.details["from_status"] == status
        assert refused.value.details["to_status"] == to


ENDS: list[tuple[TicketCommand, TicketStatus]] = [
    (RESOLVE, "resolved"),
    (ReopenTicket(ID, "x"), "reopened"),
    (CloseTicket(ID, "agent"), "closed"),
    (CancelTicket(ID, "x"), "cancelled"),
]


@pytest.mark.parametrize(("command", "to"), ENDS)
@pytest.mark.parametrize("status", STATUSES)
def test_each_end_is_reached_only_from_where_the_table_says(
    status: TicketStatus, command: TicketCommand, to: TicketStatus
) -> None:
    ticket = ticket_in(status)
    if status == to:
        assert decide(ticket, command, IN_TIME) == []
    elif to in MOVES[status]:
        assert then(ticket, command).status == to
    else:
        with pytest.raises(MoveNotAllowedError):
            decide(ticket, command, IN_TIME)


def test_only_the_first_word_to_the_customer_is_the_first_response() -> None:
    ticket = ticket_in("open")
    assert types(decide(ticket, message("internal"), IN_TIME)) == [TicketMessageAdded]
    assert types(decide(ticket, message("inbound"), IN_TIME)) == [TicketMessageAdded]
    answered = decide(ticket, message("outbound"), IN_TIME)
    assert types(answered) == [TicketMessageAdded, TicketFirstResponded]
    ticket = then(ticket, message("outbound"))
    assert types(decide(ticket, message("outbound"), IN_TIME)) == [TicketMessageAdded]


def test_a_customers_word_makes_the_move_that_it_means() -> None:
    inbound = message("inbound")
    assert then(ticket_in("waiting-customer"), inbound).status == "in-progress"
    assert then(ticket_in("resolved"), inbound).status == "reopened"
    assert then(ticket_in("waiting-third-party"), inbound).status == "waiting-third-party"
    for status in ("closed", "cancelled"):
        with pytest.raises(TicketIsClosedError):
            decide(ticket_in(status), inbound, IN_TIME)


def test_a_new_ticket_that_somebody_answers_for_is_open() -> None:
    assign = AssignTicket(ID, "anna", "manual")
    assert types(decide(ticket_in("new"), assign)) == [TicketAssigned, TicketStatusChanged]
    ticket = then(ticket_in("new"), assign)
    assert (ticket.agent_id, ticket.status) == ("anna", "open")
    assert decide(ticket, assign) == []
    with pytest.raises(TicketIsClosedError):
        decide(ticket_in("closed"), assign)


def test_another_severity_is_another_priority() -> None:
    (changed,) = decide(ticket_in("open"), ChangeSeverity(ID, 1, "whole-site-down"))
    assert isinstance(changed, TicketPriorityChanged)
    assert (changed.from_priority, changed.to_priority) == ("normal", "urgent")
    assert decide(ticket_in("open"), ChangeSeverity(ID, 3, "x")) == []
    with pytest.raises(TicketIsClosedError):
        decide(ticket_in("cancelled"), ChangeSeverity(ID, 1, "x"))


def test_a_resolved_ticket_closes_itself_after_the_days_of_its_service_level() -> None:
    ticket = ticket_in("resolved")
    assert ticket.auto_close_at == NOW + timedelta(days=5)
    (closed,) = decide(ticket, CloseTicket(ID, "auto"))
    assert isinstance(closed, TicketClosed)
    assert ticket_in("reopened").auto_close_at is None
    assert ticket_in("closed").auto_close_at is None


def test_a_ticket_reopened_twice_counts_twice() -> None:
    ticket = ticket_in("reopened")
    for command in TO_STATUS["reopened"]:
        ticket = then(ticket, command)
    assert ticket.reopen_count == 2
    (reopened,) = decide(ticket_in("resolved"), ReopenTicket(ID, "x"))
    assert isinstance(reopened, TicketReopened)


def test_a_resolution_told_again_stays_quiet_and_another_one_is_refused() -> None:
    ticket = ticket_in("resolved")
    assert decide(ticket, RESOLVE, IN_TIME) == []
    other = ResolveTicket(ID, "other", "blown-fuse", user_error=False, resolver="anna", at=NOW)
    with pytest.raises(MoveNotAllowedError):
        decide(ticket, other, IN_TIME)
    (resolved,) = decide(ticket_in("open"), RESOLVE, IN_TIME)
    assert isinstance(resolved, TicketResolved)
    assert (resolved.agent_id, resolved.business_minutes) == ("anna", 3)


@pytest.mark.parametrize("status", STATUSES)
def test_a_ticket_whose_cause_is_gone_ends_unless_its_work_is_done(status: TicketStatus) -> None:
    events = decide(ticket_in(status), WithdrawTicket(ID, "deal-reopened"))
    is_over = status in ("resolved", "closed", "cancelled")
    assert types(events) == ([] if is_over else [TicketCancelled])
