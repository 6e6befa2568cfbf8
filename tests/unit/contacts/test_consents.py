"""Consents and suppressions: what each command decides."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from contacts.consents.commands import (
    ActIsOlderError,
    Command,
    Consent,
    ConsentIsGrantedError,
    DenyConsent,
    Evidence,
    EvidenceMissingError,
    GrantConsent,
    Subject,
    WithdrawConsent,
)
from contacts.consents.domain import decide, evolve
from contacts.suppressions import domain as suppressions
from contacts.suppressions.domain import AddSuppression, LiftSuppression, SuppressionNotFoundError
from hypothesis import given
from hypothesis import strategies as st
from shared.contracts.contacts import ConsentDenied, ConsentGranted, ConsentWithdrawn
from shared.errors import ConflictError

SUBJECT = Subject(UUID(int=1), "email", "marketing")
AT = datetime(2026, 1, 1, tzinfo=UTC)


def grant(days: int = 0, evidence: str | None = None) -> GrantConsent:
    return GrantConsent(SUBJECT, "consent", "form", AT + timedelta(days=days), Evidence(evidence))


def deny(days: int = 0) -> DenyConsent:
    return DenyConsent(SUBJECT, "call", AT + timedelta(days=days))


def withdraw(days: int = 0) -> WithdrawConsent:
    return WithdrawConsent(SUBJECT, "link", AT + timedelta(days=days))


def after(*commands: Command) -> Consent | None:
    consent: Consent | None = None
    for command in commands:
        for event in decide(consent, command):
            consent = evolve(consent, event)
    return consent


def test_consent_is_granted_then_withdrawn() -> None:
    assert isinstance(decide(None, grant())[0], ConsentGranted)
    assert isinstance(decide(after(grant()), withdraw(1))[0], ConsentWithdrawn)


@pytest.mark.parametrize(
    ("before", "again"),
    [
        ((grant(),), grant(1)),
        ((deny(),), deny(1)),
        ((grant(), withdraw(1)), withdraw(2)),
        ((grant(), withdraw(1)), deny(2)),
        ((deny(),), withdraw(1)),
    ],
)
def test_saying_the_same_again_stays_quiet(before: tuple[Command, ...], again: Command) -> None:
    assert decide(after(*before), again) == []


def test_withdrawing_what_was_never_granted_is_a_denial() -> None:
    assert isinstance(decide(None, withdraw())[0], ConsentDenied)


def test_a_granted_consent_is_withdrawn_not_denied() -> None:
    with pytest.raises(ConsentIsGrantedError):
        decide(after(grant()), deny(1))


@pytest.mark.parametrize("no", [(deny(1),), (grant(), withdraw(1))])
def test_after_a_no_only_a_new_act_with_evidence_grants(no: tuple[Command, ...]) -> None:
    refused = after(*no)
    with pytest.raises(EvidenceMissingError):
        decide(refused, grant(2))
    with pytest.raises(ActIsOlderError):
        decide(refused, grant(1, "form-1"))
    assert isinstance(decide(refused, grant(2, "form-1"))[0], ConsentGranted)


_days = st.integers(0, 9)


@given(
    st.lists(st.one_of(st.builds(grant, _days), st.builds(deny, _days), st.builds(withdraw, _days)))
)
def test_without_evidence_no_order_of_commands_undoes_a_no(commands: list[Command]) -> None:
    consent: Consent | None = None
    for command in commands:
        try:
            events = decide(consent, command)
        except ConflictError:
            continue
        for event in events:
            refused = consent is not None and consent.status in ("denied", "withdrawn")
            assert not (refused and isinstance(event, ConsentGranted))
            consent = evolve(consent, event)


def add(scope: str = "all") -> AddSuppression:
    return AddSuppression("email", "hash", "opt-out", AT, scope)


def test_a_suppression_is_added_lifted_and_added_again() -> None:
    active = suppressions.evolve(None, suppressions.decide(None, add())[0])
    assert suppressions.decide(active, add()) == []
    lift = LiftSuppression(active.suppression_id, "asked", "anna", AT)
    lifted = suppressions.evolve(active, suppressions.decide(active, lift)[0])
    assert (lifted.is_active, suppressions.decide(lifted, lift)) == (False, [])
    again = suppressions.evolve(lifted, suppressions.decide(lifted, add())[0])
    assert (again.is_active, again.version) == (True, 3)


def test_a_suppression_that_is_not_there_cannot_be_lifted() -> None:
    with pytest.raises(SuppressionNotFoundError):
        suppressions.decide(None, LiftSuppression(UUID(int=1), "x", "anna", AT))


def test_each_scope_of_an_address_is_a_suppression_of_its_own() -> None:
    assert add().suppression_id == add().suppression_id != add("marketing").suppression_id
