"""Merging people with plain values: whose value stays, whose word counts, what goes back."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from contacts.consents.adoption import adopt, strictest, united
from contacts.consents.commands import AdoptConsent, Consent, Subject, WithdrawConsent
from contacts.merges.person_decisions import (
    kept_of_person,
    merged_given_back,
    plan_person,
    survivor_given_back,
)
from contacts.people.points import point_id_of
from pydantic_core import to_jsonable_python
from shared.contracts.contacts import (
    ConsentStatus,
    ContactPoint,
    ContactState,
    KeyDate,
    Membership,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ONE, TWO, FIRM, MERGE = (UUID(int=n) for n in range(1, 5))
NEVER: dict[UUID, dict[str, datetime]] = {ONE: {}, TWO: {}}
"""Nothing was said since the records are known."""


def state(contact_id: UUID, **fields: Any) -> ContactState:
    known = NOW - timedelta(days=contact_id.int)
    return ContactState(contact_id=contact_id, created_at=known, **fields)


def point(contact_id: UUID, value: str, **fields: Any) -> ContactPoint:
    made = ContactPoint(point_id=ONE, type="email", value=value, normalized=value, **fields)
    return made.model_copy(update={"point_id": point_id_of(contact_id, made)})


def consent(contact_id: UUID, status: ConsentStatus, **fields: Any) -> Consent:
    subject = Subject(contact_id, "email", "newsletter")
    return Consent(subject, status, NOW - timedelta(days=9), "call", 3, **fields)


def test_a_value_is_the_chosen_ones_else_the_one_that_was_said_last() -> None:
    one = state(ONE, given_name="Ada", job_title="CEO", language="en", department="R&D")
    two = state(
        TWO, given_name="A.", family_name="L", job_title="CTO", language="de", department="R&D"
    )
    said = {ONE: {}, TWO: {"language": NOW, "department": NOW}}
    plan = plan_person({ONE: one, TWO: two}, {"job_title": TWO}, said)
    assert {each.field: (each.strategy, each.value) for each in plan.resolved} == {
        "given_name": ("kept", "Ada"),
        "family_name": ("present", "L"),
        "job_title": ("chosen", "CTO"),
        "language": ("recent", "de"),
        "department": ("kept", "R&D"),
    }


def test_a_birthday_that_was_corrected_last_stays() -> None:
    wrong, right = (KeyDate(kind="birthday", month_day=day) for day in ("05-01", "05-10"))
    records = {ONE: state(ONE, key_dates=[wrong]), TWO: state(TWO, key_dates=[right])}
    for said, stays in (({}, wrong), ({"key_dates": NOW}, right)):
        plan = plan_person(records, {}, {ONE: {}, TWO: said})
        assert plan.profile.get("key_dates", (wrong,)) == (stays,)


def test_every_address_is_kept_once_with_one_primary() -> None:
    one = state(ONE, points=(point(ONE, "a@x.org", is_primary=True),))
    theirs = (point(TWO, "a@x.org"), point(TWO, "b@x.org", is_primary=True))
    plan = plan_person({ONE: one, TWO: state(TWO, points=theirs)}, {}, NEVER)
    assert plan.profile["points"] == (*one.points, point(ONE, "b@x.org"))


def test_of_two_live_parts_in_a_customer_the_survivors_stays_and_ended_ones_too() -> None:
    since = [NOW - timedelta(days=n) for n in (30, 20, 10)]
    own = Membership(customer_id=FIRM, since=since[1])
    live = Membership(customer_id=FIRM, role="boss", since=since[2])
    ended = Membership(customer_id=FIRM, role="clerk", since=since[0], until=since[1])
    records = {ONE: state(ONE, memberships=(own,)), TWO: state(TWO, memberships=(ended, live))}
    united_parts = plan_person(records, {}, NEVER).profile["memberships"]
    assert united_parts == (ended, own.model_copy(update={"role": "boss"}))


def test_each_has_back_what_they_brought_as_it_is_by_then() -> None:
    birthday = KeyDate(kind="birthday", month_day="12-10")
    one = state(ONE, given_name="Ada", points=(point(ONE, "a@x.org"),))
    two = state(TWO, family_name="L", points=(point(TWO, "b@x.org"),), key_dates=(birthday,))
    plan = plan_person({ONE: one, TWO: two}, {}, NEVER)
    kept = to_jsonable_python(kept_of_person(one, plan, [two]))
    merged = one.model_copy(update=dict(plan.profile))
    bad = point(ONE, "b@x.org", status="invalid")
    new = point(ONE, "c@x.org")
    since = merged.model_copy(update={"points": (one.points[0], bad, new), "job_title": "CEO"})
    own = since.model_copy(update=survivor_given_back(kept, since, [two]))
    assert own == one.model_copy(update={"points": (one.points[0], new), "job_title": "CEO"})
    theirs = two.model_copy(update=merged_given_back(kept, since, two))
    assert theirs == two.model_copy(update={"points": (point(TWO, "b@x.org", status="invalid"),)})


@pytest.mark.parametrize("has_it_too", [True, False])
def test_what_one_of_them_had_verified_is_verified_and_goes_back_so(has_it_too: bool) -> None:  # noqa: FBT001
    one = state(ONE, points=(point(ONE, "a@x.org"),) if has_it_too else ())
    two = state(TWO, points=(point(TWO, "a@x.org", verified_at=NOW),))
    plan = plan_person({ONE: one, TWO: two}, {}, NEVER)
    [address] = plan.profile["points"]
    assert address.verified_at == NOW
    kept = to_jsonable_python(kept_of_person(one, plan, [two]))
    merged = one.model_copy(update=dict(plan.profile))
    gone = two.model_copy(update={"points": (point(TWO, "a@x.org"),)})
    assert survivor_given_back(kept, merged, [gone])["points"] == one.points
    assert merged_given_back(kept, merged, gone)["points"] == two.points


@pytest.mark.parametrize(
    ("own", "theirs", "whose"),
    [
        ("granted", "withdrawn", TWO), ("granted", "denied", TWO), ("granted", "expired", TWO),
        ("granted", "granted", ONE), ("granted", "pending-confirmation", ONE),
        ("denied", "withdrawn", ONE), ("expired", "denied", TWO), ("expired", "granted", ONE),
        ("pending-confirmation", "granted", TWO),
    ],
)  # fmt: skip
def test_the_most_restrictive_counts(
    own: ConsentStatus, theirs: ConsentStatus, whose: UUID
) -> None:
    both = [consent(ONE, own), consent(TWO, theirs)]
    assert strictest(ONE, both, NOW).subject.contact_id == whose


def test_of_two_grants_the_one_that_ends_first_counts_and_one_that_is_over_is_over() -> None:
    soon, over = NOW + timedelta(days=1), NOW - timedelta(days=1)
    ending = consent(TWO, "granted", expires_at=soon)
    assert strictest(ONE, [consent(ONE, "granted"), ending], NOW) == ending
    ended = consent(TWO, "granted", expires_at=over)
    assert strictest(ONE, [consent(ONE, "granted"), ended], NOW).status == "expired"


def test_a_no_is_withdrawn_by_the_merge_and_what_stays_needs_no_command() -> None:
    both = [consent(ONE, "granted"), consent(TWO, "denied")]
    no = WithdrawConsent(both[0].subject, "merge", NOW, f"merge:{MERGE}")
    assert united(ONE, both, NOW, MERGE) == no
    assert united(ONE, [consent(ONE, "denied"), consent(TWO, "granted")], NOW, MERGE) is None


def test_adopting_what_one_has_is_quiet_and_what_is_unknown_again_has_run_out() -> None:
    own = consent(ONE, "granted", effective_from=NOW)
    assert (
        adopt(own, AdoptConsent(own.subject, consent(TWO, "granted", effective_from=NOW), NOW))
        == []
    )
    [over] = adopt(own, AdoptConsent(own.subject, None, NOW))
    assert over.type.endswith("consent.expired.v1")
    assert adopt(None, AdoptConsent(own.subject, None, NOW)) == []
