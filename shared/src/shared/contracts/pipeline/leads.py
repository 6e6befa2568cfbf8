"""Leads: interest that somebody showed, until it is a deal or none."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from shared.contracts.codes import Open
from shared.contracts.contacts import Grade
from shared.contracts.topic import Event, events_topic, state_topic
from shared.contracts.values import Party

LeadStatus = Literal["new", "assigned", "contacted", "qualified", "disqualified", "converted"]
LeadGrade = Literal["A", "B", "C", "D"]

LEAD_EVENTS = events_topic("pipeline", "lead", key="lead_id", holds="every fact of a lead")
LEAD_STATE = state_topic(
    "pipeline", "lead", key="lead_id", holds="the current lead, with what the person told us"
)


@LEAD_EVENTS.fact("created")
class LeadCreated(Event):
    """Somebody showed interest; `response_due_at` is when an answer is owed."""

    lead_id: UUID
    source: str
    channel: str
    customer_id: UUID | None = None
    contact_id: UUID | None = None
    submission_id: UUID | None = None
    campaign_id: UUID | None = None
    product_interests: tuple[str, ...] = ()
    received_at: datetime
    response_due_at: datetime


@LEAD_EVENTS.fact("assigned")
class LeadAssigned(Event):
    """A salesperson answers for the lead."""

    lead_id: UUID
    owner_id: str
    reason_code: str
    response_due_at: datetime
    handover_id: UUID | None = None


@LEAD_EVENTS.fact("contacted")
class LeadContacted(Event):
    """The first answer reached the person."""

    lead_id: UUID
    responded_at: datetime
    response_minutes: int
    within_due: bool


@LEAD_EVENTS.fact("scored")
class LeadScored(Event):
    """The chance to sign changed; `total` is 0–100."""

    lead_id: UUID
    fit: int
    engagement: int
    total: int
    from_grade: LeadGrade
    to_grade: LeadGrade
    top_reasons: tuple[str, ...] = ()
    model_version: int


@LEAD_EVENTS.fact("qualified")
class LeadQualified(Event):
    """Sales confirmed that this is a real chance."""

    lead_id: UUID
    framework: str
    answers: dict[str, str]
    qualified_by: str


@LEAD_EVENTS.fact("disqualified")
class LeadDisqualified(Event):
    """Sales said no, with a reason that marketing learns from.

    Or a merge showed that the person's `duplicate_of` asks for the same: that one goes on.
    """

    lead_id: UUID
    reason_code: str
    campaign_id: UUID | None = None
    disqualified_by: str
    duplicate_of: UUID | None = None


@LEAD_EVENTS.fact("identified")
class LeadIdentified(Event):
    """The lead is a known person (and customer, where known)."""

    lead_id: UUID
    contact_id: UUID
    customer_id: UUID | None = None


@LEAD_EVENTS.fact("converted")
class LeadConverted(Event):
    """The lead became a customer, a contact and, where asked, a deal."""

    lead_id: UUID
    customer_id: UUID
    contact_id: UUID
    deal_id: UUID | None = None
    campaign_id: UUID | None = None
    created_customer: bool
    created_contact: bool
    converted_by: str


@LEAD_EVENTS.fact("repointed")
class LeadRepointed(Event):
    """The lead names another record than before, because two were merged or parted again."""

    lead_id: UUID
    party: Party
    from_id: UUID
    to_id: UUID


@LEAD_EVENTS.fact("prioritized")
class LeadPrioritized(Event):
    """The customer's grade says by when an answer is owed; without one it makes no difference."""

    lead_id: UUID
    customer_id: UUID
    customer_grade: Annotated[str, Open.to(Grade)] | None = None
    response_due_at: datetime


@LEAD_STATE.fact("state")
class LeadState(Event):
    """The whole lead; the names and points are as the person gave them."""

    lead_id: UUID
    status: LeadStatus
    name: str | None = None
    company: str | None = None
    email: str | None = None
    phone: str | None = None
    need: str | None = None
    source: str
    channel: str
    product_interests: tuple[str, ...] = ()
    owner_id: str | None = None
    grade: LeadGrade
    customer_id: UUID | None = None
    contact_id: UUID | None = None
    deal_id: UUID | None = None
    submission_id: UUID | None = None
    campaign_id: UUID | None = None
    received_at: datetime
    response_due_at: datetime
