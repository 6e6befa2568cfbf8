"""Tickets: one use case = one function = one transaction; a ticket's clocks move in it too."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import UUID

from shared.cause import Cause
from shared.contracts.service_desk import TicketOpened
from shared.db import Connection, Pool, transaction, with_retries
from shared.errors import ConflictError, InvalidError
from shared.handovers import require_employed
from shared.http.requests import require_version
from shared.ids import new_id
from shared.messaging import outbox
from shared.messaging.outbox import Fact
from shared.telemetry import new_trace

from service_desk.agents.domain import least_busy
from service_desk.agents.store import find_agent, lock_active_agents
from service_desk.clocks.domain import measure
from service_desk.clocks.handlers import follow, start_clocks
from service_desk.clocks.store import lock_clock
from service_desk.grades.store import find_service_level
from service_desk.naming import led_on
from service_desk.policies.domain import DEFAULT_POLICY_ID
from service_desk.policies.store import find_named, find_policy
from service_desk.tickets import store
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
)
from service_desk.tickets.decisions import decide, decide_opening, first_message
from service_desk.tickets.domain import Terms, Ticket, TicketEvent, begin, evolve, snapshot

BATCH = 100

Decide: TypeAlias = Callable[[Connection, Ticket], Awaitable[list[TicketEvent]]]


class AssignmentFailedError(ConflictError):
    """Nobody can be given the ticket."""


class PolicyUnknownError(InvalidError):
    """The ticket names a service level that does not exist."""


async def open_ticket(pool: Pool, cause: Cause, command: OpenTicket) -> Ticket:
    async def attempt() -> Ticket:
        async with transaction(pool) as connection:
            return await admit_ticket(connection, cause, command)

    return await with_retries(attempt)


async def assign_ticket(
    pool: Pool, cause: Cause, ticket_id: UUID, agent_id: str | None, if_match: int | None = None
) -> Ticket:
    """To this agent, or to the least busy one; assigned again, it stays where it is."""

    async def decide_assignment(connection: Connection, ticket: Ticket) -> list[TicketEvent]:
        if agent_id is not None:
            return decide(ticket, await _manual(connection, ticket, agent_id))
        if ticket.agent_id is not None:
            return []
        return decide(ticket, await _least_busy(connection, ticket))

    return await _change(pool, cause, ticket_id, decide_assignment, if_match)


async def add_message(pool: Pool, cause: Cause, command: AddMessage) -> Ticket:
    async def decide_message(connection: Connection, ticket: Ticket) -> list[TicketEvent]:
        if await _is_known(connection, command):
            return []
        clock = await lock_clock(connection, ticket.ticket_id, "first-response")
        events = decide(ticket, command, measure(clock, command.at))
        await store.insert_message(connection, command)
        return events

    return await _change(pool, cause, command.ticket_id, decide_message, None)


async def resolve_ticket(
    pool: Pool, cause: Cause, command: ResolveTicket, if_match: int | None = None
) -> Ticket:
    async def decide_resolution(connection: Connection, ticket: Ticket) -> list[TicketEvent]:
        clock = await lock_clock(connection, ticket.ticket_id, "resolution")
        return decide(ticket, command, measure(clock, command.at))

    return await _change(pool, cause, command.ticket_id, decide_resolution, if_match)


async def change_status(
    pool: Pool, cause: Cause, command: ChangeStatus, if_match: int | None = None
) -> Ticket:
    return await _command(pool, cause, command, if_match)


async def change_severity(
    pool: Pool, cause: Cause, command: ChangeSeverity, if_match: int | None = None
) -> Ticket:
    return await _command(pool, cause, command, if_match)


async def reopen_ticket(
    pool: Pool, cause: Cause, command: ReopenTicket, if_match: int | None = None
) -> Ticket:
    return await _command(pool, cause, command, if_match)


async def close_ticket(
    pool: Pool, cause: Cause, command: CloseTicket, if_match: int | None = None
) -> Ticket:
    return await _command(pool, cause, command, if_match)


async def cancel_ticket(
    pool: Pool, cause: Cause, command: CancelTicket, if_match: int | None = None
) -> Ticket:
    return await _command(pool, cause, command, if_match)


async def close_resolved_tickets(pool: Pool) -> None:
    """Close what was resolved long enough ago."""
    while await close_due(pool, datetime.now(UTC)) == BATCH:
        pass


async def admit_ticket(connection: Connection, cause: Cause, command: OpenTicket) -> Ticket:
    """Open a ticket with its clocks inside a running transaction."""
    known = await store.find_ticket(connection, command.ticket_id)
    customer_id, contact_id = await led_on(connection, command, known)
    command = replace(command, customer_id=customer_id, contact_id=contact_id)
    if known is None:
        command = await _by_grade(connection, command)
    policy = await find_policy(connection, command.sla_policy_id)
    if policy is None:
        raise PolicyUnknownError(field="sla_policy_id")
    number = known.number if known else await store.next_number(connection)
    terms = Terms(number, policy.version, policy.auto_close_days)
    events = decide_opening(known, command, terms)
    if known is not None:
        return known
    ticket, facts = _fold(begin(command, terms), events[1:], cause.at)
    await store.insert_ticket(connection, ticket)
    message = first_message(command)
    if message is not None:
        await store.insert_message(connection, message)
    opened = events[0]
    assert isinstance(opened, TicketOpened)
    clocks = await start_clocks(connection, opened, policy, command.at)
    state = Fact(snapshot(ticket), ticket.version)
    await outbox.append(connection, cause, [Fact(opened, 1), *facts, state, *clocks])
    return ticket


async def _by_grade(connection: Connection, command: OpenTicket) -> OpenTicket:
    """Under the service level that the customer's grade entitles to, unless another is named."""
    if command.sla_policy_id != DEFAULT_POLICY_ID:
        return command
    level = await find_service_level(connection, command.customer_id)
    entitled = await find_named(connection, level) if level else None
    return replace(command, sla_policy_id=entitled.policy_id) if entitled else command


