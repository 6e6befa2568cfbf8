"""What is known of tickets; one row per ticket."""

from collections.abc import Collection, Iterable, Sequence
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
_SAVE = f"""
UPDATE tickets AS t SET customer_id = new.customer_id, severity = new.severity,
    is_open = new.is_open, breached_at = new.breached_at, ended_at = new.ended_at
FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::boolean[], $5::timestamptz[], $6::timestamptz[])
    AS new ({_COLUMNS})
WHERE t.ticket_id = new.ticket_id
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


async def save_tickets(connection: Connection, tickets: Collection[Ticket]) -> None:
    """Keep what is known; the caller holds the tickets, and the customers' locks."""
    await connection.execute(
        _SAVE,
        [ticket.ticket_id for ticket in tickets],
        [ticket.customer_id for ticket in tickets],
        [ticket.severity for ticket in tickets],
        [ticket.is_open for ticket in tickets],
        [ticket.breached_at for ticket in tickets],
        [ticket.ended_at for ticket in tickets],
    )


def _ticket(row: asyncpg.Record) -> Ticket:
    return Ticket(**row)
