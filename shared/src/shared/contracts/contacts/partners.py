"""Partners: customers who sell for us in a program, and their people who do it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.contracts.topic import Event, events_topic

PartnerStatus = Literal["prospective", "active", "suspended", "terminated"]
RepStatus = Literal["registered", "certified", "expired"]

PARTNER_EVENTS = events_topic(
    "contacts", "partner", key="partner_id", holds="who sells for us, and by whom"
)


class _PartnerFact(Event):
    """`customer_id` is the customer that is the partner."""

    partner_id: UUID
    customer_id: UUID


class _RepFact(_PartnerFact):
    """`contact_id` is the partner's salesperson."""

    contact_id: UUID


@PARTNER_EVENTS.fact("onboarded")
class PartnerOnboarded(_PartnerFact):
    """A customer is to be a partner in a program; it is prospective until it is made active."""

    program: str
    tier: str
    territories: tuple[str, ...] = ()
    product_lines: tuple[str, ...] = ()
    agreement_ref: str | None = None
    onboarded_at: datetime


@PARTNER_EVENTS.fact("status-changed")
class PartnerStatusChanged(_PartnerFact):
    """prospective → active ⇄ suspended; each → terminated, which is final."""

    from_status: PartnerStatus
    to_status: PartnerStatus
    reason_code: str
    since: datetime


@PARTNER_EVENTS.fact("repointed")
class PartnerRepointed(_PartnerFact):
    """The partner is another customer than before, because two were merged or parted again."""

    from_id: UUID
    to_id: UUID


@PARTNER_EVENTS.fact("rep-registered")
class PartnerRepRegistered(_RepFact):
    """A person sells for the partner from now on, or does so in another role."""

    role: str
    registered_at: datetime


@PARTNER_EVENTS.fact("rep-certified")
class PartnerRepCertified(_RepFact):
    """The person has passed a course, 0 to 100 points, and is certified by it for a time."""

    course_id: str
    score: float
    valid_until: datetime


@PARTNER_EVENTS.fact("rep-expired")
class PartnerRepExpired(_RepFact):
    """Of all that the person was certified by nothing is valid any more since `expired_at`."""

    expired_at: datetime


@PARTNER_EVENTS.fact("rep-removed")
class PartnerRepRemoved(_RepFact):
    """The person does not sell for the partner any more."""

    reason_code: str
