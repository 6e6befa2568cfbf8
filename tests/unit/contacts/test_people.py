"""People: what each command decides."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from contacts.key_dates import SetKeyDate
from contacts.people.creation import ContactIdIsTakenError, CreatePerson
from contacts.people.domain import (
    ContactNotFoundError,
    Person,
    carry_out,
    decide,
)
from contacts.people.memberships import (
    EndMembership,
    MembershipNotFoundError,
    Part,
    SetMembership,
)
from contacts.people.points import AddPoint, InvalidatePoint, point_id_of
from contacts.people.profile import UpdatePerson
from contacts.people.status import ArchivePerson, RestorePerson
from contacts.points import PointRules
from contacts.postal_points import AddPostalPoint, NewPostalPoint, PostalAddress
from contacts.records import RecordIsArchivedError, RecordIsErasedError
from contacts.verified_points import PointNotFoundError
from hypothesis import given
from hypothesis import strategies as st
from shared.contracts.contacts import KeyDate

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


def test_an_update_that_says_what_is_known_stays_quiet() -> None:
    said = {"given_name": "Ada", "job_title": None}
    assert decide(person(), UpdatePerson(said)) == []
    assert names(carry_out(person(), UpdatePerson({**said, "given_name": "Eve"})).facts) == [
        "ContactUpdated"
    ]


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


def test_a_person_is_put_away_and_taken_out_again() -> None:
    away = carry_out(person(), ArchivePerson("left-company"), ArchivePerson("left-company"))
    assert names(away.facts) == ["ContactArchived"]
    with pytest.raises(RecordIsArchivedError):
        decide(away.after, UpdatePerson({"given_name": "Eve"}))
    back = carry_out(away.after, RestorePerson(), RestorePerson())
    assert (names(back.facts), back.after.state) == (["ContactRestored"], person().state)


def test_a_bounce_concerns_an_archived_person_and_none_that_is_gone() -> None:
    before = person()
    bounced = InvalidatePoint(before.state.points[0].point_id, "hard-bounce")
    archived = before.state.model_copy(update={"record_status": "archived"})
    assert len(decide(Person(archived, 1), bounced)) == 1
    erased = before.state.model_copy(update={"record_status": "erased"})
    assert decide(Person(erased, 1), bounced) == []
    with pytest.raises(RecordIsErasedError):
        decide(Person(erased, 1), RestorePerson())


HOME = NewPostalPoint(PostalAddress(("12 High St.",), "Leeds", "LS1 4DY"), "hash", is_primary=True)
BIRTHDAY = KeyDate(kind="birthday", month_day="04-12", year=1971)


def test_a_postal_address_is_kept_once_in_one_spelling() -> None:
    change = carry_out(person(), AddPostalPoint(HOME))
    assert names(change.facts) == ["ContactPostalPointAdded"]
    [point] = change.after.state.postal_points
    assert point.normalized == "12 high street, ls1 4dy leeds"
    again = NewPostalPoint(PostalAddress(("12 HIGH STREET",), "leeds", "LS1 4DY"), "hash")
    assert carry_out(change.after, AddPostalPoint(again)).facts == ()


def test_there_is_one_primary_postal_address_and_it_can_become_invalid() -> None:
    at_home = carry_out(person(), AddPostalPoint(HOME)).after
    moved = NewPostalPoint(PostalAddress(("1 Low Rd",), "York"), "hash", is_primary=True)
    twice = carry_out(at_home, AddPostalPoint(moved)).after
    assert {p.locality: p.is_primary for p in twice.state.postal_points} == {
        "Leeds": False,
        "York": True,
    }
    point_id = at_home.state.postal_points[0].point_id
    gone = carry_out(twice, InvalidatePoint(point_id, "returned-mail"))
    assert names(gone.facts) == ["ContactPointInvalidated"]
    statuses = {p.locality: p.status for p in gone.after.state.postal_points}
    assert statuses == {"Leeds": "invalid", "York": "active"}


def test_a_key_date_is_set_and_its_fact_tells_no_day() -> None:
    change = carry_out(person(), SetKeyDate(BIRTHDAY))
    assert change.after.state.key_dates == (BIRTHDAY,)
    assert "04-12" not in change.facts[0].model_dump_json()
    assert carry_out(change.after, SetKeyDate(BIRTHDAY)).facts == ()
    corrected = KeyDate(kind="birthday", month_day="12-04")
    assert carry_out(change.after, SetKeyDate(corrected)).after.state.key_dates == (corrected,)


def test_a_new_person_comes_with_address_and_birthday() -> None:
    create = replace(CREATE, postal_points=(HOME,), key_dates=(BIRTHDAY,))
    change = carry_out(None, create)
    assert len(change.facts) == change.after.version == 5
    assert carry_out(change.after, create).facts == ()
    with pytest.raises(ContactIdIsTakenError):
        carry_out(change.after, replace(create, key_dates=()))
