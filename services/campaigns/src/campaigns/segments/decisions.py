"""What becomes of memberships in lists when people are merged, and parted again.

A membership is of whom it was given to, for ever; whoever that is merged into stands in for them,
once. Whoever was put in the list themselves stays in it, whatever goes back.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from campaigns.segments.domain import (
    Member,
    MemberEvent,
    PlaceMember,
    carried_out,
)

Key: TypeAlias = tuple[UUID, UUID]
"""A segment, a person."""

Members: TypeAlias = dict[Key, Member]


@dataclass(frozen=True, slots=True)
class MemberMove:
    """A membership, by its segment and whom it was given to, goes from one person to another."""

    key: Key
    from_id: UUID
    to_id: UUID


def moved(
    known: Mapping[Key, Member], moves: Sequence[MemberMove], at: datetime
) -> list[tuple[Member, list[MemberEvent]]]:
    """The memberships that change, each with what is told of it.

    `known` has, of these segments, the memberships of all whom the moves name, and every one for
    which one of these stands in. A membership that is not where a move takes it from stays.
    """
    members: Members = dict(known)
    own = {key for key, member in known.items() if member.is_own}
    touched: dict[Key, None] = {}
    for move in moves:
        _move(members, own, move, touched)
    return [
        (member, events)
        for key in touched
        for member, events in [_settled(members, own, key, at)]
        if member != known.get(key)
    ]


def _move(members: Members, own: set[Key], move: MemberMove, touched: dict[Key, None]) -> None:
    segment_id, contact_id = move.key
    thing = members.get(move.key)
    if thing is None or _owner(thing, own) != move.from_id:
        return
    own.discard(move.key)
    is_home = move.to_id == contact_id
    if is_home:
        own.add(move.key)
    members[move.key] = replace(thing, stands_by=None if is_home else move.to_id)
    for each in (contact_id, move.from_id, move.to_id):
        touched[segment_id, each] = None


def _owner(thing: Member, own: Collection[Key]) -> UUID | None:
    """Who is in the list by this membership now."""
    if (thing.segment_id, thing.contact_id) in own:
        return thing.contact_id
    return thing.stands_by


def _settled(
    members: Members, own: Collection[Key], key: Key, at: datetime
) -> tuple[Member, list[MemberEvent]]:
    """In the list as themselves, or for whoever was merged; or out.

    Whoever enters does so now: a campaign that was launched before has its people already, and
    would else write to one of them again.
    """
    member = members.get(key) or Member(*key)
    is_in = key in own or _stands_in(members.values(), key)
    member, events = carried_out(member, PlaceMember(is_in=is_in, at=at))
    member = replace(member, by_merge=is_in and key not in own)
    members[key] = member
    return member, events


def _stands_in(members: Iterable[Member], key: Key) -> bool:
    """Whether somebody in the list was merged into this person."""
    return any((each.segment_id, each.stands_by) == key for each in members)