async def record(
    connection: Connection, cause: Cause, ticket: Ticket, events: Sequence[TicketEvent]
) -> Ticket:
    """Save what the events make of the ticket and of its clocks, and publish all of it."""
    if not events:
        return ticket
    now, facts = _fold(ticket, events, cause.at)
    await store.save_ticket(connection, now, ticket.version)
    clocks = await follow(connection, ticket.ticket_id, events, cause.at)
    await outbox.append(connection, cause, [*facts, Fact(snapshot(now), now.version), *clocks])
    return now


def _fold(ticket: Ticket, events: Sequence[TicketEvent], at: datetime) -> tuple[Ticket, list[Fact]]:
    facts: list[Fact] = []
    for event in events:
        ticket = evolve(ticket, event, at)
        facts.append(Fact(event, ticket.version))
    return ticket, facts


async def _command(
    pool: Pool, cause: Cause, command: TicketCommand, if_match: int | None
) -> Ticket:
    async def decide_plainly(connection: Connection, ticket: Ticket) -> list[TicketEvent]:
        del connection
        return decide(ticket, command)

    return await _change(pool, cause, command.ticket_id, decide_plainly, if_match)


async def _change(
    pool: Pool, cause: Cause, ticket_id: UUID, decision: Decide, if_match: int | None
) -> Ticket:
    async def attempt() -> Ticket:
        async with transaction(pool) as connection:
            ticket = await store.lock_ticket(connection, ticket_id)
            require_version(ticket.version, if_match)
            return await record(connection, cause, ticket, await decision(connection, ticket))

    return await with_retries(attempt)


async def _manual(connection: Connection, ticket: Ticket, agent_id: str) -> AssignTicket:
    """A person may name anybody, also beyond capacity, but nobody who is known to be away."""
    await require_employed(connection, agent_id, "agent_id")
    agent = await find_agent(connection, agent_id)
    if agent is not None and not agent.is_active:
        raise AssignmentFailedError(
            ticket_id=ticket.ticket_id, agent_id=agent_id, reason_code="agent-inactive"
        )
    return AssignTicket(ticket.ticket_id, agent_id, "manual")


async def _least_busy(connection: Connection, ticket: Ticket) -> AssignTicket:
    agents = await lock_active_agents(connection)
    load = await store.count_by_agent(connection, [agent.agent_id for agent in agents])
    agent = least_busy(agents, load)
    if agent is None:
        raise AssignmentFailedError(ticket_id=ticket.ticket_id, reason_code="no-capacity")
    return AssignTicket(ticket.ticket_id, agent.agent_id, "least-busy")


async def _is_known(connection: Connection, command: AddMessage) -> bool:
    known = await store.find_message(connection, command.message_id)
    if known is None:
        return False
    said = (known.ticket_id, known.direction, known.channel, known.body)
    if said != (command.ticket_id, command.direction, command.channel, command.body):
        raise store.MessageExistsError(message_id=command.message_id)
    return True


async def close_due(pool: Pool, at: datetime) -> int:
    """One batch of what is to be closed at an instant; answers how many tickets that were."""
    cause = Cause("service:service-desk", at, str(new_id()), new_trace())
    async with transaction(pool) as connection:
        tickets = await store.lock_tickets_to_close(connection, at, BATCH)
        for ticket in tickets:
            events = decide(ticket, CloseTicket(ticket.ticket_id, "auto"))
            await record(connection, cause, ticket, events)
    return len(tickets)
