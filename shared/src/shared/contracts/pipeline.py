"""What pipeline publishes: leads, pipeline definitions, deals, and the mirror of ERP orders."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.contracts.codes import Open
from shared.contracts.topic import Event, events_topic, state_topic

LeadStatus = Literal["new", "assigned", "contacted", "qualified", "disqualified", "converted"]
LeadGrade = Literal["A", "B", "C", "D"]
DealStatus = Literal["open", "won", "lost"]
StageCategory = Literal["open", "won", "lost"]
RiskCode = Literal[
    "open-critical-ticket", "sla-breached", "close-date-slipped", "manual", "credit-hold"
]
RiskSeverity = Literal["low", "medium", "high"]
Party = Literal["customer", "contact"]
OrderStatus = Literal[
    "confirmed", "partially-delivered", "delivered", "invoiced", "paid", "cancelled"
]

LEAD_EVENTS = events_topic("pipeline", "lead", key="lead_id", holds="every fact of a lead")
LEAD_STATE = state_topic(
    "pipeline", "lead", key="lead_id", holds="the current lead, with what the person told us"
)
DEFINITION_EVENTS = events_topic(
    "pipeline",
    "definition",
    key="pipeline_id",
    holds="published pipeline definitions",
    personal_data="none",
)
DEAL_EVENTS = events_topic("pipeline", "deal", key="deal_id", holds="every fact of a deal")
DEAL_STATE = state_topic(
    "pipeline", "deal", key="deal_id", holds="the current deal, with the name that we gave it"
)
ORDER_EVENTS = events_topic(
    "pipeline", "order", key="order_id", holds="the mirror of the ERP's orders"
)
ORDER_STATE = state_topic(
    "pipeline",
    "order",
    key="order_id",
    holds="the current order: lines, total, status",
    personal_data="pseudonymous",
)


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


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
    """Sales said no, with a reason that marketing learns from."""

    lead_id: UUID
    reason_code: str
    campaign_id: UUID | None = None
    disqualified_by: str


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


class Stage(_Value):
    """One step of a pipeline; `probability` is 0–100."""

    stage_id: str
    name: str
    position: int
    category: StageCategory
    probability: int
    forecast_category: str
    max_days: int | None = None
    required_fields: tuple[str, ...] = ()


@DEFINITION_EVENTS.fact("published")
class DefinitionPublished(Event):
    """A version of a pipeline is in force; a published version never changes."""

    pipeline_id: UUID
    pipeline_version: int
    name: str
    kind: str
    stages: tuple[Stage, ...]


@DEAL_EVENTS.fact("opened")
class DealOpened(Event):
    """A chance to sell is being worked on."""

    deal_id: UUID
    customer_id: UUID
    primary_contact_id: UUID | None = None
    pipeline_id: UUID
    pipeline_version: int
    stage_id: str
    kind: str
    amount: Decimal
    currency: str
    probability: int
    expected_close_date: date
    owner_id: str
    source: str
    lead_id: UUID | None = None
    campaign_id: UUID | None = None
    product_lines: tuple[str, ...] = ()


@DEAL_EVENTS.fact("owner-changed")
class DealOwnerChanged(Event):
    """Another salesperson answers for the deal from now on."""

    deal_id: UUID
    customer_id: UUID
    from_owner_id: str
    to_owner_id: str
    reason_code: str
    handover_id: UUID | None = None


@DEAL_EVENTS.fact("stage-changed")
class DealStageChanged(Event):
    """The deal moved to another stage of its pipeline."""

    deal_id: UUID
    customer_id: UUID
    pipeline_id: UUID
    from_stage_id: str
    to_stage_id: str
    direction: Literal["forward", "backward"]
    probability: int
    forecast_category: str
    waiver_reason: str | None = None


@DEAL_EVENTS.fact("amount-changed")
class DealAmountChanged(Event):
    """The deal is worth more or less than thought."""

    deal_id: UUID
    customer_id: UUID
    from_amount: Decimal
    to_amount: Decimal
    currency: str


@DEAL_EVENTS.fact("close-date-changed")
class DealCloseDateChanged(Event):
    """The deal is expected to close on another day; `push_count` counts the delays."""

    deal_id: UUID
    customer_id: UUID
    from_date: date
    to_date: date
    push_count: int


@DEAL_EVENTS.fact("risk-flagged")
class DealRiskFlagged(Event):
    """Something endangers the deal; one flag per code and cause."""

    deal_id: UUID
    customer_id: UUID
    code: Annotated[str, Open.to(RiskCode)]
    severity: RiskSeverity
    cause_id: UUID | None = None
    since: datetime


@DEAL_EVENTS.fact("risk-cleared")
class DealRiskCleared(Event):
    """The danger with this code and cause is over."""

    deal_id: UUID
    customer_id: UUID
    code: Annotated[str, Open.to(RiskCode)]
    cause_id: UUID | None = None
    cleared_at: datetime


@DEAL_EVENTS.fact("won")
class DealWon(Event):
    """The customer said yes."""

    deal_id: UUID
    customer_id: UUID
    primary_contact_id: UUID | None = None
    pipeline_id: UUID
    amount: Decimal
    currency: str
    owner_id: str
    lead_id: UUID | None = None
    campaign_id: UUID | None = None
    product_lines: tuple[str, ...] = ()
    requires_onboarding: bool
    waiver_reason: str | None = None
    cycle_days: int
    opened_at: datetime
    won_at: datetime


@DEAL_EVENTS.fact("lost")
class DealLost(Event):
    """The customer said no."""

    deal_id: UUID
    customer_id: UUID
    reason_code: str
    competitor: str | None = None
    lost_stage_id: str
    amount: Decimal
    currency: str
    lost_at: datetime


@DEAL_EVENTS.fact("reopened")
class DealReopened(Event):
    """A closed deal is open again; if it was won, its consequences are taken back."""

    deal_id: UUID
    customer_id: UUID
    from_status: Literal["won", "lost"]
    stage_id: str
    probability: int
    reason_code: str
    approved_by: str | None = None


@DEAL_EVENTS.fact("redacted")
class DealRedacted(Event):
    """What the deal said of a person was erased at their request; ids and amounts stay."""

    deal_id: UUID
    customer_id: UUID
    request_id: UUID


@DEAL_EVENTS.fact("repointed")
class DealRepointed(Event):
    """The deal names another record than before, because two were merged or parted again."""

    deal_id: UUID
    customer_id: UUID
    party: Party
    from_id: UUID
    to_id: UUID


class DealRisk(_Value):
    """A danger that is flagged on a deal now."""

    code: Annotated[str, Open.to(RiskCode)]
    severity: RiskSeverity
    cause_id: UUID | None = None
    since: datetime


@DEAL_STATE.fact("state")
class DealState(Event):
    """The whole deal as pipeline knows it now; its name is free text."""

    deal_id: UUID
    customer_id: UUID
    name: str
    primary_contact_id: UUID | None = None
    pipeline_id: UUID
    pipeline_version: int
    stage_id: str
    status: DealStatus
    kind: str
    amount: Decimal
    currency: str
    probability: int
    expected_close_date: date
    push_count: int
    owner_id: str
    source: str
    lead_id: UUID | None = None
    campaign_id: UUID | None = None
    product_lines: tuple[str, ...] = ()
    risks: tuple[DealRisk, ...] = ()
    reason_code: str | None = None
    competitor: str | None = None
    opened_at: datetime
    closed_at: datetime | None = None


class OrderLine(_Value):
    """What was ordered; `quantity` in the product's own unit."""

    line_id: str
    product_id: str
    quantity: Decimal
    amount: Decimal


