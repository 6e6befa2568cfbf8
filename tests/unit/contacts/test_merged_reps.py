"""Partners' reps when people are merged, and when they are parted again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from contacts.partners.decisions import MergedReps, adopted, repointed, reps_merged, reps_returned
from contacts.partners.domain import Certificate, Partner, Rep
from shared.contracts.contacts import PartnerOnboarded, RepStatus

AT = datetime(2026, 11, 25, 9, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
ONE, TWO, THREE = UUID(int=1), UUID(int=2), UUID(int=3)
TOLD = PartnerOnboarded(
    partner_id=UUID(int=7), customer_id=UUID(int=8), program="dealer", tier="gold", onboarded_at=AT
)


def passed(course: str, days: int, score: float = 80) -> Certificate:
    return Certificate(course, score, AT + timedelta(days=days))


def rep(contact_id: UUID, *held: Certificate, role: str = "sales", days: int = 0) -> Rep:
    valid = any(each.valid_until > AT for each in held)
    status: RepStatus = "registered" if not held else "certified" if valid else "expired"
    return Rep(contact_id, role, AT + timedelta(days=days), status, held)


def partner(*reps: Rep) -> Partner:
    return Partner(TOLD, 5, "active", AT, reps={each.contact_id: each for each in reps})


def merged(before: Partner, *others: UUID) -> tuple[Partner, list[str], MergedReps]:
    """These are merged into ONE: the partner, what is told, and what is kept."""
    made = reps_merged(before.reps, others, ONE, AT)
    assert made is not None
    gone = {each: None for each in others if each in before.reps}
    after, facts = adopted(before, {**gone, ONE: made}, "merged")
    names = [type(fact).__name__.removeprefix("PartnerRep") for fact in facts]
    return after, names, MergedReps(TOLD.partner_id, before.reps, made)


def parted(after: Partner, kept: MergedReps) -> Partner:
    back = reps_returned(kept, after.reps.get(ONE), ONE, LATER)
    return adopted(after, back, "unmerged")[0]


@pytest.mark.parametrize(
    ("theirs", "facts"),
    [
        (rep(TWO), ["Removed", "Registered"]),
        (rep(TWO, passed("basic", 30)), ["Removed", "Registered", "Certified"]),
        (rep(TWO, passed("basic", -1)), ["Removed", "Registered", "Certified", "Expired"]),
        (
            rep(TWO, passed("basic", -1), passed("more", 9)),
            ["Removed", "Registered", "Certified", "Certified"],
        ),
    ],
)
def test_whoever_stays_is_the_rep_that_the_other_was(theirs: Rep, facts: list[str]) -> None:
    before = partner(theirs)
    after, told, kept = merged(before, TWO)
    assert after.reps == {ONE: replace(theirs, contact_id=ONE)}
    assert told == facts
    assert after.version == before.version + len(facts)
    assert parted(after, kept).reps == before.reps


def test_of_two_reps_the_longest_certificate_of_each_course_counts() -> None:
    own = rep(ONE, passed("basic", -5), passed("more", -9), role="boss", days=3)
    theirs = rep(TWO, passed("basic", 30), passed("law", 60, 70))
    before = partner(own, theirs)
    after, told, kept = merged(before, TWO)
    held = (passed("basic", 30), passed("law", 60, 70), passed("more", -9))
    assert after.reps == {ONE: rep(ONE, *held, role="boss", days=3)}
    assert told == ["Removed", "Certified", "Certified"]
    assert parted(after, kept).reps == before.reps


def test_what_the_other_has_less_of_changes_nothing_but_their_place() -> None:
    before = partner(rep(ONE, passed("basic", 30)), rep(TWO, passed("basic", 20)))
    after, told, kept = merged(before, TWO)
    assert (after.reps, told) == ({ONE: before.reps[ONE]}, ["Removed"])
    assert parted(after, kept).reps == before.reps


def test_of_several_the_first_has_the_role_and_the_eldest_the_time() -> None:
    before = partner(
        rep(TWO, role="sales", days=0), rep(THREE, passed("law", 9), role="boss", days=4)
    )
    after, _, kept = merged(before, THREE, TWO)
    assert after.reps == {ONE: rep(ONE, passed("law", 9), role="boss")}
    assert parted(after, kept).reps == before.reps


def test_what_came_since_stays_with_the_one_who_stayed() -> None:
    before = partner(rep(TWO, passed("basic", 30)))
    after, _, kept = merged(before, TWO)
    more = replace(after.reps[ONE], certificates=(passed("basic", 30), passed("law", 60)))
    now = replace(after, reps={ONE: more})
    assert parted(now, kept).reps == {**before.reps, ONE: rep(ONE, passed("law", 60))}
    promoted = replace(after, reps={ONE: replace(after.reps[ONE], role="boss")})
    assert parted(promoted, kept).reps == {**before.reps, ONE: rep(ONE, role="boss")}


def test_whoever_was_removed_since_is_no_rep_of_anybody() -> None:
    before = partner(rep(TWO, passed("basic", 30)))
    after, _, kept = merged(before, TWO)
    assert parted(replace(after, reps={}), kept).reps == {}
    anew = rep(ONE, days=9)
    assert parted(replace(after, reps={ONE: anew}), kept).reps == {ONE: anew}


def test_a_certificate_that_ended_meanwhile_comes_back_as_ended() -> None:
    theirs = rep(TWO, passed("basic", 30))
    soon = replace(theirs, certificates=(Certificate("basic", 80, AT + timedelta(minutes=1)),))
    after, _, kept = merged(partner(soon), TWO)
    assert after.reps[ONE].status == "certified"
    assert parted(after, kept).reps[TWO].status == "expired"


def test_nobody_elses_rep_is_nothing_to_merge() -> None:
    assert reps_merged({ONE: rep(ONE)}, [TWO], ONE, AT) is None


def test_a_partner_goes_with_its_customer() -> None:
    after, [fact] = repointed(partner(), UUID(int=9))
    assert (after.told.customer_id, after.version) == (UUID(int=9), 6)
    told = fact.model_dump(include={"customer_id", "from_id", "to_id"})
    assert told == {"customer_id": UUID(int=9), "from_id": UUID(int=8), "to_id": UUID(int=9)}
