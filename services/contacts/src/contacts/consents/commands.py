"""What is said about consents: the state, the commands, the refusals."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

from shared.contracts.contacts import (
    Channel,
    ConsentConfirmationRequested,
    ConsentDenied,
    ConsentExpired,
    ConsentGranted,
    ConsentStatus,
    ConsentWithdrawn,
    LawfulBasis,
    Purpose,
)
from shared.errors import ConflictError, InvalidError
from shared.ids import derived_id

CONFIRMATION_LASTS = timedelta(hours=72)
"""How long a link that asks for confirmation can be followed."""


class EvidenceMissingError(ConflictError):
    """After a no or an expiry, and for every other basis than consent, evidence is needed."""


class ActIsOlderError(ConflictError):
    """The person said no after this; only a newer act can grant it again."""


class ConsentIsGrantedError(ConflictError):
    """The consent is granted; it can be withdrawn."""


class BasisDoesNotFitError(ConflictError):
    """This basis does not carry this purpose, or the person has said no: only consent does."""


class PeriodIsEmptyError(InvalidError):
    """A consent ends after it begins."""


class ChannelCannotConfirmError(InvalidError):
    """Only an e-mail address is asked for confirmation."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a consent is about."""

    contact_id: UUID
    channel: Channel
    purpose: Purpose

    @property
    def consent_id(self) -> UUID:
        return derived_id("consent", self.contact_id, self.channel, self.purpose)

    def named(self) -> dict[str, Any]:
        """As every fact about it begins."""
        return {
            "consent_id": self.consent_id,
            "contact_id": self.contact_id,
            "channel": self.channel,
            "purpose": self.purpose,
        }


@dataclass(frozen=True, slots=True)
class Evidence:
    """What proves an act: where the proof lies; what was shown; from which address, hashed."""

    proof_ref: str | None = None
    form_version: str | None = None
    ip_hash: str | None = None


NOTHING_SHOWN = Evidence()


@dataclass(frozen=True, slots=True)
class Consent:
    """Where a consent stands; `since` is when the person last said so, or when it ran out.

    `token_id` is the question that was asked by mail, and `token_expires_at` the end of its link.
    """

    subject: Subject
    status: ConsentStatus
    since: datetime
    source: str
    version: int
    lawful_basis: str | None = None
    evidence: Evidence = NOTHING_SHOWN
    effective_from: datetime | None = None
    expires_at: datetime | None = None
    double_opt_in_at: datetime | None = None
    token_id: UUID | None = None
    token_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GrantConsent:
    """A yes; without `effective_from` it may be used from when it was given."""

    subject: Subject
    lawful_basis: LawfulBasis
    source: str
    captured_at: datetime
    evidence: Evidence = NOTHING_SHOWN
    effective_from: datetime | None = None
    expires_at: datetime | None = None

    @property
    def begins_at(self) -> datetime:
        return self.effective_from or self.captured_at


@dataclass(frozen=True, slots=True)
class RequestConsent:
    """Somebody says yes in the name of an address, whose owner is asked to confirm it."""

    subject: Subject
    token_id: UUID
    source: str
    captured_at: datetime
    evidence: Evidence = NOTHING_SHOWN


@dataclass(frozen=True, slots=True)
class ConfirmConsent:
    """The owner of the address followed the link."""

    subject: Subject
    token_id: UUID
    confirmed_at: datetime


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


@dataclass(frozen=True, slots=True)
class ExpireConsent:
    """The time has come to look whether a consent is over."""

    subject: Subject
    at: datetime


@dataclass(frozen=True, slots=True)
class AdoptConsent:
    """Stand as this one does, without one as if nothing counted any more: for merges alone."""

    subject: Subject
    like: Consent | None
    at: datetime


Command: TypeAlias = (
    GrantConsent
    | RequestConsent
    | ConfirmConsent
    | DenyConsent
    | WithdrawConsent
    | ExpireConsent
    | AdoptConsent
)
ConsentEvent: TypeAlias = (
    ConsentGranted
    | ConsentConfirmationRequested
    | ConsentDenied
    | ConsentWithdrawn
    | ConsentExpired
)


def of_person(command: Command, contact_id: UUID) -> Command:
    """The same of somebody else: of whom the one that it named was merged into."""
    return replace(command, subject=replace(command.subject, contact_id=contact_id))
