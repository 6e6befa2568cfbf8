"""What can be asked of a deal; ids and times come in with the command."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

from shared.contracts.pipeline import RiskCode, RiskSeverity
from shared.contracts.values import Party

from pipeline.definitions.domain import STANDARD_PIPELINE
from pipeline.risks import Dangers


@dataclass(frozen=True, slots=True)
class OpenDeal:
    deal_id: UUID
    customer_id: UUID
    name: str
    amount: Decimal
    currency: str
    expected_close_date: date
    owner_id: str
    at: datetime
    pipeline_id: UUID = STANDARD_PIPELINE.pipeline_id
    primary_contact_id: UUID | None = None
    kind: str = "new-business"
    source: str = "sales"
    lead_id: UUID | None = None
    campaign_id: UUID | None = None
    product_lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeDealOwner:
    """Another salesperson answers for the deal, by hand or because of a handover."""

    owner_id: str
    reason_code: str
    handover_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class RepointDeal:
    """What names one record names another from now on."""

    party: Party
    from_id: UUID
    to_id: UUID


@dataclass(frozen=True, slots=True)
class MoveStage:
    stage_id: str
    waiver_reason: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeAmount:
    amount: Decimal


@dataclass(frozen=True, slots=True)
class ChangeCloseDate:
    date: date
    at: datetime


@dataclass(frozen=True, slots=True)
class FlagRisk:
    code: RiskCode
    severity: RiskSeverity
    at: datetime
    cause_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ClearRisk:
    code: RiskCode
    at: datetime
    cause_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class FollowTicket:
    """Let the deal's dangers from one ticket be these and no others."""

    ticket_id: UUID
    dangers: Dangers
    at: datetime


@dataclass(frozen=True, slots=True)
class FollowHold:
    """Let the deal be endangered by a credit hold on its customer, or no more."""

    is_held: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class WinDeal:
    """`hold` names the credit hold on the customer, which no waiver lifts."""

    at: datetime
    requires_onboarding: bool = True
    waiver_reason: str | None = None
    hold: str | None = None


@dataclass(frozen=True, slots=True)
class LoseDeal:
    reason_code: str
    at: datetime
    competitor: str | None = None


@dataclass(frozen=True, slots=True)
class ReopenDeal:
    reason_code: str
    at: datetime
    approved_by: str | None = None


DealCommand: TypeAlias = (
    OpenDeal
    | ChangeDealOwner
    | RepointDeal
    | MoveStage
    | ChangeAmount
    | ChangeCloseDate
    | FlagRisk
    | ClearRisk
    | FollowTicket
    | FollowHold
    | WinDeal
    | LoseDeal
    | ReopenDeal
)
