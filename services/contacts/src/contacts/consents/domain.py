"""Consents: what a person allowed, per channel and purpose.

unknown → granted | denied; granted → withdrawn; denied | withdrawn → granted by a new act of the
person, with evidence. A no is never refused: withdrawing what was never granted is a denial.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, assert_never
from uuid import UUID

from shared.contracts.contacts import (
    Channel,
    ConsentDenied,
    ConsentGranted,
    ConsentStatus,
    ConsentWithdrawn,
    Purpose,
)
from shared.errors import ConflictError
from shared.ids import derived_id


class EvidenceMissingError(ConflictError):
    """After a no, consent needs evidence of a new act of the person: evidence_ref."""


class ActIsOlderError(ConflictError):
    """The person said no after this; only a newer act can grant it again."""


class ConsentIsGrantedError(ConflictError):
    """The consent is granted; it can be withdrawn."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a consent is about."""

    contact_id: UUID
    channel: Channel
    purpose: Purpose

    @property
    def consent_id(self) -> UUID:
        return derived_id("consent", self.contact_id, self.channel, self.purpose)


@dataclass(frozen=True, slots=True)
class Consent:
    """Where a consent stands; `since` is when the person last said so."""

    subject: Subject
    status: ConsentStatus
    since: datetime
    source: str
    version: int
    lawful_basis: str | None = None
    evidence_ref: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GrantConsent:
    subject: Subject
    lawful_basis: str
    source: str
    captured_at: datetime
    evidence_ref: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DenyConsent:
    subject: Subject
    source: str
    captured_at: datetime


@dataclass(frozen=True, slots=True)
class WithdrawConsent:
    subject: Subject
    source: str
    captured_at: datetime
    source_ref: str | None = None


Command: TypeAlias = GrantConsent | DenyConsent | WithdrawConsent
ConsentEvent: TypeAlias = ConsentGranted | ConsentDenied | ConsentWithdrawn


def decide(consent: Consent | None, command: Command) -> Sequence[ConsentEvent]:
    """The facts that follow from a command; none for a repeat. Raises the refusals above."""
    match command:
        case GrantConsent():
            return _grant(consent, command)
        case DenyConsent():
            return _deny(consent, command)
        case WithdrawConsent():
            return _withdraw(consent, command)
        case _:
            assert_never(command)


def evolve(consent: Consent | None, event: ConsentEvent) -> Consent:
    subject = Subject(event.contact_id, event.channel, event.purpose)
    version = consent.version + 1 if consent else 1
    match event:
        case ConsentGranted():
            return Consent(
                subject,
                "granted",
                event.captured_at,
                event.source,
                version,
                event.lawful_basis,
                event.evidence_ref,
                event.expires_at,
            )
        case ConsentDenied():
            return Consent(subject, "denied", event.captured_at, event.source, version)
        case ConsentWithdrawn():
            return Consent(
                subject,
                "withdrawn",
                event.effective_at,
                event.source,
                version,
                evidence_ref=event.source_ref,
            )
        case _:
            assert_never(event)


def is_new_act(consent: Consent | None, command: GrantConsent) -> bool:
    """Whether the person granted this after whatever they said before."""
    return consent is None or consent.status == "granted" or command.captured_at > consent.since


def _grant(consent: Consent | None, command: GrantConsent) -> Sequence[ConsentEvent]:
    if consent is not None:
        if consent.status == "granted":
            return []
        if not is_new_act(consent, command):
            raise ActIsOlderError(consent_id=consent.subject.consent_id, since=consent.since)
        if command.evidence_ref is None:
            raise EvidenceMissingError(consent_id=consent.subject.consent_id)
    subject = command.subject
    return [
        ConsentGranted(
            consent_id=subject.consent_id,
            contact_id=subject.contact_id,
            channel=subject.channel,
            purpose=subject.purpose,
            lawful_basis=command.lawful_basis,
            source=command.source,
            evidence_ref=command.evidence_ref,
            captured_at=command.captured_at,
            effective_from=command.captured_at,
            expires_at=command.expires_at,
        )
    ]


def _deny(consent: Consent | None, command: DenyConsent) -> Sequence[ConsentEvent]:
    if consent is not None:
        if consent.status == "granted":
            raise ConsentIsGrantedError(consent_id=consent.subject.consent_id)
        return []
    subject = command.subject
    return [
        ConsentDenied(
            consent_id=subject.consent_id,
            contact_id=subject.contact_id,
            channel=subject.channel,
            purpose=subject.purpose,
            source=command.source,
            captured_at=command.captured_at,
        )
    ]


def _withdraw(consent: Consent | None, command: WithdrawConsent) -> Sequence[ConsentEvent]:
    if consent is None:
        return _deny(None, DenyConsent(command.subject, command.source, command.captured_at))
    if consent.status != "granted":
        return []
    subject = command.subject
    return [
        ConsentWithdrawn(
            consent_id=subject.consent_id,
            contact_id=subject.contact_id,
            channel=subject.channel,
            purpose=subject.purpose,
            source=command.source,
            source_ref=command.source_ref,
            effective_at=command.captured_at,
        )
    ]
