"""Looks up the group and the related parties of a customer: as many statements for any number."""

from dataclasses import dataclass
from uuid import UUID

from shared.db import Connection

from customer_360.groups.related import RelatedShown, others_in, related_to
from customer_360.groups.rolling_up import GroupShown, roll_up
from customer_360.profiles.loading import hold_projection, load_bases
from customer_360.relationships.store import RELATIONSHIPS, find_names, list_members

MEMBERS_SHOWN = 100
RELATED_SHOWN = 50

_RELATED = RELATIONSHIPS.select(f"""(from_id = $1 OR to_id = $1) AND ended_at IS NULL
ORDER BY relationship_type, relationship_id LIMIT {RELATED_SHOWN}""")


@dataclass(frozen=True, slots=True)
class Relations:
    """What a customer is part of, and whom it is related to."""

    group: GroupShown | None
    related: list[RelatedShown]


async def look_around(connection: Connection, customer_id: UUID) -> Relations:
    """The customer's group and its related parties, of one moment."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await hold_projection(connection)
        found = RELATIONSHIPS.rows_of(await connection.fetch(_RELATED, customer_id))
        if not found:
            return Relations(None, [])
        names = await find_names(connection, others_in(customer_id, found))
        return Relations(
            await _group(connection, customer_id), related_to(customer_id, found, names)
        )


async def _group(connection: Connection, customer_id: UUID) -> GroupShown | None:
    members = await list_members(connection, customer_id, MEMBERS_SHOWN + 1)
    shown = members[:MEMBERS_SHOWN]
    bases = await load_bases(connection, [member.customer_id for member in shown])
    return roll_up(customer_id, shown, bases, is_whole=len(members) <= MEMBERS_SHOWN)
