"""A household: each change happens, is refused, or stays quiet."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from contacts.households.domain import (
    AddMember,
    Command,
    DissolveHousehold,
    ForgetMember,
    FoundHousehold,
    HeadCannotLeaveError,
    HeadIsNoMemberError,
    Household,
    HouseholdIdIsTakenError,
    HouseholdIsDissolvedError,
    HouseholdNotFoundError,
    PersonIsInHouseholdError,
    RemoveMember,
    RenameHousehold,
    SetHead,
    carry_out,
    members_of,
)
from shared.contracts.contacts import HouseholdChanged

AT, LATER = datetime(2026, 11, 25, 9, tzinfo=UTC), datetime(2026, 11, 26, 9, tzinfo=UTC)
ADA, BOB, EVE = UUID(int=1), UUID(int=2), UUID(int=3)
HOME, OTHER = UUID(int=8), UUID(int=9)
FOUND = FoundHousehold(HOME, "The Lovelaces", (ADA, BOB), ADA, AT)


def home(*commands: Command) -> Household:
    return carry_out(None, FOUND, *commands).after


def told(before: Household | None, command: Command) -> list[HouseholdChanged]:
    facts = carry_out(before, command).facts
    return [fact for fact in facts if isinstance(fact, HouseholdChanged)]


def test_it_is_founded_once_and_its_fact_has_no_name() -> None:
    [fact] = told(None, FOUND)
    assert (fact.member_contact_ids, fact.head_contact_id) == ((ADA, BOB), ADA)
    assert (fact.action, fact.contact_id) == ("founded", ADA)
    assert "Lovelaces" not in fact.model_dump_json()
    assert home().state.name == "The Lovelaces"
    assert told(home(), FOUND) == []
    other = FoundHousehold(HOME, None, (EVE,), EVE, AT)
    with pytest.raises(HouseholdIdIsTakenError):
        told(home(), other)
    assert told(home(AddMember(EVE, LATER)), FOUND) == [], "a late repeat"


def test_the_head_is_a_member_and_nobody_lives_elsewhere() -> None:
    with pytest.raises(HeadIsNoMemberError):
        told(None, FoundHousehold(HOME, None, (ADA,), BOB, AT))
    with pytest.raises(PersonIsInHouseholdError) as refused:
        told(None, FoundHousehold(HOME, None, (ADA, BOB), ADA, AT, {BOB: OTHER}))
    assert refused.value.details == {"contact_id": BOB, "household_id": OTHER}


def test_a_member_is_added_once() -> None:
    [fact] = told(home(), AddMember(EVE, LATER))
    assert (fact.action, fact.contact_id) == ("member-added", EVE)
    assert fact.member_contact_ids == (ADA, BOB, EVE)
    assert told(home(), AddMember(BOB, LATER, {BOB: HOME})) == []
    with pytest.raises(PersonIsInHouseholdError):
        told(home(), AddMember(EVE, LATER, {EVE: OTHER}))


def test_a_member_leaves_once_and_the_head_does_not() -> None:
    [fact] = told(home(), RemoveMember(BOB))
    assert (fact.action, fact.contact_id, fact.member_contact_ids) == (
        "member-removed",
        BOB,
        (ADA,),
    )
    assert told(home(RemoveMember(BOB)), RemoveMember(BOB)) == []
    with pytest.raises(HeadCannotLeaveError):
        told(home(), RemoveMember(ADA))


def test_another_member_heads_it() -> None:
    [fact] = told(home(), SetHead(BOB))
    assert (fact.action, fact.contact_id, fact.head_contact_id) == ("head-set", BOB, BOB)
    assert told(home(SetHead(BOB)), SetHead(BOB)) == []
    with pytest.raises(HeadIsNoMemberError):
        told(home(), SetHead(EVE))


def test_it_is_renamed_by_the_snapshot_alone() -> None:
    [fact] = told(home(), RenameHousehold("Ada & Bob"))
    assert fact.action == "renamed"
    assert home(RenameHousehold("Ada & Bob")).state.name == "Ada & Bob"
    assert told(home(), RenameHousehold("The Lovelaces")) == []


def test_it_is_dissolved_once_and_for_good() -> None:
    [fact] = told(home(), DissolveHousehold(LATER))
    assert (fact.action, fact.contact_id, fact.member_contact_ids) == ("dissolved", ADA, ())
    gone = home(DissolveHousehold(LATER))
    assert (gone.state.name, gone.state.head_contact_id) == (None, None)
    assert told(gone, DissolveHousehold(LATER)) == []
    with pytest.raises(HouseholdIsDissolvedError):
        told(gone, AddMember(EVE, LATER))
    with pytest.raises(HouseholdNotFoundError):
        told(None, DissolveHousehold(LATER))


def test_who_is_forgotten_takes_the_name_along_and_leaves_the_head_to_another() -> None:
    after = home(AddMember(EVE, LATER), ForgetMember(ADA, LATER))
    assert (members_of(after.state), after.state.head_contact_id) == ((BOB, EVE), BOB)
    assert after.state.name is None
    assert told(after, ForgetMember(ADA, LATER)) == []
    [fact] = told(home(RemoveMember(BOB)), ForgetMember(ADA, LATER))
    assert (fact.action, fact.contact_id) == ("dissolved", ADA)
