"""The row of a lead."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from shared.contracts.pipeline import (
    LeadAssigned,
    LeadContacted,
    LeadConverted,
    LeadCreated,
    LeadDisqualified,
    LeadIdentified,
    LeadPrioritized,
    LeadQualified,
    LeadRepointed,
    LeadScored,
)

from customer_360.folding import Fold

_DONE = frozenset({"converted", "disqualified"})


@dataclass(frozen=True, slots=True)
class Lead:
    """Interest, how far sales came with it, and whose it turned out to be."""

    lead_id: UUID
    version: int = 0
    status: str = "new"
    customer_id: UUID | None = None
    contact_id: UUID | None = None
    deal_id: UUID | None = None
    submission_id: UUID | None = None
    campaign_id: UUID | None = None
    source: str | None = None
    channel: str | None = None
    owner_id: str | None = None
    grade: str | None = None
    score: int | None = None
    product_interests: tuple[str, ...] = ()
    received_at: datetime | None = None
    response_due_at: datetime | None = None
    responded_at: datetime | None = None
    disqualified_for: str | None = None
    handover_id: UUID | None = None

    @property
    def is_open(self) -> bool:
        return self.status not in _DONE


fold = Fold[Lead]("lead_id", lambda first: Lead(first.event.lead_id, first.envelope.version))


@fold.on(LeadCreated)
def created(lead: Lead, event: LeadCreated) -> Lead:
    return replace(
        lead,
        customer_id=event.customer_id,
        contact_id=event.contact_id,
        submission_id=event.submission_id,
        campaign_id=event.campaign_id,
        source=event.source,
        channel=event.channel,
        product_interests=event.product_interests,
        received_at=event.received_at,
        response_due_at=event.response_due_at,
    )


@fold.on(LeadAssigned)
def assigned(lead: Lead, event: LeadAssigned) -> Lead:
    return replace(
        lead,
        status="assigned" if lead.status == "new" else lead.status,
        owner_id=event.owner_id,
        response_due_at=event.response_due_at,
        handover_id=event.handover_id,
    )


@fold.on(LeadContacted)
def contacted(lead: Lead, event: LeadContacted) -> Lead:
    return replace(lead, status="contacted", responded_at=event.responded_at)


@fold.on(LeadScored)
def scored(lead: Lead, event: LeadScored) -> Lead:
    return replace(lead, score=event.total, grade=event.to_grade)


@fold.on(LeadQualified)
def qualified(lead: Lead, event: LeadQualified) -> Lead:
    del event
    return replace(lead, status="qualified")


@fold.on(LeadDisqualified)
def disqualified(lead: Lead, event: LeadDisqualified) -> Lead:
    return replace(lead, status="disqualified", disqualified_for=event.reason_code)


@fold.on(LeadIdentified)
def identified(lead: Lead, event: LeadIdentified) -> Lead:
    return replace(
        lead, contact_id=event.contact_id, customer_id=event.customer_id or lead.customer_id
    )


@fold.on(LeadConverted)
def converted(lead: Lead, event: LeadConverted) -> Lead:
    return replace(
        lead,
        status="converted",
        customer_id=event.customer_id,
        contact_id=event.contact_id,
        deal_id=event.deal_id,
    )


@fold.on(LeadPrioritized)
def prioritized(lead: Lead, event: LeadPrioritized) -> Lead:
    return replace(lead, response_due_at=event.response_due_at)


@fold.on(LeadRepointed)
def repointed(lead: Lead, event: LeadRepointed) -> Lead:
    if event.party == "customer":
        return replace(lead, customer_id=event.to_id)
    return replace(lead, contact_id=event.to_id)
