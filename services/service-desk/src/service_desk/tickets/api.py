"""Tickets over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from shared.auth import Caller, Reader, allow
from shared.contracts.service_desk import TicketStatus
from shared.db import Pool
from shared.http.requests import (
    Code,
    Cursor,
    CursorInvalidError,
    Database,
    IfMatch,
    Limit,
    NewId,
    Page,
    page_of,
    read_cursor,
    tag_version,
)

from service_desk.clocks.store import list_clocks
from service_desk.tickets import handlers, store
from service_desk.tickets.bodies import (
    AssignIn,
    CloseIn,
    MessageIn,
    MessageOut,
    ReasonIn,
    ResolveIn,
    SeverityIn,
    StatusIn,
    TicketIn,
    TicketItem,
    TicketOut,
)
from service_desk.tickets.commands import (
    CancelTicket,
    ChangeSeverity,
    ChangeStatus,
    CloseTicket,
    ReopenTicket,
)
from service_desk.tickets.domain import Ticket
from service_desk.tickets.store import TicketFilter

router = APIRouter(prefix="/v1/tickets", tags=["tickets"])

Opener = Annotated[Caller, Depends(allow("service", "sales", "integration"))]
Writer = Annotated[Caller, Depends(allow("service", "integration"))]
Agent = Annotated[Caller, Depends(allow("service"))]


async def _filter(
    customer_id: UUID | None = None,
    status: TicketStatus | None = None,
    agent_id: Annotated[Code | None, Query()] = None,
    source_id: UUID | None = None,
) -> TicketFilter:
    return TicketFilter(customer_id, status, agent_id, source_id)


@router.post("", status_code=201)
async def open_ticket(
    caller: Opener, pool: Database, new_id: NewId, body: TicketIn, response: Response
) -> TicketOut:
    """Open a ticket; its clocks start now."""
    command = body.command(new_id, caller.cause.at)
    return await _answer(pool, response, await handlers.open_ticket(pool, caller.cause, command))


@router.get("")
async def list_tickets(
    caller: Reader,
    pool: Database,
    wanted: Annotated[TicketFilter, Depends(_filter)],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[TicketItem]:
    """Tickets of a customer, in a status, of an agent, or from a source (a won deal)."""
    del caller
    after = read_cursor(cursor, UUID)
    async with pool.acquire() as connection:
        tickets = await store.list_tickets(
            connection, wanted, after[0] if after else UUID(int=0), limit + 1
        )
    return page_of(list(map(TicketItem.of, tickets)), limit, lambda item: [item.ticket_id])


@router.get("/{ticket_id}")
async def show_ticket(
    caller: Reader, pool: Database, ticket_id: UUID, response: Response
) -> TicketOut:
    """A ticket with its clocks."""
    del caller
    async with pool.acquire() as connection:
        ticket = await store.load_ticket(connection, ticket_id)
    return await _answer(pool, response, ticket)


@router.post("/{ticket_id}/assign")
async def assign_ticket(
    caller: Agent,
    pool: Database,
    ticket_id: UUID,
    body: AssignIn,
    if_match: IfMatch,
    response: Response,
) -> TicketOut:
    """Give a ticket to an agent; without one, to the least busy."""
    ticket = await handlers.assign_ticket(pool, caller.cause, ticket_id, body.agent_id, if_match)
    return await _answer(pool, response, ticket)


@router.post("/{ticket_id}/status")
async def change_status(
    caller: Agent,
    pool: Database,
    ticket_id: UUID,
    body: StatusIn,
    if_match: IfMatch,
    response: Response,
) -> TicketOut:
    """Move a ticket; waiting for the customer pauses the resolution clock."""
    command = ChangeStatus(ticket_id, body.to, body.reason_code)
    ticket = await handlers.change_status(pool, caller.cause, command, if_match)
    return await _answer(pool, response, ticket)


@router.post("/{ticket_id}/messages", status_code=201)
async def add_message(
    caller: Writer,
    pool: Database,
    ticket_id: UUID,
    new_id: NewId,
    body: MessageIn,
    response: Response,
) -> TicketOut:
    """Add what somebody wrote; the first word to the customer stops the first-response clock."""
    command = body.command(ticket_id, new_id, caller.subject, caller.cause.at)
    ticket = await handlers.add_message(pool, caller.cause, command)
    return await _answer(pool, response, ticket)


@router.get("/{ticket_id}/messages")
async def list_messages(
    caller: Reader, pool: Database, ticket_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> Page[MessageOut]:
    """What was written on a ticket, oldest first."""
    del caller
    after = read_cursor(cursor, str, str)
    since = _position(after) if after else None
    async with pool.acquire() as connection:
        await store.load_ticket(connection, ticket_id)
        messages = await store.list_messages(connection, ticket_id, since, limit + 1)
    items = list(map(MessageOut.of, messages))
    return page_of(items, limit, lambda item: [item.occurred_at.isoformat(), item.message_id])


@router.post("/{ticket_id}/severity")
async def change_severity(
    caller: Agent,
    pool: Database,
    ticket_id: UUID,
    body: SeverityIn,
    if_match: IfMatch,
    response: Response,
) -> TicketOut:
    """Weigh a ticket anew; its clocks are recomputed from their start."""
    command = ChangeSeverity(ticket_id, body.severity, body.reason_code)
    ticket = await handlers.change_severity(pool, caller.cause, command, if_match)
    return await _answer(pool, response, ticket)


@router.post("/{ticket_id}/resolve")
async def resolve_ticket(
    caller: Agent,
    pool: Database,
    ticket_id: UUID,
    body: ResolveIn,
    if_match: IfMatch,
    response: Response,
) -> TicketOut:
    """Say that it is done, how, and what was the cause."""
    command = body.command(ticket_id, caller.subject, caller.cause.at)
    ticket = await handlers.resolve_ticket(pool, caller.cause, command, if_match)
    return await _answer(pool, response, ticket)


@router.post("/{ticket_id}/reopen")
async def reopen_ticket(
    caller: Writer,
    pool: Database,
    ticket_id: UUID,
    body: ReasonIn,
    if_match: IfMatch,
    response: Response,
) -> TicketOut:
    """It was not done after all; the resolution clock goes on."""
    command = ReopenTicket(ticket_id, body.reason_code)
    ticket = await handlers.reopen_ticket(pool, caller.cause, command, if_match)
    return await _answer(pool, response, ticket)


@router.post("/{ticket_id}/close")
async def close_ticket(
    caller: Agent,
    pool: Database,
    ticket_id: UUID,
    body: CloseIn,
    if_match: IfMatch,
    response: Response,
) -> TicketOut:
    """Close a resolved ticket for good."""
    command = CloseTicket(ticket_id, body.closed_by)
    ticket = await handlers.close_ticket(pool, caller.cause, command, if_match)
    return await _answer(pool, response, ticket)


@router.post("/{ticket_id}/cancel")
async def cancel_ticket(
    caller: Agent,
    pool: Database,
    ticket_id: UUID,
    body: ReasonIn,
    if_match: IfMatch,
    response: Response,
) -> TicketOut:
    """End a ticket that nobody has begun to work on."""
    command = CancelTicket(ticket_id, body.reason_code)
    ticket = await handlers.cancel_ticket(pool, caller.cause, command, if_match)
    return await _answer(pool, response, ticket)


async def _answer(pool: Pool, response: Response, ticket: Ticket) -> TicketOut:
    async with pool.acquire() as connection:
        clocks = await list_clocks(connection, ticket.ticket_id)
    tag_version(response, ticket.version)
    return TicketOut.with_clocks(ticket, clocks)


def _position(values: list[str]) -> tuple[datetime, UUID]:
    try:
        occurred_at, message_id = datetime.fromisoformat(values[0]), UUID(values[1])
    except ValueError as error:
        raise CursorInvalidError from error
    if occurred_at.tzinfo is None:
        raise CursorInvalidError
    return occurred_at, message_id
