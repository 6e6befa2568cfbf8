"""Finding what names a merged record: tickets and surveys, locked in the order of their ids.

And, of a record that is merged or parted, the tickets whose hints are looked at.
"""

from collections.abc import Collection, Mapping
from uuid import UUID

from shared.contracts.values import Party
from shared.db import Connection

_FIND_TICKETS = """
SELECT ticket_id, {column} FROM tickets WHERE {column} = ANY($1::uuid[])
ORDER BY ticket_id LIMIT $2 FOR UPDATE
"""
_FIND_SURVEYS = """
SELECT survey_id, {column} FROM surveys WHERE {column} = ANY($1::uuid[])
ORDER BY survey_id LIMIT $2 FOR UPDATE
"""
_UNRESOLVED = "status NOT IN ('resolved', 'closed', 'cancelled')"
_OPEN_TICKETS = f"""
SELECT ticket_id FROM tickets WHERE {{column}} = ANY($1::uuid[]) AND {_UNRESOLVED}
ORDER BY ticket_id FOR UPDATE
"""
_PARTED = f"""
SELECT t.ticket_id FROM tickets AS t JOIN tickets AS o ON o.ticket_id = t.duplicate_of
WHERE t.{{column}} = ANY($1::uuid[]) AND t.{_UNRESOLVED}
    AND t.customer_id <> o.customer_id AND (t.contact_id = o.contact_id) IS NOT TRUE
ORDER BY t.ticket_id FOR UPDATE OF t
"""
_COLUMNS: Mapping[Party, str] = {"customer": "customer_id", "contact": "contact_id"}
FIND: Mapping[Party, Mapping[str, str]] = {
    party: {
        "ticket": _FIND_TICKETS.format(column=column),
        "survey": _FIND_SURVEYS.format(column=column),
    }
    for party, column in _COLUMNS.items()
}
"""By what was merged, how each kind of thing that names it is found."""


async def lock_open_tickets(
    connection: Connection, party: Party, ids: Collection[UUID]
) -> list[UUID]:
    """The unresolved tickets of these customers or people."""
    rows = await connection.fetch(_OPEN_TICKETS.format(column=_COLUMNS[party]), list(ids))
    return [row["ticket_id"] for row in rows]


async def lock_parted_tickets(
    connection: Connection, party: Party, ids: Collection[UUID]
) -> list[UUID]:
    """Those of them that seemed to repeat what is another customer's and another person's now."""
    rows = await connection.fetch(_PARTED.format(column=_COLUMNS[party]), list(ids))
    return [row["ticket_id"] for row in rows]
