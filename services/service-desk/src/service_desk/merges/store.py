"""Finding what names a merged record: tickets and surveys, locked in the order of their ids."""

from collections.abc import Mapping

from shared.contracts.values import Party

_FIND_TICKETS = """
SELECT ticket_id, {column} FROM tickets WHERE {column} = ANY($1::uuid[])
ORDER BY ticket_id LIMIT $2 FOR UPDATE
"""
_FIND_SURVEYS = """
SELECT survey_id, {column} FROM surveys WHERE {column} = ANY($1::uuid[])
ORDER BY survey_id LIMIT $2 FOR UPDATE
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
