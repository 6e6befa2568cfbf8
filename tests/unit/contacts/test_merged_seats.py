"""Seats in households when people are merged, and when they are parted again."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from contacts.households.decisions import Seat, seats_merged, seats_returned
from contacts.households.domain import (
    AddMember,
    Command,
    FoundHousehold,
    Household,
    HouseholdChange,
    RemoveMember,
    SetHead,
    carry_out,
    members_of,
)
from shared.contracts.contacts import HouseholdChanged
from shared.ids import derived_id

AT = datetime(2026, 11, 25, 9, tzinfo=UTC)
LATER, LAST = AT + timedelta(days=1), AT + timedelta(days=2)
ONE, TWO, THREE, BOB = UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=4)
HOME, OTHER, MERGE = UUID(int=8), UUID(int=9), UUID(int=10)


def home(*members: UUID, of: UUID = HOME, head: UUID | None = None) -> Household:
    founding = FoundHousehold(of, "The Lovelaces", members, head or members[0], AT)
    return carry_out(None, founding).after


def merged(
    *households: Household, others: Sequence[UUID] = (TWO,)
) -> tuple[list[HouseholdChange], list[Seat]]:
    """These are merged into ONE, the newest first."""
    made = seats_merged(households, others, ONE, LATER)
    return [change for change, _ in made], [seat for _, seats in made for seat in seats]


def parted(
    changes: Sequence[HouseholdChange], seats: Sequence[Seat], *since: Command
) -> list[HouseholdChange]:
    now = [carry_out(change.after, *since).after for change in changes]
    by_id = {each.state.household_id: each for each in now}
    return seats_returned(by_id, seats, ONE, MERGE, LAST)


def lives(change: HouseholdChange) -> tuple[set[UUID], UUID | None]:
    return set(members_of(change.after.state)), change.after.state.head_contact_id


def told(change: HouseholdChange) -> list[tuple[str, UUID]]:
    facts = (fact for fact in change.facts if isinstance(fact, HouseholdChanged))
    return [(fact.action, fact.contact_id) for fact in facts]


def test_whoever_stays_takes_the_seat_and_the_head_and_gives_them_back() -> None:
    before = home(TWO, BOB)
    [change], [seat] = merged(before)
    assert lives(change) == ({ONE, BOB}, ONE)
    assert told(change) == [("member-replaced", ONE)]
    assert change.after.state.members[0].since == AT, "who is one has lived there all the while"
    assert (seat.is_taken, seat.was_head) == (True, True)
    [back] = parted([change], [seat])
    assert back.after.state == before.state
    assert told(back) == [("member-replaced", TWO)]


def test_whoever_sits_there_too_stays_once() -> None:
    before = home(ONE, TWO, BOB, head=TWO)
    [change], seats = merged(before)
    assert lives(change) == ({ONE, BOB}, ONE)
    assert told(change) == [("member-removed", TWO)]
    [back] = parted([change], seats)
    assert back.after.state == before.state
    assert told(back) == [("member-added", TWO)]


def test_whoever_lives_elsewhere_stays_there_and_the_other_seat_is_free() -> None:
    own, theirs = home(ONE, of=OTHER), home(TWO, BOB)
    [change], seats = merged(own, theirs)
    assert lives(change) == ({BOB}, BOB), "who has lived there longest heads it"
    assert told(change) == [("member-removed", TWO)]
    [back] = parted([change], seats)
    assert back.after.state == theirs.state
    [kept] = parted([change], seats, AddMember(THREE, LATER), SetHead(THREE))
    assert lives(kept) == ({TWO, BOB, THREE}, THREE), "another was made the head since"


def test_a_household_of_nobody_else_is_dissolved_and_founded_anew() -> None:
    own, theirs = home(ONE, of=OTHER), home(TWO, THREE)
    [change], seats = merged(own, theirs, others=(THREE, TWO))
    assert lives(change) == (set(), None)
    assert told(change) == [("dissolved", TWO)]
    [back] = parted([change], seats)
    assert lives(back) == ({TWO, THREE}, TWO)
    assert back.after.state.household_id == derived_id("unmerged", MERGE, HOME)
    assert (back.after.state.name, back.after.state.founded_at) == ("The Lovelaces", LAST)


def test_of_two_homes_the_newest_records_is_the_survivors() -> None:
    changes, seats = merged(home(TWO, BOB), home(THREE, of=OTHER), others=(THREE, TWO))
    assert [lives(change) for change in changes] == [({BOB}, BOB), ({ONE}, ONE)]
    back = {each.after.state.household_id: lives(each) for each in parted(changes, seats)}
    assert back == {HOME: ({TWO, BOB}, TWO), OTHER: ({THREE}, THREE)}


def test_two_who_lived_together_are_one_there_and_two_again() -> None:
    before = home(TWO, THREE, BOB, head=THREE)
    [change], seats = merged(before, others=(TWO, THREE))
    assert lives(change) == ({ONE, BOB}, ONE)
    [back] = parted([change], seats)
    assert back.after.state == before.state


def test_whoever_moved_out_since_does_not_come_back() -> None:
    [change], seats = merged(home(BOB, TWO))
    [back] = parted([change], seats, RemoveMember(ONE))
    assert back.facts == ()
    [dissolved], seats = merged(home(TWO))
    assert lives(dissolved) == ({ONE}, ONE)


def test_whoever_was_made_the_head_or_moved_in_again_since_stays() -> None:
    [change], seats = merged(home(BOB, TWO))
    [headed] = parted([change], seats, SetHead(ONE))
    assert lives(headed) == ({ONE, TWO, BOB}, ONE)
    [again] = parted([change], seats, RemoveMember(ONE), AddMember(ONE, LATER))
    assert lives(again) == ({ONE, TWO, BOB}, BOB)


def test_nobodys_seat_is_nothing_to_merge() -> None:
    assert merged() == ([], [])
    assert merged(home(ONE, BOB)) == ([], [])
