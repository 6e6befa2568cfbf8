"""Which tickets of what is one customer or person by now seem to be about the same."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from service_desk.tickets.domain import Ticket

NEAR = timedelta(days=7)
"""How long after one another two tickets about the same come, at most."""

_OF_OUR_OWN = frozenset({"onboarding", "escalation"})
"""Nobody asks for these: each has a cause of its own."""


def told_twice(tickets: Iterable[Ticket]) -> list[tuple[Ticket, UUID]]:
    """Of the open tickets of one party, each that seems to repeat an earlier one, with that one."""
    earlier: list[Ticket] = []
    pairs: list[tuple[Ticket, UUID]] = []
    for ticket in sorted(tickets, key=lambda each: (each.received_at, each.ticket_id)):
        other = next((each for each in earlier if _is_about_the_same(each, ticket)), None)
        if other is None:
            earlier.append(ticket)
        else:
            pairs.append((ticket, other.ticket_id))
    return pairs


def _is_about_the_same(one: Ticket, other: Ticket) -> bool:
    """The same product; where neither names one, the same category."""
    is_near = abs(other.received_at - one.received_at) < NEAR
    is_same = _about(one) == _about(other) != (None, None)
    return is_near and is_same and not {one.ticket_type, other.ticket_type} & _OF_OUR_OWN


def _about(ticket: Ticket) -> tuple[str | None, str | None]:
    return ticket.product_id, None if ticket.product_id else ticket.category
