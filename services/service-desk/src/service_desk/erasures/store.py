"""Finding and redacting what the desk holds of a person: subjects, messages, comments."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.contracts.contacts import ErasureRequested
from shared.db import Connection, rows_affected

TEXT = "(erased)"
"""What stands where a person's words stood."""

_REDACT_TICKETS = f"""
UPDATE tickets SET version = version + 1, subject = '{TEXT}'
WHERE subject <> '{TEXT}' AND (contact_id = ANY($1::uuid[]) OR customer_id = ANY($2::uuid[]))
RETURNING ticket_id, customer_id, version
"""
_REDACT_MESSAGES = f"""
UPDATE ticket_messages AS m SET body = '{TEXT}',
    author = CASE WHEN m.direction = 'inbound' THEN '{TEXT}' ELSE m.author END
FROM tickets AS t
WHERE t.ticket_id = m.ticket_id AND m.body <> '{TEXT}'
    AND (t.contact_id = ANY($1::uuid[]) OR t.customer_id = ANY($2::uuid[]))
"""
_ERASE_COMMENTS = """
UPDATE surveys SET comment = NULL
WHERE comment IS NOT NULL AND (contact_id = ANY($1::uuid[]) OR customer_id = ANY($2::uuid[])
    OR ticket_id IN (SELECT ticket_id FROM tickets WHERE contact_id = ANY($1::uuid[])))
"""


@dataclass(frozen=True, slots=True)
class RedactedTicket:
    ticket_id: UUID
    customer_id: UUID
    version: int


async def redact_tickets(
    connection: Connection, asked: ErasureRequested
) -> Sequence[RedactedTicket]:
    """Take the subjects out of their tickets; the rows are locked from then on."""
    rows: list[Any] = await connection.fetch(_REDACT_TICKETS, asked.contact_ids, asked.customer_ids)
    return [RedactedTicket(*row) for row in rows]


async def redact_messages(connection: Connection, asked: ErasureRequested) -> int:
    """Take out what was written on their tickets, by whomever: answers name people, too."""
    status = await connection.execute(_REDACT_MESSAGES, asked.contact_ids, asked.customer_ids)
    return rows_affected(status)


async def erase_comments(connection: Connection, asked: ErasureRequested) -> int:
    """Scores stay, what was written beside them goes."""
    status = await connection.execute(_ERASE_COMMENTS, asked.contact_ids, asked.customer_ids)
    return rows_affected(status)
