"""Whether somebody may be written to now: the last word, by the rows of the owner of consents."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from shared.contracts.contacts import Channel, ConsentStatus, Purpose

Reason: TypeAlias = Literal[
    "suppression-list",
    "consent-unknown",
    "consent-pending-confirmation",
    "consent-denied",
    "consent-withdrawn",
    "consent-expired",
    "consent-not-yet-effective",
    "confirmation-not-open",
]


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom somebody wants to write to, and what for; with a token it is the question itself."""

    contact_id: UUID
    channel: Channel
    purpose: Purpose
    subject_hash: str
    token_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a recipient; `now` is the database's, one clock for every process."""

    now: datetime
    is_suppressed: bool
    status: ConsentStatus = "unknown"
    effective_from: datetime | None = None
    expires_at: datetime | None = None
    token_id: UUID | None = None
    token_expires_at: datetime | None = None


def against(recipient: Recipient, standing: Standing) -> Reason | None:
    """What speaks against it, the suppression first; None where nothing does."""
    if standing.is_suppressed:
        return "suppression-list"
    if recipient.token_id is not None:
        return None if _is_open(recipient.token_id, standing) else "confirmation-not-open"
    return _against_consent(standing)


def _is_open(token_id: UUID, standing: Standing) -> bool:
    """Whether the question may be asked: it needs no consent, it asks for one."""
    return (
        standing.status == "pending-confirmation"
        and standing.token_id == token_id
        and standing.token_expires_at is not None
        and standing.now < standing.token_expires_at
    )


def _against_consent(standing: Standing) -> Reason | None:
    """A time that is over counts as over, whether or not anybody has told so."""
    reasons: dict[ConsentStatus, Reason] = {
        "unknown": "consent-unknown",
        "pending-confirmation": "consent-pending-confirmation",
        "denied": "consent-denied",
        "withdrawn": "consent-withdrawn",
        "expired": "consent-expired",
    }
    if standing.status != "granted":
        return reasons[standing.status]
    if standing.effective_from is not None and standing.now < standing.effective_from:
        return "consent-not-yet-effective"
    if standing.expires_at is not None and standing.now >= standing.expires_at:
        return "consent-expired"
    return None
