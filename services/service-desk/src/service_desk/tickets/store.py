"""Tickets and their messages in PostgreSQL."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from shared.aliases import ids_of
from shared.contracts.service_desk import TicketStatus
from shared.db import Connection, refusing, rows_affected
from shared.errors import ConflictError, StaleVersionError
from shared.messaging.outbox import Fact

from service_desk.tickets.commands import AddMessage, Direction
from service_desk.tickets.domain import Ticket, TicketNotFoundError, snapshot

_COLUMNS = """ticket_id, number, customer_id, contact_id, channel, ticket_type, subject, category,
    product_id, severity, status, agent_id, sla_policy_id, sla_policy_version, auto_close_days,
    source, source_id, reopen_count, received_at, first_responded_at, resolved_at, closed_at,
    resolution_code, root_cause, user_error, version, duplicate_of"""
_FIND = f"SELECT {_COLUMNS} FROM tickets WHERE ticket_id = $1"
_LOCK = f"{_FIND} FOR UPDATE"
_LOCK_THESE = f"""
SELECT {_COLUMNS} FROM tickets WHERE ticket_id = ANY($1::uuid[]) ORDER BY ticket_id FOR UPDATE
"""
_LOCK_TO_CLOSE = f"""
SELECT {_COLUMNS} FROM tickets WHERE auto_close_at <= $1 ORDER BY auto_close_at LIMIT $2
FOR UPDATE SKIP LOCKED
"""
_LOCK_OF_SOURCE = f"""
SELECT {_COLUMNS} FROM tickets WHERE source_id = ANY($1::uuid[]) AND source = $2
ORDER BY ticket_id FOR UPDATE
"""
_LOCK_OPEN_OF_AGENT = f"""
SELECT {_COLUMNS} FROM tickets
WHERE agent_id = $1 AND status NOT IN ('resolved', 'closed', 'cancelled')
ORDER BY ticket_id LIMIT $2 FOR UPDATE
"""
_SAVE_AGENTS = """
UPDATE tickets SET version = new.version, status = new.status, agent_id = new.agent_id
FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::bigint[])
    AS new (ticket_id, version, status, agent_id, seen)
WHERE tickets.ticket_id = new.ticket_id AND tickets.version = new.seen
"""
_SAVE_PARTIES = """
UPDATE tickets SET version = new.version, customer_id = new.customer_id, contact_id = new.contact_id
FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::uuid[], $5::bigint[])
    AS new (ticket_id, version, customer_id, contact_id, seen)
WHERE tickets.ticket_id = new.ticket_id AND tickets.version = new.seen
"""
_SAVE_DUPLICATES = """
UPDATE tickets SET version = new.version, duplicate_of = new.duplicate_of
FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::bigint[])
    AS new (ticket_id, version, duplicate_of, seen)
WHERE tickets.ticket_id = new.ticket_id AND tickets.version = new.seen
"""
_LIST = f"""
SELECT {_COLUMNS} FROM tickets
WHERE ticket_id > $1 AND ($2::uuid[] IS NULL OR customer_id = ANY($2))
    AND ($3::text IS NULL OR status = $3) AND ($4::text IS NULL OR agent_id = $4)
    AND ($5::uuid IS NULL OR source_id = $5)
ORDER BY ticket_id LIMIT $6
"""
_NEXT_NUMBER = "SELECT nextval('ticket_numbers')"
_INSERT = f"""
INSERT INTO tickets ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
    $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27)
"""
_SAVE = """
UPDATE tickets SET severity = $2, status = $3, agent_id = $4, reopen_count = $5,
    first_responded_at = $6, resolved_at = $7, closed_at = $8, auto_close_at = $9,
    resolution_code = $10, root_cause = $11, user_error = $12, version = $13
