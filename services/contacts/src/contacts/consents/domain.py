"""Consents: what may be done to a person, per channel and purpose, and on which basis in law.

    unknown → pending-confirmation → granted → withdrawn | expired
    unknown | pending-confirmation | expired → denied
    unknown → granted, where nobody need confirm it
    denied | withdrawn | expired → pending-confirmation | granted, by a new act

After a no or an expiry only a newer act of the person, with evidence, grants again. A no is never
refused: withdrawing what was never granted is a denial. docs/decisions/0021 says what each basis
means for the send gate.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from shared.contracts.contacts import (
    ConsentConfirmationRequested,
    ConsentDenied,
    ConsentExpired,
    ConsentGranted,
    ConsentWithdrawn,
)

from contacts.consents.adoption import BY_MERGE, NO, adopt, adopted
from contacts.consents.commands import (
    CONFIRMATION_LASTS,
    ActIsOlderError,
    AdoptConsent,
    BasisDoesNotFitError,
    ChannelCannotConfirmError,
    Command,
    ConfirmConsent,
    Consent,
    ConsentEvent,
    ConsentIsGrantedError,
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

FOR_SERVICE_ALONE = frozenset({"contract", "legal-obligation", "vital-interests", "public-task"})
"""Bases that carry what somebody must be told, and nothing that is meant to sell."""

BY_CONSENT_ALONE = frozenset({"partner-offers", "profiling"})
"""Purposes that no interest of ours outweighs."""


def decide(  # noqa: PLR0911 -- one per kind of command
    consent: Consent | None, command: Command
) -> Sequence[ConsentEvent]:
    """The facts that follow from a command; none for a repeat. Raises the refusals."""
    match command:
        case GrantConsent():
            return _grant(consent, command)
        case RequestConsent():
            return _request(consent, command)
        case ConfirmConsent():
            return _confirm(consent, command)
        case DenyConsent():
            return _deny(consent, command)
        case WithdrawConsent():
            return _withdraw(consent, command)
        case ExpireConsent():
            return _expire(consent, command)
        case AdoptConsent():
            return adopt(consent, command)
        case _:
            assert_never(command)


def evolve(consent: Consent | None, event: ConsentEvent) -> Consent:
    subject = Subject(event.contact_id, event.channel, event.purpose)
    version = consent.version + 1 if consent else 1
    match event:
        case ConsentGranted():
            return _granted(consent, event, subject, version)
        case ConsentConfirmationRequested():
            return Consent(
                subject,
                "pending-confirmation",
                event.captured_at,
                event.source,
                version,
                token_id=event.token_id,
                token_expires_at=event.expires_at,
            )
        case ConsentDenied():
            return Consent(subject, "denied", event.captured_at, event.source, version)
        case ConsentWithdrawn():
            evidence = Evidence(event.source_ref)
            return Consent(
                subject, "withdrawn", event.effective_at, event.source, version, evidence=evidence
            )
        case ConsentExpired():
            known = consent or Consent(subject, "unknown", event.expired_at, "merge", 0)
            return replace(known, status="expired", since=event.expired_at, version=version)
        case _:
            assert_never(event)


def _granted(
    consent: Consent | None, event: ConsentGranted, subject: Subject, version: int
) -> Consent:
    """A confirmed consent keeps its question: the same link is no new act."""
    return Consent(
        subject,
        "granted",
        event.captured_at,
        event.source,
        version,
        event.lawful_basis,
        consent.evidence if consent and event.double_opt_in else Evidence(event.evidence_ref),
        event.effective_from,
        event.expires_at,
        double_opt_in_at=event.captured_at if event.double_opt_in else None,
        token_id=consent.token_id if consent and event.double_opt_in else None,
    )


def with_evidence(consent: Consent, command: Command) -> Consent:
    """The consent with what no fact carries, such as which form was shown."""
    if isinstance(command, GrantConsent | RequestConsent):
        return replace(consent, evidence=command.evidence)
    if isinstance(command, AdoptConsent) and command.like is not None:
        return adopted(command.like, consent)
    return consent


def is_new_act(consent: Consent | None, command: GrantConsent | RequestConsent) -> bool:
    """Whether the person said this after whatever they said before."""
    return consent is None or consent.status == "granted" or command.captured_at > consent.since


def _grant(consent: Consent | None, command: GrantConsent) -> Sequence[ConsentEvent]:
    _require_a_fitting_basis(consent, command)
    _require_a_period(command)
    over, consent = _run_out(consent, command.captured_at)
    if consent is not None and consent.status == "granted":
        return [_grant_of(command)] if _is_renewal(consent, command) else []
    _require_a_new_act(consent, command)
    return [*over, _grant_of(command)]


def _run_out(
    consent: Consent | None, at: datetime
) -> tuple[Sequence[ConsentExpired], Consent | None]:
    """What has expired by then without anybody having told so yet, and what is left of it."""
    if consent is None:
        return (), None
    over = _expire(consent, ExpireConsent(consent.subject, at))
    return over, evolve(consent, over[0]) if over else consent


def _is_renewal(consent: Consent, command: GrantConsent) -> bool:
    return command.captured_at > consent.since and command.expires_at != consent.expires_at


def _require_a_new_act(consent: Consent | None, command: GrantConsent | RequestConsent) -> None:
    """Whoever asked for confirmation has shown the evidence then."""
    if consent is None:
        return
    if not is_new_act(consent, command):
        raise ActIsOlderError(consent_id=consent.subject.consent_id, since=consent.since)
    if consent.status != "pending-confirmation" and command.evidence.proof_ref is None:
        raise EvidenceMissingError(consent_id=consent.subject.consent_id)


def _require_a_fitting_basis(consent: Consent | None, command: GrantConsent) -> None:
    basis, purpose = command.lawful_basis, command.subject.purpose
    if basis == "consent":
        return
    details = {"lawful_basis": basis, "purpose": purpose}
    if basis in FOR_SERVICE_ALONE and purpose != "service":
        raise BasisDoesNotFitError(**details)
    if purpose in BY_CONSENT_ALONE or (consent is not None and consent.status in NO):
        raise BasisDoesNotFitError(**details)
    if command.evidence.proof_ref is None:
        raise EvidenceMissingError(consent_id=command.subject.consent_id)


def _require_a_period(command: GrantConsent) -> None:
    if command.expires_at is not None and command.expires_at <= command.begins_at:
        raise PeriodIsEmptyError(field="expires_at")


def _grant_of(command: GrantConsent) -> ConsentGranted:
    return ConsentGranted(
        **command.subject.named(),
        lawful_basis=command.lawful_basis,
        source=command.source,
        evidence_ref=command.evidence.proof_ref,
        captured_at=command.captured_at,
        effective_from=command.begins_at,
        expires_at=command.expires_at,
    )


def _request(consent: Consent | None, command: RequestConsent) -> Sequence[ConsentEvent]:
    """Ask the owner of the address. What is granted needs no asking; a repeat asks once."""
    if command.subject.channel != "email":
        raise ChannelCannotConfirmError(channel=command.subject.channel)
    over, consent = _run_out(consent, command.captured_at)
    if consent is not None and (consent.status == "granted" or _is_being_asked(consent, command)):
        return []
    _require_a_new_act(consent, command)
    requested = ConsentConfirmationRequested(
        **command.subject.named(),
        source=command.source,
        token_id=command.token_id,
        captured_at=command.captured_at,
        expires_at=command.captured_at + CONFIRMATION_LASTS,
    )
    return [*over, requested]


def _is_being_asked(consent: Consent, command: RequestConsent) -> bool:
    """Whether a question is open: whoever presses the button again gets no second mail."""
    return consent.token_id == command.token_id or (
        consent.token_expires_at is not None and command.captured_at < consent.token_expires_at
    )


def _confirm(consent: Consent | None, command: ConfirmConsent) -> Sequence[ConsentEvent]:
    """Single use: only the question that is open, and only in its time; else it stays quiet."""
    if (
        consent is None
        or consent.status != "pending-confirmation"
        or consent.token_id != command.token_id
        or consent.token_expires_at is None
        or command.confirmed_at >= consent.token_expires_at
    ):
        return []
    return [
        ConsentGranted(
            **consent.subject.named(),
            lawful_basis="consent",
            source=consent.source,
            evidence_ref=f"confirmation:{command.token_id}",
            captured_at=command.confirmed_at,
            effective_from=command.confirmed_at,
            double_opt_in=True,
        )
    ]


def _deny(consent: Consent | None, command: DenyConsent) -> Sequence[ConsentEvent]:
    if consent is not None:
        if consent.status == "granted":
            raise ConsentIsGrantedError(consent_id=consent.subject.consent_id)
        if consent.status in NO and not _is_their_own(consent, command.source):
            return []
    return [
        ConsentDenied(
            **command.subject.named(), source=command.source, captured_at=command.captured_at
        )
    ]


def _withdraw(consent: Consent | None, command: WithdrawConsent) -> Sequence[ConsentEvent]:
    is_own = consent is not None and _is_their_own(consent, command.source)
    if consent is None or not (consent.status == "granted" or is_own):
        return _deny(consent, DenyConsent(command.subject, command.source, command.captured_at))
    return [
        ConsentWithdrawn(
            **command.subject.named(),
            source=command.source,
            source_ref=command.source_ref,
            effective_at=command.captured_at,
        )
    ]


def _is_their_own(consent: Consent, source: str) -> bool:
    """Whether a no that came by a merge is said by the person now: it outlives the undoing."""
    return consent.status in NO and consent.source == BY_MERGE and source != BY_MERGE


def _expire(consent: Consent | None, command: ExpireConsent) -> Sequence[ConsentExpired]:
    if consent is None or consent.status != "granted" or consent.expires_at is None:
        return []
    if command.at < consent.expires_at:
        return []
    return [ConsentExpired(**consent.subject.named(), expired_at=consent.expires_at)]
