"""Consents: what a person allowed, per channel and purpose."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.contracts.topic import Event, events_topic

Channel = Literal["email", "phone", "sms", "post"]
Purpose = Literal["marketing", "newsletter", "events", "partner-offers", "service", "profiling"]
ConsentStatus = Literal["unknown", "granted", "denied", "withdrawn"]
CONSENT_EVENTS = events_topic(
    "contacts", "consent", key="consent_id", holds="consent per contact, channel and purpose"
)


@CONSENT_EVENTS.fact("granted")
class ConsentGranted(Event):
    """A person allowed one purpose on one channel, with evidence."""

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
