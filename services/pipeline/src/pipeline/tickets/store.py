"""What is known of tickets; one row per ticket."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import asyncpg
from shared.db import Connection

from pipeline.tickets.domain import Ticket

_COLUMNS = "ticket_id, customer_id, severity, is_open, breached_at, ended_at"
_LOCK = f"""
INSERT INTO tickets (ticket_id, customer_id, is_open)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::boolean[])
ON CONFLICT (ticket_id) DO UPDATE SET customer_id = tickets.customer_id
RETURNING {_COLUMNS}
"""
_LIST_OPEN = f"""
SELECT {_COLUMNS} FROM tickets WHERE customer_id = ANY($1::uuid[]) AND is_open ORDER BY ticket_id
"""
_SAVE = """
UPDATE tickets SET
    customer_id = $2, severity = $3, is_open = $4, breached_at = $5, ended_at = $6
WHERE ticket_id = $1
"""


async def lock_tickets(connection: Connection, begun: Iterable[Ticket]) -> dict[UUID, Ticket]:
    """What is known of these tickets, begun where nothing is, held until the transaction ends."""
    ordered = sorted({ticket.ticket_id: ticket for ticket in begun}.items())
    rows = await connection.fetch(
        _LOCK,
        [ticket_id for ticket_id, _ in ordered],
        [ticket.customer_id for _, ticket in ordered],
        [ticket.is_open for _, ticket in ordered],
    )
    return {row["ticket_id"]: _ticket(row) for row in rows}


async def list_open(connection: Connection, customer_ids: Sequence[UUID]) -> list[Ticket]:
    """A customer's open tickets, by every id that means it; the caller holds the customer's lock.

    A ticket keeps the id that it came with: so it goes with it when a merge is undone.
    """
    return [_ticket(row) for row in await connection.fetch(_LIST_OPEN, customer_ids)]


async def save_ticket(connection: Connection, ticket: Ticket) -> None:
    """Keep what is known; the caller holds the ticket, and the customer's lock."""
    await connection.execute(
        _SAVE,
        ticket.ticket_id,
        ticket.customer_id,
        ticket.severity,
        ticket.is_open,
        ticket.breached_at,
        ticket.ended_at,
    )


def _ticket(row: asyncpg.Record) -> Ticket:
    return Ticket(**row)
