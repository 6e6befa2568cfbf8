"""Deals: chances to sell, their dangers, and how they ended."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from shared.contracts.codes import Open
from shared.contracts.topic import Event, events_topic, state_topic
from shared.contracts.values import Party, Value

DealStatus = Literal["open", "won", "lost"]
RiskCode = Literal[
    "open-critical-ticket", "sla-breached", "close-date-slipped", "manual", "credit-hold"
]
RiskSeverity = Literal["low", "medium", "high"]

DEAL_EVENTS = events_topic("pipeline", "deal", key="deal_id", holds="every fact of a deal")
DEAL_STATE = state_topic(
    "pipeline", "deal", key="deal_id", holds="the current deal, with the name that we gave it"
)


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


class DealRisk(Value):
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
