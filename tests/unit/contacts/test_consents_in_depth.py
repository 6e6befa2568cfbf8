"""Consents: questions by mail, bases in law, times; and who may be written to now."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from contacts.consents.commands import (
    CONFIRMATION_LASTS,
    ActIsOlderError,
    BasisDoesNotFitError,
    ChannelCannotConfirmError,
    Command,
    ConfirmConsent,
    Consent,
    DenyConsent,
    Evidence,
    EvidenceMissingError,
    ExpireConsent,
    GrantConsent,
    PeriodIsEmptyError,
    RequestConsent,
    Subject,
    WithdrawConsent,
)
from contacts.consents.domain import decide, evolve, with_evidence
from contacts.permits.domain import Reason, Recipient, Standing, against
from hypothesis import given
from hypothesis import strategies as st
from shared.contracts.contacts import (
    ConsentConfirmationRequested,
    ConsentDenied,
    ConsentExpired,
    ConsentGranted,
    ConsentStatus,
    ConsentWithdrawn,
    LawfulBasis,
    Purpose,
)
from shared.errors import Refusal

SUBJECT = Subject(UUID(int=1), "email", "newsletter")
AT = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN, OTHER = UUID(int=7), UUID(int=8)
PROOF = Evidence("form:1", "news/v1", "5f2a")


def day(number: int) -> datetime:
    return AT + timedelta(days=number)


def request(at: int = 0, token: UUID = TOKEN, evidence: Evidence = PROOF) -> RequestConsent:
    return RequestConsent(SUBJECT, token, "form", day(at), evidence)


def confirm(at: int = 1, token: UUID = TOKEN) -> ConfirmConsent:
    return ConfirmConsent(SUBJECT, token, day(at))


def grant(at: int = 0, until: int | None = None, evidence: Evidence = PROOF) -> GrantConsent:
    expires_at = day(until) if until is not None else None
    return GrantConsent(SUBJECT, "consent", "form", day(at), evidence, expires_at=expires_at)


def withdraw(at: int = 2) -> WithdrawConsent:
    return WithdrawConsent(SUBJECT, "call", day(at))


def deny(at: int = 2) -> DenyConsent:
    return DenyConsent(SUBJECT, "call", day(at))


def expire(at: int) -> ExpireConsent:
    return ExpireConsent(SUBJECT, day(at))


def after(*commands: Command) -> Consent | None:
    consent: Consent | None = None
    for command in commands:
        for event in decide(consent, command):
            consent = with_evidence(evolve(consent, event), command)
    return consent


def types_of(before: Consent | None, command: Command) -> list[type]:
    return [type(event) for event in decide(before, command)]


def test_a_question_is_asked_and_confirmed_with_what_was_shown() -> None:
    [asked] = decide(None, request())
    assert isinstance(asked, ConsentConfirmationRequested)
    assert asked.expires_at == AT + CONFIRMATION_LASTS
    pending = after(request())
    assert pending is not None
    assert (pending.status, pending.evidence) == ("pending-confirmation", PROOF)
    [granted] = decide(pending, confirm())
    assert isinstance(granted, ConsentGranted)
    assert (granted.double_opt_in, granted.lawful_basis) == (True, "consent")
    consent = after(request(), confirm())
    assert consent is not None
    assert (consent.status, consent.double_opt_in_at) == ("granted", day(1))
    assert (consent.evidence, consent.token_id) == (PROOF, TOKEN)


@pytest.mark.parametrize(
    "before",
    [
        (),
        (request(), confirm()),
        (request(), deny(1)),
        (request(), confirm(), withdraw()),
        (grant(),),
    ],
)
def test_a_link_confirms_what_is_asked_and_nothing_else(before: tuple[Command, ...]) -> None:
    assert decide(after(*before), confirm(2)) == []


def test_a_link_is_good_for_its_time_and_its_question() -> None:
    assert decide(after(request()), confirm(3)) == []
    assert decide(after(request()), confirm(1, OTHER)) == []


def test_an_open_question_is_not_asked_twice_and_a_dead_one_again() -> None:
    assert decide(after(request()), request(1, OTHER)) == []
    assert decide(after(request()), request(4)) == []
    assert types_of(after(request()), request(4, OTHER)) == [ConsentConfirmationRequested]
    assert decide(after(grant()), request(1)) == []


def test_only_mail_is_confirmed_by_mail() -> None:
    by_phone = replace(request(), subject=replace(SUBJECT, channel="phone"))
    with pytest.raises(ChannelCannotConfirmError):
        decide(None, by_phone)


def test_a_no_to_an_open_question_is_a_denial() -> None:
    assert types_of(after(request()), deny()) == [ConsentDenied]
    assert types_of(after(request()), withdraw()) == [ConsentDenied]


def test_after_a_no_a_question_needs_a_new_act_with_evidence() -> None:
    refused = after(grant(), withdraw(2))
    with pytest.raises(ActIsOlderError):
        decide(refused, request(1))
    with pytest.raises(EvidenceMissingError):
        decide(refused, request(3, evidence=Evidence()))
    assert types_of(refused, request(3)) == [ConsentConfirmationRequested]


def test_an_old_yes_does_not_slip_past_a_no_through_an_open_question() -> None:
    asked_again = after(grant(), withdraw(2), request(3))
    with pytest.raises(ActIsOlderError):
        decide(asked_again, grant(1))


def test_a_consent_expires_once_and_then_needs_evidence_again() -> None:
    limited = after(grant(0, until=5))
    assert decide(limited, expire(4)) == []
    assert types_of(limited, expire(5)) == [ConsentExpired]
    over = after(grant(0, until=5), expire(9))
    assert over is not None
    assert (over.status, over.since) == ("expired", day(5))
    assert decide(over, expire(9)) == []
    with pytest.raises(EvidenceMissingError):
        decide(over, grant(6, evidence=Evidence()))
    assert types_of(over, grant(6)) == [ConsentGranted]


def test_what_ran_out_unnoticed_is_told_before_the_new_yes() -> None:
    assert types_of(after(grant(0, until=5)), grant(6)) == [ConsentExpired, ConsentGranted]
    assert types_of(after(grant(0, until=5)), request(6)) == [
        ConsentExpired,
        ConsentConfirmationRequested,
    ]


def test_a_no_to_what_has_expired_is_kept() -> None:
    assert types_of(after(grant(0, until=5), expire(5)), withdraw(6)) == [ConsentDenied]


def test_a_new_act_in_time_renews_what_would_expire() -> None:
    assert types_of(after(grant(0, until=5)), grant(4, until=30)) == [ConsentGranted]
    assert decide(after(grant(0, until=5)), grant(4, until=5)) == []


def test_a_consent_ends_after_it_begins() -> None:
    with pytest.raises(PeriodIsEmptyError):
        decide(None, replace(grant(0, until=5), effective_from=day(5)))


@pytest.mark.parametrize(
    ("basis", "purpose"),
    [
        ("contract", "service"),
        ("legal-obligation", "service"),
        ("vital-interests", "service"),
        ("public-task", "service"),
        ("legitimate-interests", "marketing"),
    ],
)
def test_other_bases_need_no_act_of_the_person_but_a_proof(
    basis: LawfulBasis, purpose: Purpose
) -> None:
    wanted = replace(grant(), lawful_basis=basis, subject=replace(SUBJECT, purpose=purpose))
    assert types_of(None, wanted) == [ConsentGranted]
    with pytest.raises(EvidenceMissingError):
        decide(None, replace(wanted, evidence=Evidence()))


@pytest.mark.parametrize(
    ("basis", "purpose"),
    [
        ("contract", "marketing"),
        ("legal-obligation", "newsletter"),
        ("legitimate-interests", "partner-offers"),
        ("legitimate-interests", "profiling"),
    ],
)
def test_no_other_basis_carries_what_only_consent_can(basis: LawfulBasis, purpose: Purpose) -> None:
    with pytest.raises(BasisDoesNotFitError):
        decide(
            None, replace(grant(), lawful_basis=basis, subject=replace(SUBJECT, purpose=purpose))
        )


def test_after_a_no_no_interest_of_ours_counts() -> None:
    with pytest.raises(BasisDoesNotFitError):
        decide(after(deny(0)), replace(grant(1), lawful_basis="legitimate-interests"))


_commands = st.one_of(
    st.builds(grant, st.integers(0, 9), st.none() | st.integers(10, 12), st.just(Evidence())),
    st.builds(withdraw, st.integers(0, 9)),
    st.builds(deny, st.integers(0, 9)),
    st.builds(request, st.integers(0, 9), st.sampled_from([TOKEN, OTHER])),
    st.builds(confirm, st.integers(0, 12), st.sampled_from([TOKEN, OTHER])),
    st.builds(expire, st.integers(0, 20)),
)


@given(st.lists(_commands, max_size=12))
def test_whatever_comes_in_whatever_order_only_a_newer_act_opens_after_a_no(
    commands: list[Command],
) -> None:
    consent: Consent | None = None
    said_no_at: datetime | None = None
    for command in commands:
        try:
            events = decide(consent, command)
        except Refusal:
            continue
        for event in events:
            consent = with_evidence(evolve(consent, event), command)
            if isinstance(event, ConsentDenied):
                said_no_at = event.captured_at
            elif isinstance(event, ConsentWithdrawn):
                said_no_at = event.effective_at
            elif isinstance(event, ConsentGranted) and said_no_at is not None:
                assert event.double_opt_in or event.captured_at > said_no_at
                assert consent.evidence.proof_ref is not None or not event.double_opt_in


# Who may be written to now.

MAIL = Recipient(SUBJECT.contact_id, "email", "newsletter", "hash")
QUESTION = replace(MAIL, token_id=TOKEN)
OPEN = Standing(day(5), is_suppressed=False, status="granted", effective_from=day(0))


def test_a_granted_consent_in_its_time_opens_the_gate() -> None:
    assert against(MAIL, OPEN) is None
    assert against(MAIL, replace(OPEN, expires_at=day(6))) is None


@pytest.mark.parametrize(
    ("standing", "reason"),
    [
        (replace(OPEN, is_suppressed=True), "suppression-list"),
        (replace(OPEN, effective_from=day(6)), "consent-not-yet-effective"),
        (replace(OPEN, expires_at=day(5)), "consent-expired"),
        (replace(OPEN, status="unknown"), "consent-unknown"),
    ],
)
def test_the_gate_says_what_speaks_against(standing: Standing, reason: Reason) -> None:
    assert against(MAIL, standing) == reason


@pytest.mark.parametrize(
    "status", ["pending-confirmation", "denied", "withdrawn", "expired", "unknown"]
)
def test_only_a_grant_opens_the_gate(status: ConsentStatus) -> None:
    assert against(MAIL, replace(OPEN, status=status)) == f"consent-{status}"


def test_a_question_needs_no_consent_but_must_be_open() -> None:
    pending = replace(OPEN, status="pending-confirmation", token_id=TOKEN, token_expires_at=day(6))
    assert against(QUESTION, pending) is None
    assert against(QUESTION, replace(pending, is_suppressed=True)) == "suppression-list"
    for closed in (
        OPEN,
        replace(pending, token_id=OTHER),
        replace(pending, token_expires_at=day(5)),
        replace(pending, status="denied"),
    ):
        assert against(QUESTION, closed) == "confirmation-not-open"
