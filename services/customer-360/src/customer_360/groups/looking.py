"""Looks up whom a customer belongs together with: as many statements for any number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from shared.db import Connection

from customer_360.duplicates.fold import Duplicate
from customer_360.groups.living import (
    HouseholdShown,
    PartnerShown,
    households_shown,
    partners_shown,
    people_in,
)
from customer_360.groups.related import RelatedShown, others_in, related_to
from customer_360.groups.rolling_up import GroupShown, roll_up
from customer_360.households.fold import Household
from customer_360.merges.fold import Merge
from customer_360.partners.fold import Partner
from customer_360.profiles.loading import hold_projection, load_bases
from customer_360.relationships.fold import Relationship
from customer_360.relationships.store import find_names, list_members

MEMBERS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Relations:
    """What a customer is part of, whom it is related to, and in which way it sells for us.

    `names` are of the others, where they are known.
    """

    group: GroupShown | None = None
    related: list[RelatedShown] = field(default_factory=list[RelatedShown])
    households: list[HouseholdShown] = field(default_factory=list[HouseholdShown])
    partners: list[PartnerShown] = field(default_factory=list[PartnerShown])
    names: Mapping[UUID, str] = field(default_factory=dict[UUID, str])


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of one customer that name others."""

    relationships: Sequence[Relationship]
    households: Sequence[Household]
    partners: Sequence[Partner]
    merges: Sequence[Merge]
    duplicates: Sequence[Duplicate]

    def others(self, customer_id: UUID) -> set[UUID]:
        """Everybody whose name is shown."""
        return {
            *others_in(customer_id, self.relationships),
            *people_in(self.households, self.partners),
            *(each for merge in self.merges for each in (merge.survivor_id, *merge.merged_ids)),
            *(each for case in self.duplicates for each in case.candidate_ids),
        }


async def look_around(connection: Connection, customer_id: UUID, found: Found) -> Relations:
    """Who the others are, and the customer's group, of one moment; nothing to do for most."""
    wanted = found.others(customer_id)
    if not (wanted or found.partners):
        return Relations()
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await hold_projection(connection)
        names = await find_names(connection, list(wanted))
        return Relations(
            await _group(connection, customer_id) if found.relationships else None,
            related_to(customer_id, found.relationships, names),
            households_shown(found.households, names),
            partners_shown(found.partners, names),
            names,
        )


async def _group(connection: Connection, customer_id: UUID) -> GroupShown | None:
    members = await list_members(connection, customer_id, MEMBERS_SHOWN + 1)
    shown = members[:MEMBERS_SHOWN]
    bases = await load_bases(connection, [member.customer_id for member in shown])
    return roll_up(customer_id, shown, bases, is_whole=len(members) <= MEMBERS_SHOWN)
