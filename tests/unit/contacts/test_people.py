"""People: what each command decides."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from contacts.people.domain import (
    AddPoint,
    ContactIdIsTakenError,
    ContactNotFoundError,
    CreatePerson,
    EndMembership,
    InvalidatePoint,
    MembershipNotFoundError,
    Part,
    Person,
    PointNotFoundError,
    SetMembership,
    UpdatePerson,
    carry_out,
    decide,
    point_id_of,
)
from contacts.points import PointRules
from hypothesis import given
from hypothesis import strategies as st

ID, FIRM, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
AT, LATER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
RULES = PointRules("key")
MAIL = RULES.read("email", "Ada@Example.org", primary=True)
SECOND = RULES.read("email", "ada@other.example", primary=True)
CREATE = CreatePerson(ID, {"given_name": "Ada"}, AT, (MAIL,), (Part(FIRM, "buyer"),))


def person() -> Person:
    return carry_out(None, CREATE).after


def names(facts: object) -> list[str]:
    assert isinstance(facts, tuple)
    return [type(fact).__name__ for fact in facts]


def test_a_new_person_comes_with_points_and_memberships() -> None:
    change = carry_out(None, CREATE)
    assert names(change.facts) == [
        "ContactCreated",
        "ContactPointAdded",
        "ContactMembershipChanged",
    ]
    assert change.after.version == 3
    assert change.after.state.points[0].normalized == "ada@example.org"


def test_no_fact_carries_a_name_or_an_address() -> None:
    text = "".join(fact.model_dump_json() for fact in carry_out(None, CREATE).facts).lower()
    assert "ada" not in text.replace(MAIL.subject_hash, "")


def test_creating_the_person_again_stays_quiet() -> None:
    assert decide(person(), CREATE) == []


def test_the_same_id_with_other_content_is_refused() -> None:
    with pytest.raises(ContactIdIsTakenError):
        decide(person(), CreatePerson(ID, {"given_name": "Bob"}, AT, (MAIL,), (Part(FIRM),)))


def test_the_same_address_again_stays_quiet() -> None:
    assert decide(person(), AddPoint(MAIL)) == []


def test_there_is_one_primary_point_of_a_type() -> None:
    points = carry_out(person(), AddPoint(SECOND)).after.state.points
    assert {point.normalized: point.is_primary for point in points} == {
        "ada@example.org": False,
        "ada@other.example": True,
    }


def test_an_invalid_point_can_be_said_to_be_good_again() -> None:
    point_id = point_id_of(ID, MAIL)
    bad = carry_out(person(), InvalidatePoint(point_id, "hard-bounce"))
    assert bad.after.state.points[0].status == "invalid"
    assert decide(bad.after, InvalidatePoint(point_id, "hard-bounce")) == []
    assert carry_out(bad.after, AddPoint(MAIL)).after.state.points[0].status == "active"


def test_what_is_not_there_cannot_be_changed() -> None:
    with pytest.raises(PointNotFoundError):
        decide(person(), InvalidatePoint(UUID(int=9), "hard-bounce"))
    with pytest.raises(MembershipNotFoundError):
        decide(person(), EndMembership(OTHER, LATER))
    with pytest.raises(ContactNotFoundError):
        decide(None, UpdatePerson({}))


def test_coming_back_to_a_customer_is_a_new_membership() -> None:
    change = carry_out(
        person(), EndMembership(FIRM, LATER), SetMembership(Part(FIRM, "chief"), LATER)
    )
    assert [(each.role, each.until) for each in change.after.state.memberships] == [
        ("buyer", LATER),
        ("chief", None),
    ]


def test_a_new_primary_membership_demotes_the_old_one() -> None:
    change = carry_out(
        person(),
        SetMembership(Part(FIRM, "buyer", is_primary=True), LATER),
        SetMembership(Part(OTHER, "adviser", is_primary=True), LATER),
    )
    live = {each.customer_id: each.is_primary for each in change.after.state.memberships}
    assert live == {FIRM: False, OTHER: True}


@given(st.lists(st.sampled_from([MAIL, SECOND]), max_size=6))
def test_points_do_not_multiply(points: list[object]) -> None:
    commands = [AddPoint(point) for point in (MAIL, *points)]  # type: ignore[arg-type]
    change = carry_out(person(), *commands)
    assert len(change.after.state.points) == len({MAIL, *points})
    assert sum(point.is_primary for point in change.after.state.points) == 1
