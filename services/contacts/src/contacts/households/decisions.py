"""What a merge of people makes of their seats in households, and what its undoing gives back.

Whoever stays lives where they lived; else where the first of the others did. Of the others each
leaves where they lived, and is replaced where that is the one's home. Of a household that was
theirs alone nobody is left.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.contracts.contacts import HouseholdAction, HouseholdMember, HouseholdState
from shared.ids import derived_id

from contacts.households.domain import (
    FoundHousehold,
    Household,
    HouseholdChange,
    Reseat,
    carry_out,
    members_of,
)


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a merged person lived, and what the merge made of that.

    `is_taken`: the one who stays lives there by the merge alone. `head_after` is the head that the
    merge left, None where it left nobody: then `name` is what the household went by.
    """

    household_id: UUID
    contact_id: UUID
    since: datetime
    was_head: bool
    is_taken: bool
    head_after: UUID | None
    name: str | None = None


def seats_merged(
    households: Iterable[Household], merged_ids: Sequence[UUID], survivor_id: UUID, at: datetime
) -> list[tuple[HouseholdChange, list[Seat]]]:
    """Each household of a merged person after the merge, and who of them lived there."""
    concerned = list(households)
    home = _home(concerned, (survivor_id, *merged_ids))
    return [
        _merged(each, merged_ids, survivor_id, at, is_home=each.state.household_id == home)
        for each in concerned
        if not set(merged_ids).isdisjoint(members_of(each.state))
    ]


def _home(households: Sequence[Household], contact_ids: Sequence[UUID]) -> UUID | None:
    """Where the first of these people lives who lives anywhere."""
    lives_in = {
        contact_id: each.state.household_id
        for each in households
        for contact_id in members_of(each.state)
    }
    return next((lives_in[each] for each in contact_ids if each in lives_in), None)


def _merged(
    household: Household,
    merged_ids: Sequence[UUID],
    survivor_id: UUID,
    at: datetime,
    *,
    is_home: bool,
) -> tuple[HouseholdChange, list[Seat]]:
    state = household.state
    gone = [each for each in state.members if each.contact_id in merged_ids]
    left = [each for each in state.members if each.contact_id not in merged_ids]
    is_taken = is_home and survivor_id not in members_of(state)
    if is_taken:
        left.append(HouseholdMember(contact_id=survivor_id, since=gone[0].since))
    members = _in_order(left)
    head = _head_after(state, members, survivor_id if is_home else None)
    command = Reseat(
        members,
        head,
        "member-replaced" if is_taken else "member-removed",
        survivor_id if is_taken else gone[0].contact_id,
        at,
    )
    seats = [
        Seat(
            state.household_id,
            each.contact_id,
            each.since,
            each.contact_id == state.head_contact_id,
            is_taken,
            head,
            None if members else state.name,
        )
        for each in gone
    ]
    return carry_out(household, command), seats


def _head_after(
    state: HouseholdState, members: Sequence[HouseholdMember], heir: UUID | None
) -> UUID | None:
    """The head, if they live there still; else the heir, or who has lived there longest."""
    if state.head_contact_id in {each.contact_id for each in members}:
        return state.head_contact_id
    return heir or next((each.contact_id for each in members), None)


def seats_returned(
    households: Mapping[UUID, Household],
    seats: Sequence[Seat],
    survivor_id: UUID,
    merge_id: UUID,
    at: datetime,
) -> list[HouseholdChange]:
    """Each lives again where they lived, and heads it unless another was made the head since.

    Where the merge left nobody, a household is founded anew. Who moved out since stays away.
    """
    by_home: dict[UUID, list[Seat]] = {}
    for seat in seats:
        by_home.setdefault(seat.household_id, []).append(seat)
    changes: list[HouseholdChange] = []
    for household_id, theirs in by_home.items():
        now = households[household_id]
        if theirs[0].head_after is None:
            changes.append(_founded_anew(theirs, merge_id, at))
        elif not now.state.dissolved_at:
            changes.append(_returned(now, theirs, survivor_id, at))
    return changes


def _founded_anew(seats: Sequence[Seat], merge_id: UUID, at: datetime) -> HouseholdChange:
    head = next(seat.contact_id for seat in seats if seat.was_head)
    household_id = derived_id("unmerged", merge_id, seats[0].household_id)
    members = tuple(seat.contact_id for seat in seats)
    return carry_out(None, FoundHousehold(household_id, seats[0].name, members, head, at))


def _returned(
    household: Household, seats: Sequence[Seat], survivor_id: UUID, at: datetime
) -> HouseholdChange:
    state, is_taken = household.state, seats[0].is_taken
    if is_taken and survivor_id not in members_of(state):
        return carry_out(household)
    leaves = is_taken and _has_seat_by_merge_alone(state, seats, survivor_id)
    stay = [each for each in state.members if not (leaves and each.contact_id == survivor_id)]
    back = [HouseholdMember(contact_id=each.contact_id, since=each.since) for each in seats]
    head = next(
        (
            seat.contact_id
            for seat in seats
            if seat.was_head and seat.head_after == state.head_contact_id
        ),
        state.head_contact_id,
    )
    action: HouseholdAction = "member-replaced" if leaves else "member-added"
    command = Reseat(_in_order([*stay, *back]), head, action, seats[0].contact_id, at)
    return carry_out(household, command)


def _has_seat_by_merge_alone(
    state: HouseholdState, seats: Sequence[Seat], survivor_id: UUID
) -> bool:
    """Whoever moved in again, or was made the head since, stays."""
    [own] = [each for each in state.members if each.contact_id == survivor_id]
    if own.since != min(seat.since for seat in seats):
        return False
    return state.head_contact_id != survivor_id or any(seat.was_head for seat in seats)


def _in_order(members: Iterable[HouseholdMember]) -> tuple[HouseholdMember, ...]:
    """Who has lived there longest first, as the store reads them."""
    return tuple(sorted(members, key=lambda each: (each.since, each.contact_id)))
