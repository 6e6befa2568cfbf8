"""A lead: its state, what its facts make of it, and what its rules say no with."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from shared.contracts.pipeline import (
    LeadAssigned,
    LeadContacted,
    LeadConverted,
    LeadCreated,
    LeadDisqualified,
    LeadGrade,
    LeadIdentified,
    LeadPrioritized,
    LeadQualified,
    LeadRepointed,
    LeadScored,
    LeadState,
    LeadStatus,
)
from shared.errors import ConflictError, InvalidError, NotFoundError

from pipeline.leads.commands import CreateLead
from pipeline.scoring import RESPONSE_POLICY

LeadEvent: TypeAlias = (
    LeadCreated
    | LeadAssigned
    | LeadContacted
    | LeadScored
    | LeadQualified
    | LeadDisqualified
    | LeadIdentified
    | LeadPrioritized
    | LeadConverted
    | LeadRepointed
)

WINDOW = timedelta(days=30)
"""How long one lead takes in what the same person asks about the same product lines."""


class LeadNotFoundError(NotFoundError):
    """There is no such lead."""


class LeadExistsError(ConflictError):
    """Another lead was created under this Idempotency-Key."""


class LeadStatusForbidsError(ConflictError):
    """The lead's status does not allow this."""


class LeadIsDisqualifiedError(LeadStatusForbidsError):
    """The lead is disqualified."""


class LeadIsConvertedError(LeadStatusForbidsError):
    """The lead is converted."""


class SubmissionInvalidError(InvalidError):
    """A submission is named by something that is no id of a submission."""


@dataclass(frozen=True, slots=True)
class Lead:
    lead_id: UUID
    source: str
    channel: str
    received_at: datetime
    response_due_at: datetime
    name: str | None = None
    company: str | None = None
    email: str | None = None
    phone: str | None = None
    need: str | None = None
    product_interests: tuple[str, ...] = ()
    campaign_id: UUID | None = None
    submission_id: UUID | None = None
    person_hash: str | None = None
    version: int = 0
    status: LeadStatus = "new"
    owner_id: str | None = None
    fit: int = 0
    engagement: int = 0
    grade: LeadGrade = "D"
    reason_code: str | None = None
    customer_id: UUID | None = None
    contact_id: UUID | None = None
    deal_id: UUID | None = None
    first_responded_at: datetime | None = None
    customer_grade: str | None = None

    @property
    def known(self) -> frozenset[str]:
        """The names of what the person told us, as the score model weighs it."""
        told = {
            "company": self.company,
            "phone": self.phone,
            "need": self.need,
            "product_interests": self.product_interests,
        }
        return frozenset(name for name, value in told.items() if value)

    @property
    def is_closed(self) -> bool:
        return self.status in {"disqualified", "converted"}


def begun(command: CreateLead) -> Lead:
    """A lead that nobody knows of yet: its version is 0."""
    return Lead(
        lead_id=command.lead_id,
        source=command.source,
        channel=command.channel,
        received_at=command.received_at,
        response_due_at=RESPONSE_POLICY.due_at(command.received_at, "D"),
        name=command.name,
        company=command.company,
        email=command.email,
        phone=command.phone,
        need=command.need,
        product_interests=command.product_interests,
        campaign_id=command.campaign_id,
        submission_id=command.submission_id,
        person_hash=command.person_hash,
    )


def evolve(lead: Lead, event: LeadEvent) -> Lead:  # noqa: PLR0911 -- one per fact
    lead = replace(lead, version=lead.version + 1)
    match event:
        case LeadCreated():
            return replace(lead, response_due_at=event.response_due_at)
        case LeadScored():
            return replace(lead, fit=event.fit, engagement=event.engagement, grade=event.to_grade)
        case LeadIdentified():
            return replace(
                lead,
                contact_id=event.contact_id,
                customer_id=event.customer_id or lead.customer_id,
            )
        case LeadPrioritized(customer_grade=grade, response_due_at=due_at):
            return replace(lead, customer_grade=grade, response_due_at=due_at)
        case LeadRepointed(party="customer"):
            return replace(lead, customer_id=event.to_id)
        case LeadRepointed():
            return replace(lead, contact_id=event.to_id)
        case _:
            return _moved(lead, event)


def _moved(
    lead: Lead,
    event: LeadAssigned | LeadContacted | LeadQualified | LeadDisqualified | LeadConverted,
) -> Lead:
    match event:
        case LeadAssigned():
            status: LeadStatus = "assigned" if lead.status == "new" else lead.status
            return replace(
                lead,
                status=status,
                owner_id=event.owner_id,
                response_due_at=event.response_due_at,
            )
        case LeadContacted():
            return replace(lead, status="contacted", first_responded_at=event.responded_at)
        case LeadQualified():
            return replace(lead, status="qualified")
        case LeadDisqualified():
            return replace(lead, status="disqualified", reason_code=event.reason_code)
        case LeadConverted():
            return replace(
                lead,
                status="converted",
                customer_id=event.customer_id,
                contact_id=event.contact_id,
                deal_id=event.deal_id,
            )


def folded(lead: Lead, events: Iterable[LeadEvent]) -> Lead:
    for event in events:
        lead = evolve(lead, event)
    return lead


def snapshot(lead: Lead) -> LeadState:
    """The whole lead as the state topic carries it."""
    return LeadState(
        lead_id=lead.lead_id,
        status=lead.status,
        name=lead.name,
        company=lead.company,
        email=lead.email,
        phone=lead.phone,
        need=lead.need,
        source=lead.source,
        channel=lead.channel,
        product_interests=lead.product_interests,
        owner_id=lead.owner_id,
        grade=lead.grade,
        customer_id=lead.customer_id,
        contact_id=lead.contact_id,
        deal_id=lead.deal_id,
        submission_id=lead.submission_id,
        campaign_id=lead.campaign_id,
        received_at=lead.received_at,
        response_due_at=lead.response_due_at,
    )
