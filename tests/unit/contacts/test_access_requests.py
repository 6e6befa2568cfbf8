"""Access requests: what each step decides, and the page that a person reads."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from contacts.access_requests.domain import complete_export, start_export
from contacts.access_requests.page import page_of
from contacts.privacy.domain import (
    Ack,
    Address,
    Found,
    IdentityIsNotVerifiedError,
    KindForbidsError,
    PrivacyRequest,
    PrivacyRequestIsOverError,
    Whom,
    reject,
    verify,
)
from shared.contracts.contacts import ExportCompleted, ExportRequested, PrivacyRequestRejected
from shared.contracts.privacy import ANSWERING

AT = datetime(2026, 10, 23, 9, tzinfo=UTC)
WHOM = Whom((UUID(int=1), UUID(int=4)), (UUID(int=2),))
RECEIVED = PrivacyRequest(
    UUID(int=9),
    "export",
    WHOM,
    WHOM.scope,
    "pia",
    "c-1",
    AT,
    AT + timedelta(hours=72),
    AT + timedelta(days=30),
)
FOUND = Found((Address("email", "hash"),), (UUID(int=3),))
VERIFIED = verify(RECEIVED, "passport")
STARTED = start_export(VERIFIED, FOUND)[0]
ANSWERED = replace(STARTED, acks=tuple(Ack(each, {}, (), AT) for each in ANSWERING))
EXPIRES = AT + timedelta(days=14)


def test_an_access_request_starts_when_the_identity_is_verified() -> None:
    [asked] = start_export(VERIFIED, FOUND)[1]
    assert isinstance(asked, ExportRequested)
    assert asked.contact_id == UUID(int=1)
    assert asked.contact_ids == WHOM.contact_ids
    assert asked.subject_hashes == ("hash",)
    assert asked.required_acks == STARTED.awaited == ANSWERING
    assert asked.deadline_at - AT == timedelta(days=30)


def test_nothing_is_told_before_the_identity_is_verified_or_of_another_kind() -> None:
    with pytest.raises(IdentityIsNotVerifiedError):
        start_export(RECEIVED, FOUND)
    with pytest.raises(KindForbidsError):
        start_export(replace(VERIFIED, kind="erasure"), FOUND)


def test_a_repeated_start_stays_quiet_and_one_after_the_end_is_refused() -> None:
    assert start_export(STARTED, FOUND) == (STARTED, [])
    rejected, facts = reject(VERIFIED, "unfounded", AT)
    assert [type(fact) for fact in facts] == [PrivacyRequestRejected]
    with pytest.raises(PrivacyRequestIsOverError):
        start_export(rejected, FOUND)


def test_the_bundle_ends_the_request_once() -> None:
    completed, [fact] = complete_export(ANSWERED, EXPIRES, AT)
    assert isinstance(fact, ExportCompleted)
    assert (fact.bundle_ref, fact.expires_at) == (
        f"/v1/privacy/requests/{UUID(int=9)}/bundle",
        EXPIRES,
    )
    assert (completed.status, completed.ended_at) == ("completed", AT)
    assert complete_export(completed, EXPIRES, AT) == (completed, [])


def test_no_bundle_is_made_while_a_service_is_silent() -> None:
    assert complete_export(STARTED, EXPIRES, AT) == (STARTED, [])


def test_the_page_shows_what_is_held_and_lets_nobody_write_into_it() -> None:
    page = page_of(
        {
            "request_id": "r-1",
            "made_at": "2026-10-23T09:00:00+00:00",
            "expires_at": "2026-11-06T09:00:00+00:00",
            "parts": {
                "contacts": {
                    "person": [{"given_name": "<script>alert(1)</script>", "is_known": True}],
                    "key_dates": [],
                },
                "customer-360": {
                    "figures": [{"revenue": {"EUR": "12.50"}, "value_group": "loyal"}],
                    "contactability": [{"channel": "email", "ok": False, "reason": "consent"}],
                },
                "pipeline": {"orders": [{"lines": [{"sku": "A&B"}], "paid_at": None}]},
            },
        }
    )
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<th>Given name</th>" in page
    assert "<td>yes</td>" in page
    assert "<p>Nothing is held.</p>" in page
    assert "Sku: A&amp;B" in page
    assert "<td>EUR: 12.50</td><td>loyal</td>" in page
    assert "<td>email</td><td>no</td><td>consent</td>" in page
    assert "2026-10-23 09:00" in page
