"""What is known of tickets; one row per ticket."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
from shared.db import Connection

from pipeline.tickets.domain import Ticket

_COLUMNS = "ticket_id, customer_id, severity, is_open, is_breached"
_FIND = f"SELECT {_COLUMNS} FROM tickets WHERE ticket_id = $1"
_LIST_OPEN = f"""
SELECT {_COLUMNS} FROM tickets WHERE customer_id = ANY($1::uuid[]) AND is_open ORDER BY ticket_id
"""
_SAVE = f"""
INSERT INTO tickets ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (ticket_id) DO UPDATE SET
    severity = excluded.severity, is_open = excluded.is_open, is_breached = excluded.is_breached
"""


async def find_ticket(connection: Connection, ticket_id: UUID) -> Ticket | None:
    row = await connection.fetchrow(_FIND, ticket_id)
    return _ticket(row) if row else None


async def list_open(connection: Connection, customer_ids: Sequence[UUID]) -> list[Ticket]:
    """A customer's open tickets, by every id that means it; the caller holds the customer's lock.

    A ticket keeps the id that it came with: so it goes with it when a merge is undone.
    """
    return [_ticket(row) for row in await connection.fetch(_LIST_OPEN, customer_ids)]


async def save_ticket(connection: Connection, ticket: Ticket) -> None:
    """Keep what is known; the caller holds the customer's lock."""
    await connection.execute(
        _SAVE,
        ticket.ticket_id,
        ticket.customer_id,
        ticket.severity,
        ticket.is_open,
        ticket.is_breached,
    )


def _ticket(row: asyncpg.Record) -> Ticket:
    return Ticket(**row)
