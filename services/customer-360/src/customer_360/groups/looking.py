"""Looks up the group and the related parties of a customer: as many statements for any number."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.db import Connection

from customer_360.groups.related import RelatedShown, others_in, related_to
from customer_360.groups.rolling_up import GroupShown, roll_up
from customer_360.profiles.loading import hold_projection, load_bases
from customer_360.relationships.fold import Relationship
from customer_360.relationships.store import find_names, list_members

MEMBERS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Relations:
    """What a customer is part of, and whom it is related to."""

    group: GroupShown | None
    related: list[RelatedShown]


async def look_around(
    connection: Connection, customer_id: UUID, found: Sequence[Relationship]
) -> Relations:
    """The customer's group and its related parties, of one moment; nothing to do for most."""
    if not found:
        return Relations(None, [])
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await hold_projection(connection)
        names = await find_names(connection, others_in(customer_id, found))
        return Relations(
            await _group(connection, customer_id), related_to(customer_id, found, names)
        )


async def _group(connection: Connection, customer_id: UUID) -> GroupShown | None:
    members = await list_members(connection, customer_id, MEMBERS_SHOWN + 1)
    shown = members[:MEMBERS_SHOWN]
    bases = await load_bases(connection, [member.customer_id for member in shown])
    return roll_up(customer_id, shown, bases, is_whole=len(members) <= MEMBERS_SHOWN)
