"""Finding what names a merged record: tickets and surveys, locked in the order of their ids."""

from collections.abc import Collection, Sequence
from uuid import UUID

from shared.db import Connection
from shared.merges import Party

_FIND_TICKETS = """
SELECT ticket_id, {column} FROM tickets WHERE {column} = ANY($1::uuid[])
ORDER BY ticket_id LIMIT $2 FOR UPDATE
"""
_FIND_SURVEYS = """
SELECT survey_id, {column} FROM surveys WHERE {column} = ANY($1::uuid[])
ORDER BY survey_id LIMIT $2 FOR UPDATE
"""
_COLUMN = {"customer": "customer_id", "contact": "contact_id"}
_FIND = {
    party: {
        "ticket": _FIND_TICKETS.format(column=column),
        "survey": _FIND_SURVEYS.format(column=column),
    }
    for party, column in _COLUMN.items()
}


async def find(
    connection: Connection, party: Party, ids: Collection[UUID], limit: int
) -> Sequence[tuple[str, UUID, UUID]]:
    """What names one of these ids: its kind, its own id, and the id that it names."""
    found: list[tuple[str, UUID, UUID]] = []
    for kind, statement in _FIND[party].items():
        rows = await connection.fetch(statement, list(ids), limit)
        found.extend((kind, row[0], row[1]) for row in rows)
    return found