@ORDER_EVENTS.fact("confirmed")
class OrderConfirmed(Event):
    """The ERP took an order of a customer that we know."""

    order_id: UUID
    external_system: str
    external_ref: str
    customer_id: UUID
    lines: tuple[OrderLine, ...]
    total: Decimal
    currency: str
    ordered_at: datetime


@ORDER_EVENTS.fact("status-changed")
class OrderStatusChanged(Event):
    """The ERP moved the order on (delivered, invoiced, paid, cancelled)."""

    order_id: UUID
    customer_id: UUID
    from_status: OrderStatus
    to_status: OrderStatus
    total: Decimal
    currency: str
    changed_at: datetime


@ORDER_EVENTS.fact("revised")
class OrderRevised(Event):
    """The ERP changed the order's lines."""

    order_id: UUID
    customer_id: UUID
    lines: tuple[OrderLine, ...]
    from_total: Decimal
    total: Decimal
    currency: str


@ORDER_EVENTS.fact("repointed")
class OrderRepointed(Event):
    """The order is another customer's than before, because two were merged or parted again."""

    order_id: UUID
    customer_id: UUID
    from_id: UUID
    to_id: UUID
    total: Decimal
    currency: str


@ORDER_STATE.fact("state")
class OrderState(Event):
    """The whole order as the ERP told it last.

    The ERP's own revision is not in it: it rises also where nothing changed, without a fact.
    """

    order_id: UUID
    external_system: str
    external_ref: str
    customer_id: UUID
    status: OrderStatus
    lines: tuple[OrderLine, ...]
    total: Decimal
    currency: str
    ordered_at: datetime
