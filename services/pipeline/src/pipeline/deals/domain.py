"""A deal: its state, what its facts make of it, and what its rules say no with."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

from shared.contracts.pipeline import (
    DealAmountChanged,
    DealCloseDateChanged,
    DealLost,
    DealOpened,
    DealOwnerChanged,
    DealReopened,
    DealRepointed,
    DealRisk,
    DealRiskCleared,
    DealRiskFlagged,
    DealStageChanged,
    DealState,
    DealStatus,
    DealWon,
)
from shared.errors import ConflictError, InvalidError, NotFoundError

from pipeline.deals.commands import OpenDeal
from pipeline.definitions.domain import Definition
from pipeline.risks import Risk, with_risk, without_risk

DealEvent: TypeAlias = (
    DealOpened
    | DealOwnerChanged
    | DealRepointed
    | DealStageChanged
    | DealAmountChanged
    | DealCloseDateChanged
    | DealRiskFlagged
    | DealRiskCleared
    | DealWon
    | DealLost
    | DealReopened
)


class DealNotFoundError(NotFoundError):
    """There is no such deal."""


class DealExistsError(ConflictError):
    """Another deal was opened under this Idempotency-Key."""


class DealIsWonError(ConflictError):
    """The deal is won; reopen it first."""


class DealIsLostError(ConflictError):
    """The deal is lost; reopen it first."""


class DealIsAtRiskError(ConflictError):
    """A danger of high severity is open: wait until it is over, or give a waiver reason."""


class CustomerIsOnCreditHoldError(ConflictError):
    """Nothing is sold to this customer on credit: have the hold released in contacts first."""


class RiskFollowsHoldError(ConflictError):
    """This danger comes and goes with the credit hold in contacts."""


class DealLostTooLongAgoError(ConflictError):
    """The deal was lost more than 90 days ago; open a new one."""


class ApprovalNeededError(InvalidError):
    """A won deal is reopened only with somebody's approval."""


class StageNeedsFieldsError(ConflictError):
    """The stage asks for fields that the deal lacks: fill them, or give a waiver reason."""


class StageIsFinalError(ConflictError):
    """A deal enters this stage by being won or lost, not by being moved."""


class RiskFollowsTicketError(ConflictError):
    """This danger comes and goes with its ticket."""


@dataclass(frozen=True, slots=True)
class Deal:
    """`pipeline` is the version that the deal was opened with, for ever."""

    deal_id: UUID
    customer_id: UUID
    name: str
    primary_contact_id: UUID | None
    pipeline: Definition
    stage_id: str
    kind: str
    amount: Decimal
    currency: str
    probability: int
    expected_close_date: date
    owner_id: str
    source: str
    lead_id: UUID | None
    campaign_id: UUID | None
    product_lines: tuple[str, ...]
    opened_at: datetime
    version: int = 0
    status: DealStatus = "open"
    push_count: int = 0
    risks: tuple[Risk, ...] = ()
    reason_code: str | None = None
    competitor: str | None = None
    closed_at: datetime | None = None

    @property
    def pipeline_id(self) -> UUID:
        return self.pipeline.pipeline_id

    @property
    def pipeline_version(self) -> int:
        return self.pipeline.pipeline_version


def begun(command: OpenDeal, pipeline: Definition) -> Deal:
    """A deal that nobody knows of yet: its version is 0."""
    stage = pipeline.first_stage
    return Deal(
        deal_id=command.deal_id,
        customer_id=command.customer_id,
        name=command.name,
        primary_contact_id=command.primary_contact_id,
        pipeline=pipeline,
        stage_id=stage.stage_id,
        kind=command.kind,
        amount=command.amount,
        currency=command.currency,
        probability=stage.probability,
        expected_close_date=command.expected_close_date,
        owner_id=command.owner_id,
        source=command.source,
        lead_id=command.lead_id,
        campaign_id=command.campaign_id,
        product_lines=command.product_lines,
        opened_at=command.at,
    )


def evolve(deal: Deal, event: DealEvent) -> Deal:  # noqa: PLR0911 -- one per fact
    deal = replace(deal, version=deal.version + 1)
    match event:
        case DealOpened():
            return deal
        case DealOwnerChanged():
            return replace(deal, owner_id=event.to_owner_id)
        case DealRepointed():
            return _repointed(deal, event)
        case DealStageChanged():
            return replace(deal, stage_id=event.to_stage_id, probability=event.probability)
        case DealAmountChanged():
            return replace(deal, amount=event.to_amount)
        case DealCloseDateChanged():
            return replace(deal, expected_close_date=event.to_date, push_count=event.push_count)
        case DealRiskFlagged():
            risk = Risk(event.code, event.severity, event.cause_id, event.since)
            return replace(deal, risks=with_risk(deal.risks, risk))
        case DealRiskCleared():
            return replace(deal, risks=without_risk(deal.risks, event.code, event.cause_id))
        case DealWon() | DealLost() | DealReopened():
            return _turned(deal, event)


def _repointed(deal: Deal, event: DealRepointed) -> Deal:
    if event.party == "customer":
        return replace(deal, customer_id=event.to_id)
    return replace(deal, primary_contact_id=event.to_id)


def _turned(deal: Deal, event: DealWon | DealLost | DealReopened) -> Deal:
    match event:
        case DealWon():
            return replace(deal, status="won", probability=100, closed_at=event.won_at)
        case DealLost():
            return replace(
                deal,
                status="lost",
                probability=0,
                closed_at=event.lost_at,
                reason_code=event.reason_code,
                competitor=event.competitor,
            )
        case DealReopened():
            return replace(
                deal,
                status="open",
                probability=event.probability,
                closed_at=None,
                reason_code=None,
                competitor=None,
            )


def folded(deal: Deal, events: Iterable[DealEvent]) -> Deal:
    for event in events:
        deal = evolve(deal, event)
    return deal


def snapshot(deal: Deal) -> DealState:
    """The whole deal, for those who keep a copy."""
    return DealState(
        deal_id=deal.deal_id,
        customer_id=deal.customer_id,
        name=deal.name,
        primary_contact_id=deal.primary_contact_id,
        pipeline_id=deal.pipeline_id,
        pipeline_version=deal.pipeline_version,
        stage_id=deal.stage_id,
        status=deal.status,
        kind=deal.kind,
        amount=deal.amount,
        currency=deal.currency,
        probability=deal.probability,
        expected_close_date=deal.expected_close_date,
        push_count=deal.push_count,
        owner_id=deal.owner_id,
        source=deal.source,
        lead_id=deal.lead_id,
        campaign_id=deal.campaign_id,
        product_lines=deal.product_lines,
        risks=tuple(DealRisk(**asdict(risk)) for risk in deal.risks),
        reason_code=deal.reason_code,
        competitor=deal.competitor,
        opened_at=deal.opened_at,
        closed_at=deal.closed_at,
    )
