"""SQL of obstacles: one row per ticket, won deal and talk, guarded by its version."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python
from shared.db import Connection, Pool, rows_affected

_SAVE_TICKET = """
INSERT INTO tickets (ticket_id, version, customer_id, severity, is_open, ended_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (ticket_id) DO UPDATE SET
    version = excluded.version, customer_id = excluded.customer_id, severity = excluded.severity,
    is_open = excluded.is_open, ended_at = excluded.ended_at
WHERE tickets.version < excluded.version
"""
_CLOSE_TICKET = """
INSERT INTO tickets (ticket_id, version, customer_id, severity, is_open, ended_at)
VALUES ($1, $2, $3, 4, false, $4)
ON CONFLICT (ticket_id) DO UPDATE SET version = excluded.version, is_open = false,
    ended_at = coalesce(tickets.ended_at, excluded.ended_at)
WHERE tickets.version < excluded.version
"""
_REPOINT = """
UPDATE {table} SET version = $3, customer_id = $2 WHERE {key} = $1 AND version < $3
"""
_REPOINT_TICKET = _REPOINT.format(table="tickets", key="ticket_id")
_REPOINT_DEAL = _REPOINT.format(table="won_deals", key="deal_id")
_SAVE_WON_DEAL = """
INSERT INTO won_deals (deal_id, version, customer_id, product_lines, is_won, won_at)
VALUES ($1, $2, $3, $4, true, $5)
ON CONFLICT (deal_id) DO UPDATE SET
    version = excluded.version, customer_id = excluded.customer_id,
    product_lines = excluded.product_lines, is_won = true, won_at = excluded.won_at
WHERE won_deals.version < excluded.version
"""
_REOPEN_DEAL = """
UPDATE won_deals SET version = $2, is_won = false WHERE deal_id = $1 AND version < $2
"""
_SAVE_TALKS = """
INSERT INTO talks
    (interaction_id, version, contact_ids, kind, direction, department, occurred_at)
SELECT interaction_id, version, contact_ids, kind, direction, department, occurred_at
FROM jsonb_to_recordset($1::jsonb) AS told (interaction_id uuid, version bigint,
    contact_ids uuid[], kind text, direction text, department text, occurred_at timestamptz)
ORDER BY interaction_id
ON CONFLICT (interaction_id) DO UPDATE SET
    version = excluded.version, contact_ids = excluded.contact_ids, kind = excluded.kind,
    direction = excluded.direction, department = excluded.department,
    occurred_at = excluded.occurred_at
WHERE talks.version < excluded.version
"""
_FORGET_TALKS = """
DELETE FROM talks WHERE interaction_id = ANY (ARRAY(
    SELECT interaction_id FROM talks WHERE occurred_at < $1 ORDER BY occurred_at LIMIT $2))
"""
_LEAVE_TALKS = """
UPDATE talks SET contact_ids = ARRAY(
    SELECT unnest(contact_ids) EXCEPT SELECT unnest($1::uuid[]))
WHERE contact_ids && $1::uuid[]
"""


@dataclass(frozen=True, slots=True)
class Talk:
    """That a department was in touch with people, in which way and when."""

    interaction_id: UUID
    version: int
    contact_ids: tuple[UUID, ...]
    kind: str
    direction: str
    department: str | None
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as the send gate sees it."""

    ticket_id: UUID
    version: int
    customer_id: UUID
    severity: int
    is_open: bool
    ended_at: datetime | None = None


async def save_ticket(connection: Connection, ticket: Ticket) -> None:
    """Write the ticket where it is newer."""
    await connection.execute(
        _SAVE_TICKET,
        ticket.ticket_id,
        ticket.version,
        ticket.customer_id,
        ticket.severity,
        ticket.is_open,
        ticket.ended_at,
    )


async def close_ticket(
    connection: Connection, ticket_id: UUID, customer_id: UUID, version: int, at: datetime
) -> None:
    """End a ticket by a fact that does not tell its severity."""
    await connection.execute(_CLOSE_TICKET, ticket_id, version, customer_id, at)


async def repoint_ticket(
    connection: Connection, ticket_id: UUID, customer_id: UUID, version: int
) -> None:
    """The ticket is another customer's; its opening was told before, on the same key."""
    await connection.execute(_REPOINT_TICKET, ticket_id, customer_id, version)


async def repoint_deal(
    connection: Connection, deal_id: UUID, customer_id: UUID, version: int
) -> None:
    """A deal that was won is another customer's; of one that was not, nothing is remembered."""
    await connection.execute(_REPOINT_DEAL, deal_id, customer_id, version)


async def save_won_deal(
    connection: Connection,
    deal: tuple[UUID, int, UUID],
    product_lines: tuple[str, ...],
    won_at: datetime,
) -> None:
    """Remember a won deal, named by id, version and customer."""
    await connection.execute(_SAVE_WON_DEAL, *deal, product_lines, won_at)


async def reopen_deal(connection: Connection, deal_id: UUID, version: int) -> None:
    """The deal is not won after all."""
    await connection.execute(_REOPEN_DEAL, deal_id, version)


async def save_talks(connection: Connection, talks: Sequence[Talk]) -> None:
    """Write the newer of these, each named once."""
    rows: list[dict[str, Any]] = [asdict(talk) for talk in talks]
    await connection.execute(_SAVE_TALKS, json.dumps(to_jsonable_python(rows)))


async def leave_talks(connection: Connection, contact_ids: Sequence[UUID]) -> None:
    """Nobody was in touch with people who are erased."""
    await connection.execute(_LEAVE_TALKS, contact_ids)


async def forget_talks(pool: Pool, before: datetime, limit: int) -> int:
    """Delete some of those that were before this time; answers how many."""
    return rows_affected(await pool.execute(_FORGET_TALKS, before, limit))
