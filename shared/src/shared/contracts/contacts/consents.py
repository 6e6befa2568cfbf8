"""Consents: what a person allowed, per channel and purpose."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.contracts.topic import Event, events_topic

Channel = Literal["email", "phone", "sms", "post"]
Purpose = Literal["marketing", "newsletter", "events", "partner-offers", "service", "profiling"]
ConsentStatus = Literal[
    "unknown", "pending-confirmation", "granted", "denied", "withdrawn", "expired"
]
LawfulBasis = Literal[
    "consent",
    "contract",
    "legal-obligation",
    "vital-interests",
    "public-task",
    "legitimate-interests",
]
"""The six grounds on which personal data may be used: GDPR Art. 6(1) a to f, in its order."""

CONSENT_EVENTS = events_topic(
    "contacts", "consent", key="consent_id", holds="consent per contact, channel and purpose"
)


@CONSENT_EVENTS.fact("granted")
class ConsentGranted(Event):
    """One purpose is allowed on one channel: by the person, or on another basis in law.

    It may be used from `effective_from` on and before `expires_at`, at no other time. With
    `double_opt_in` the owner of the address confirmed it, at `captured_at`.
    """

    consent_id: UUID
    contact_id: UUID
    channel: Channel
    purpose: Purpose
    lawful_basis: str
    source: str
    evidence_ref: str | None = None
    captured_at: datetime
    effective_from: datetime
    expires_at: datetime | None = None
    double_opt_in: bool | None = None


@CONSENT_EVENTS.fact("confirmation-requested")
class ConsentConfirmationRequested(Event):
    """A person is said to have allowed something: the owner of the address is asked by mail.

    `token_id` names the question and opens nothing: the link in the mail is signed by its sender.
    """

    consent_id: UUID
    contact_id: UUID
    channel: Channel
    purpose: Purpose
    source: str
    token_id: UUID
    captured_at: datetime
    expires_at: datetime


@CONSENT_EVENTS.fact("denied")
class ConsentDenied(Event):
    """A person refused one purpose on one channel."""

    consent_id: UUID
    contact_id: UUID
    channel: Channel
    purpose: Purpose
    source: str
    captured_at: datetime


@CONSENT_EVENTS.fact("withdrawn")
class ConsentWithdrawn(Event):
    """A person took back what had been granted; effective at once."""

    consent_id: UUID
    contact_id: UUID
    channel: Channel
    purpose: Purpose
    source: str
    source_ref: str | None = None
    effective_at: datetime


@CONSENT_EVENTS.fact("expired")
class ConsentExpired(Event):
    """The time for which a person had allowed something is over."""

    consent_id: UUID
    contact_id: UUID
    channel: Channel
    purpose: Purpose
    expired_at: datetime