WHERE ticket_id = $1 AND version = $14
"""
_COUNT_BY_AGENT = """
SELECT agent_id, count(*) AS tickets FROM tickets
WHERE agent_id = ANY($1::text[]) AND status NOT IN ('resolved', 'closed', 'cancelled')
GROUP BY agent_id
"""
_INSERT_MESSAGE = """
INSERT INTO ticket_messages (message_id, ticket_id, direction, channel, body, author, occurred_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_MESSAGE_COLUMNS = "message_id, ticket_id, direction, channel, body, author, occurred_at"
_FIND_MESSAGE = f"SELECT {_MESSAGE_COLUMNS} FROM ticket_messages WHERE message_id = $1"
_LIST_MESSAGES = f"""
SELECT {_MESSAGE_COLUMNS} FROM ticket_messages
WHERE ticket_id = $1 AND ($2::timestamptz IS NULL OR (occurred_at, message_id) > ($2, $3::uuid))
ORDER BY occurred_at, message_id LIMIT $4
"""


class MessageExistsError(ConflictError):
    """Another message has this id."""


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody wrote on a ticket."""

    message_id: UUID
    ticket_id: UUID
    direction: Direction
    channel: str
    body: str
    author: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """What people look for tickets by; None where it does not matter."""

    customer_id: UUID | None = None
    status: TicketStatus | None = None
    agent_id: str | None = None
    source_id: UUID | None = None


async def find_ticket(connection: Connection, ticket_id: UUID) -> Ticket | None:
    row = await connection.fetchrow(_FIND, ticket_id)
    return _ticket(row) if row else None


async def load_ticket(connection: Connection, ticket_id: UUID) -> Ticket:
    ticket = await find_ticket(connection, ticket_id)
    if ticket is None:
        raise TicketNotFoundError(ticket_id=ticket_id)
    return ticket


async def lock_snapshots(connection: Connection, ticket_ids: Sequence[UUID]) -> list[Fact]:
    """The tickets among these ids as they are now, locked, with their versions."""
    tickets = await lock_tickets(connection, ticket_ids)
    return [Fact(snapshot(ticket), ticket.version) for ticket in tickets]


async def lock_tickets(connection: Connection, ticket_ids: Sequence[UUID]) -> list[Ticket]:
    return [_ticket(row) for row in await connection.fetch(_LOCK_THESE, ticket_ids)]


async def lock_ticket(connection: Connection, ticket_id: UUID) -> Ticket:
    row = await connection.fetchrow(_LOCK, ticket_id)
    if row is None:
        raise TicketNotFoundError(ticket_id=ticket_id)
    return _ticket(row)


async def lock_tickets_to_close(connection: Connection, at: datetime, limit: int) -> list[Ticket]:
    """Resolved tickets whose time is up; those in other hands are passed by."""
    return [_ticket(row) for row in await connection.fetch(_LOCK_TO_CLOSE, at, limit)]


async def lock_open_tickets_of_agent(
    connection: Connection, agent_id: str, limit: int
) -> list[Ticket]:
    """Some of the unresolved tickets that an agent answers for."""
    return [_ticket(row) for row in await connection.fetch(_LOCK_OPEN_OF_AGENT, agent_id, limit)]


async def save_agents(connection: Connection, changes: Sequence[tuple[Ticket, Ticket]]) -> None:
    """Other agents of locked tickets, each before and after: one statement, however many."""
    status = await connection.execute(
        _SAVE_AGENTS,
        [after.ticket_id for _, after in changes],
        [after.version for _, after in changes],
        [after.status for _, after in changes],
        [after.agent_id for _, after in changes],
        [before.version for before, _ in changes],
    )
    if rows_affected(status) != len(changes):
        raise StaleVersionError


async def save_parties(connection: Connection, changes: Sequence[tuple[Ticket, Ticket]]) -> None:
    """Whom locked tickets name, each before and after: one statement, however many."""
    status = await connection.execute(
        _SAVE_PARTIES,
        [after.ticket_id for _, after in changes],
        [after.version for _, after in changes],
        [after.customer_id for _, after in changes],
        [after.contact_id for _, after in changes],
        [before.version for before, _ in changes],
    )
    if rows_affected(status) != len(changes):
        raise StaleVersionError


async def save_duplicates(connection: Connection, changes: Sequence[tuple[Ticket, Ticket]]) -> None:
    """What locked tickets seem to repeat, each before and after: one statement, however many."""
    status = await connection.execute(
        _SAVE_DUPLICATES,
        [after.ticket_id for _, after in changes],
        [after.version for _, after in changes],
        [after.duplicate_of for _, after in changes],
        [before.version for before, _ in changes],
    )
    if rows_affected(status) != len(changes):
        raise StaleVersionError


async def lock_tickets_of(
    connection: Connection, source: str, source_ids: Collection[UUID]
) -> list[Ticket]:
    """The tickets that were opened for these things of another service."""
    rows = await connection.fetch(_LOCK_OF_SOURCE, list(source_ids), source)
    return [_ticket(row) for row in rows]


async def list_tickets(
    connection: Connection, wanted: TicketFilter, after: UUID, limit: int
) -> list[Ticket]:
    customers = await ids_of(connection, wanted.customer_id) if wanted.customer_id else None
    rows = await connection.fetch(
        _LIST,
        after,
        customers,
        wanted.status,
        wanted.agent_id,
        wanted.source_id,
        limit,
    )
    return list(map(_ticket, rows))


async def next_number(connection: Connection) -> str:
    return f"T-{await connection.fetchval(_NEXT_NUMBER):06d}"


async def insert_ticket(connection: Connection, ticket: Ticket) -> None:
    row = (getattr(ticket, column.strip()) for column in _COLUMNS.split(","))
    with refusing({"tickets_pkey": StaleVersionError}, ticket_id=ticket.ticket_id):
        await connection.execute(_INSERT, *row)


async def save_ticket(connection: Connection, ticket: Ticket, old_version: int) -> None:
    status = await connection.execute(
        _SAVE,
        ticket.ticket_id,
        ticket.severity,
        ticket.status,
        ticket.agent_id,
        ticket.reopen_count,
        ticket.first_responded_at,
        ticket.resolved_at,
        ticket.closed_at,
        ticket.auto_close_at,
        ticket.resolution_code,
        ticket.root_cause,
        ticket.user_error,
        ticket.version,
        old_version,
    )
    if rows_affected(status) == 0:
        raise StaleVersionError(ticket_id=ticket.ticket_id)


async def count_by_agent(connection: Connection, agent_ids: list[str]) -> dict[str, int]:
    """How many unresolved tickets these agents have."""
    rows = await connection.fetch(_COUNT_BY_AGENT, agent_ids)
    return {row["agent_id"]: row["tickets"] for row in rows}


async def insert_message(connection: Connection, message: AddMessage) -> None:
    with refusing({"ticket_messages_pkey": MessageExistsError}, message_id=message.message_id):
        await connection.execute(
            _INSERT_MESSAGE,
            message.message_id,
            message.ticket_id,
            message.direction,
            message.channel,
            message.body,
            message.author,
            message.at,
        )


async def find_message(connection: Connection, message_id: UUID) -> Message | None:
    row = await connection.fetchrow(_FIND_MESSAGE, message_id)
    return Message(*row.values()) if row else None


async def list_messages(
    connection: Connection, ticket_id: UUID, after: tuple[datetime, UUID] | None, limit: int
) -> list[Message]:
    since, message_id = after or (None, None)
    rows = await connection.fetch(_LIST_MESSAGES, ticket_id, since, message_id, limit)
    return [Message(*row.values()) for row in rows]


def _ticket(row: asyncpg.Record) -> Ticket:
    return Ticket(**dict(row.items()))
