"""Privacy requests: what each step decides."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from contacts.erasures.domain import marks_of, rows_of_others
from contacts.privacy.domain import (
    Ack,
    Address,
    Found,
    IdentityIsNotVerifiedError,
    KindForbidsError,
    PrivacyRequest,
    PrivacyRequestIsOverError,
    PrivacyRequestIsUnderWayError,
    Whom,
    acknowledge,
    complete_erasure,
    lift,
    reject,
    restrict,
    start_erasure,
    verify,
)
from shared.contracts.contacts import (
    ErasureCompleted,
    ErasureRequested,
    PrivacyRequestRejected,
    ProcessingRestricted,
    RestrictionLifted,
    Retained,
)
from shared.contracts.privacy import ANSWERING

AT = datetime(2026, 10, 23, 9, tzinfo=UTC)
WHOM = Whom((UUID(int=1),), (UUID(int=2),))
RECEIVED = PrivacyRequest(
    UUID(int=9),
    "erasure",
    WHOM,
    WHOM.scope,
    "pia",
    "c-1",
    AT,
    AT + timedelta(hours=72),
    AT + timedelta(days=30),
)
FOUND = Found(
    (Address("email", "hash"), Address("phone", "hash")),
    (UUID(int=3),),
    (Retained(category="litigation", legal_basis="legal-claims"),),
)
VERIFIED = verify(RECEIVED, "passport")
STARTED = start_erasure(VERIFIED, FOUND)[0]


def ack(service: str, *retained: Retained) -> Ack:
    return Ack(service, {"rows": 1}, retained, AT)


def test_an_erasure_starts_when_the_identity_is_verified_and_names_what_is_held() -> None:
    [asked] = start_erasure(VERIFIED, FOUND)[1]
    assert isinstance(asked, ErasureRequested)
    assert asked.subject_hashes == ("hash",)
    assert asked.scope == "person-and-customer"
    assert asked.legal_holds == FOUND.legal_holds
    assert asked.required_acks == ANSWERING
    assert asked.deadline_at - AT == timedelta(days=30)


def test_nothing_is_erased_before_the_identity_is_verified() -> None:
    with pytest.raises(IdentityIsNotVerifiedError):
        start_erasure(RECEIVED, FOUND)


def test_a_repeated_start_stays_quiet() -> None:
    assert start_erasure(STARTED, FOUND) == (STARTED, [])


def test_what_is_in_progress_cannot_be_rejected() -> None:
    with pytest.raises(PrivacyRequestIsUnderWayError):
        reject(STARTED, "unfounded", AT)


def test_a_rejection_lets_the_person_be_written_to_again_and_is_told_once() -> None:
    rejected, facts = reject(VERIFIED, "unfounded", AT)
    assert [type(fact) for fact in facts] == [PrivacyRequestRejected, RestrictionLifted]
    assert reject(rejected, "unfounded", AT) == (rejected, [])
    with pytest.raises(PrivacyRequestIsOverError):
        verify(rejected, "passport")


def test_each_service_is_waited_for_and_counts_once() -> None:
    request = STARTED
    for service in ANSWERING:
        assert service in request.awaited
        request = acknowledge(request, ack(service))
        assert acknowledge(request, ack(service)) == request
    assert request.awaited == ()
    assert acknowledge(request, ack("strangers")) == request


def test_the_end_names_what_is_kept_for_the_longest_time_that_anybody_named() -> None:
    orders = [
        Retained(category="orders", legal_basis="tax", until=date(year, 12, 31))
        for year in (2034, 2036, 2035)
    ]
    request = replace(STARTED, acks=tuple(ack("pipeline", each) for each in orders))
    completed, [fact] = complete_erasure(request, AT)
    assert isinstance(fact, ErasureCompleted)
    assert {(each.category, each.until) for each in fact.retained} == {
        ("litigation", None),
        ("orders", date(2036, 12, 31)),
        ("suppression-hash", None),
    }
    assert (completed.status, completed.ended_at) == ("completed", AT)


def test_a_restriction_holds_until_it_is_lifted() -> None:
    asked = replace(RECEIVED, kind="restriction", whom=Whom((UUID(int=1),)))
    restricted, facts = restrict(asked, "all")
    assert [type(fact) for fact in facts] == [ProcessingRestricted]
    assert restricted.status == "in-progress"
    lifted, facts = lift(restricted, AT)
    assert [type(fact) for fact in facts] == [RestrictionLifted]
    assert lift(lifted, AT) == (lifted, [])
    with pytest.raises(KindForbidsError):
        lift(STARTED, AT)


def test_a_request_is_overdue_after_its_deadline_while_it_is_open() -> None:
    late = AT + timedelta(days=31)
    assert STARTED.is_overdue(late)
    assert not STARTED.is_overdue(AT)
    assert not complete_erasure(STARTED, AT)[0].is_overdue(late)


def test_rows_of_a_file_are_theirs_by_an_address_or_by_both_names() -> None:
    marks = marks_of(["Nora@Harbour.example", "N"], [("Nora", "Lind"), ("Nora", None)])
    rows = [
        (1, ["x", " NORA@harbour.example "]),
        (2, ["Nora", "Lind"]),
        (3, ["Nora", "Other"]),
        (4, ["N", "o@p.example"]),
    ]
    assert rows_of_others(rows, marks) == rows[2:]
