"""Verified addresses: what verifies one, what takes that away, and what is refused."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from contacts.people.creation import CreatePerson
from contacts.people.domain import Person, carry_out, decide
from contacts.people.points import AddPoint, InvalidatePoint, point_id_of
from contacts.points import PointRules
from contacts.records import MergeRecord, RecordIsErasedError
from contacts.verified_points import (
    MethodDoesNotFitError,
    PointIsInvalidError,
    PointNotFoundError,
    VerifyPoint,
)
from shared.contracts.contacts import ContactPointVerified, VerifiedBy

ID, OTHER = UUID(int=1), UUID(int=2)
AT = datetime(2026, 1, 1, tzinfo=UTC)
RULES = PointRules("key")
MAIL = RULES.read("email", "Ada@Example.org")
PHONE = RULES.read("phone", "+442079460018")
MAIL_ID, PHONE_ID = point_id_of(ID, MAIL), point_id_of(ID, PHONE)
BY_LINK = VerifyPoint(MAIL_ID, "mail-link", AT)


def person() -> Person:
    return carry_out(None, CreatePerson(ID, {"given_name": "Ada"}, AT, (MAIL, PHONE))).after


def verified(person: Person) -> dict[str, datetime | None]:
    return {point.type: point.verified_at for point in person.state.points}


def test_an_address_is_verified_once() -> None:
    change = carry_out(person(), BY_LINK)
    assert change.facts == (
        ContactPointVerified(contact_id=ID, point_id=MAIL_ID, method="mail-link", verified_at=AT),
    )
    assert verified(change.after) == {"email": AT, "phone": None}
    assert decide(change.after, VerifyPoint(MAIL_ID, "document", AT)) == []


def test_an_invalid_address_is_verified_no_longer_and_cannot_be() -> None:
    gone = carry_out(person(), BY_LINK, InvalidatePoint(MAIL_ID, "hard-bounce"))
    assert verified(gone.after)["email"] is None
    with pytest.raises(PointIsInvalidError):
        decide(gone.after, BY_LINK)
    back = carry_out(gone.after, AddPoint(MAIL))
    assert verified(back.after)["email"] is None


def test_an_address_stays_verified_when_it_becomes_the_primary_one() -> None:
    primary = RULES.read("email", "ada@example.org", primary=True)
    after = carry_out(person(), BY_LINK, AddPoint(primary)).after
    assert verified(after)["email"] == AT


@pytest.mark.parametrize(
    ("point_id", "method"), [(PHONE_ID, "mail-link"), (MAIL_ID, "text-message")]
)
def test_a_method_verifies_what_it_reaches(point_id: UUID, method: VerifiedBy) -> None:
    with pytest.raises(MethodDoesNotFitError):
        decide(person(), VerifyPoint(point_id, method, AT))
    assert len(decide(person(), VerifyPoint(point_id, "call", AT))) == 1


def test_what_is_not_there_cannot_be_verified() -> None:
    with pytest.raises(PointNotFoundError):
        decide(person(), VerifyPoint(UUID(int=9), "call", AT))
    before = person()
    erased = before.state.model_copy(update={"record_status": "erased"})
    with pytest.raises(RecordIsErasedError):
        decide(Person(erased, 1), BY_LINK)


def test_of_a_merged_record_no_address_is_verified() -> None:
    merged = carry_out(person(), BY_LINK, MergeRecord(UUID(int=7), OTHER))
    assert set(verified(merged.after).values()) == {None}
