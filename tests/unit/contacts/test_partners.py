"""A partner and its reps: each command happens, is refused, or stays quiet."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from contacts.partners.domain import (
    FOLLOWS,
    Certificate,
    CertificateIsOverError,
    CertifyRep,
    Command,
    ExpireRep,
    OnboardPartner,
    Partner,
    PartnerIdIsTakenError,
    PartnerIsTerminatedError,
    PartnerIsThereError,
    PartnerNotFoundError,
    PartnerStatusDoesNotFollowError,
    RegisterRep,
    RemoveRep,
    RepNotFoundError,
    SetPartnerStatus,
    decide,
)
from contacts.partners.handlers import carry_out
from shared.contracts.contacts import PartnerOnboarded, PartnerStatus

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
REP = UUID(int=5)


def told(**fields: Any) -> PartnerOnboarded:
    said: dict[str, Any] = {
        "partner_id": UUID(int=1),
        "customer_id": UUID(int=2),
        "program": "dealer",
        "tier": "silver",
        "territories": ("AT",),
        "onboarded_at": NOW,
    }
    return PartnerOnboarded(**{**said, **fields})


def partner(*commands: Command) -> Partner:
    return carry_out(None, OnboardPartner(told()), *commands)[0]


def becomes(*statuses: PartnerStatus) -> list[Command]:
    return [SetPartnerStatus(status, "why", NOW) for status in statuses]


def passed(course: str, days: int, score: float = 80) -> CertifyRep:
    return CertifyRep(REP, Certificate(course, score, NOW + timedelta(days=days)), NOW)


REGISTER = RegisterRep(REP, "sales", NOW)


def test_a_partner_is_onboarded_once_and_is_prospective() -> None:
    assert decide(None, OnboardPartner(told())) == [told()]
    assert (partner().status, partner().version) == ("prospective", 1)
    again = told(onboarded_at=NOW + timedelta(hours=1))
    assert decide(partner(), OnboardPartner(again)) == []
    with pytest.raises(PartnerIdIsTakenError):
        decide(partner(), OnboardPartner(told(tier="gold")))
    with pytest.raises(PartnerIsThereError):
        decide(None, OnboardPartner(told(), there=UUID(int=7)))
    with pytest.raises(PartnerNotFoundError):
        decide(None, SetPartnerStatus("active", "why", NOW))


@pytest.mark.parametrize(
    "way",
    [
        ("active", "suspended", "active", "terminated"),
        ("active", "suspended", "terminated"),
        ("terminated",),
    ],
)
def test_the_ways_of_a_partner(way: tuple[PartnerStatus, ...]) -> None:
    after, facts = carry_out(partner(), *becomes(*way))
    assert (after.status, after.reason_code, len(facts)) == (way[-1], "why", len(way))
    assert decide(after, SetPartnerStatus(way[-1], "other", NOW)) == []


@pytest.mark.parametrize(
    ("before", "to"),
    [
        ((), "suspended"),
        (("active",), "prospective"),
        (("active", "suspended"), "prospective"),
        (("terminated",), "active"),
    ],
)
def test_no_other_way(before: tuple[PartnerStatus, ...], to: PartnerStatus) -> None:
    with pytest.raises(PartnerStatusDoesNotFollowError):
        decide(partner(*becomes(*before)), SetPartnerStatus(to, "why", NOW))


def test_a_terminated_partner_becomes_nothing_more() -> None:
    assert FOLLOWS["terminated"] == frozenset()
    gone = partner(REGISTER, *becomes("terminated"))
    with pytest.raises(PartnerIsTerminatedError):
        decide(gone, RegisterRep(UUID(int=6), "sales", NOW))
    with pytest.raises(PartnerIsTerminatedError):
        decide(gone, passed("basic", 10))
    assert len(decide(gone, RemoveRep(REP, "erased"))) == 1


def test_a_rep_is_registered_once_and_may_have_another_role() -> None:
    registered = partner(REGISTER)
    assert (registered.reps[REP].status, registered.version) == ("registered", 2)
    assert decide(registered, REGISTER) == []
    later = RegisterRep(REP, "technician", NOW + timedelta(days=1))
    rep = partner(REGISTER, passed("basic", 10), later).reps[REP]
    assert (rep.role, rep.status, rep.registered_at) == ("technician", "certified", NOW)


def test_a_rep_is_certified_by_course() -> None:
    rep = partner(REGISTER, passed("basic", 10), passed("more", 5), passed("basic", 20, 95)).reps[
        REP
    ]
    assert [(each.course_id, each.score) for each in rep.certificates] == [
        ("basic", 95),
        ("more", 80),
    ]
    assert (rep.status, rep.certified_until) == ("certified", NOW + timedelta(days=20))
    assert decide(partner(REGISTER, passed("basic", 10)), passed("basic", 10)) == []
    with pytest.raises(RepNotFoundError):
        decide(partner(), passed("basic", 10))
    with pytest.raises(CertificateIsOverError):
        decide(partner(REGISTER), passed("basic", 0))


def test_who_holds_a_valid_certificate_is_not_expired_and_expires_once() -> None:
    certified = partner(REGISTER, passed("basic", 10), passed("more", 5))
    assert decide(certified, ExpireRep(REP, NOW + timedelta(days=9))) == []
    over = ExpireRep(REP, NOW + timedelta(days=11))
    expired, [fact] = carry_out(certified, over)
    assert fact.model_dump()["expired_at"] == NOW + timedelta(days=10)
    assert expired.reps[REP].status == "expired"
    assert decide(expired, over) == []
    assert decide(partner(REGISTER), over) == [], "never certified"
    assert carry_out(expired, passed("basic", 30))[0].reps[REP].status == "certified"


def test_a_rep_is_removed_once() -> None:
    after, facts = carry_out(partner(REGISTER), RemoveRep(REP, "left-company"))
    assert (after.reps, len(facts)) == ({}, 1)
    assert decide(after, RemoveRep(REP, "left-company")) == []
