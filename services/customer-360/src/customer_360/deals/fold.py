"""The row of a deal, with its risks as a set of (code, cause)."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from shared.contracts.pipeline import (
    DealAmountChanged,
    DealCloseDateChanged,
    DealLost,
    DealOpened,
    DealOwnerChanged,
    DealRedacted,
    DealReopened,
    DealRepointed,
    DealRiskCleared,
    DealRiskFlagged,
    DealStageChanged,
    DealWon,
)

from customer_360.folding import Fold


class Risk(BaseModel):
    """Something endangers the deal; one per code and cause."""

    model_config = ConfigDict(frozen=True)

    code: str
    severity: str
    cause_id: UUID | None = None
    since: datetime


@dataclass(frozen=True, slots=True)
class Deal:
    """A chance to sell; `closed_at` is when it was won or lost."""

    deal_id: UUID
    version: int
    customer_id: UUID
    status: str = "open"
    stage_id: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    probability: int | None = None
    forecast_category: str | None = None
    expected_close_date: date | None = None
    push_count: int = 0
    owner_id: str | None = None
    source: str | None = None
    primary_contact_id: UUID | None = None
    campaign_id: UUID | None = None
    lead_id: UUID | None = None
    product_lines: tuple[str, ...] = ()
    risks: tuple[Risk, ...] = ()
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    lost_for: str | None = None
    handover_id: UUID | None = None


fold = Fold[Deal](
    "deal_id",
    lambda first: Deal(
        first.event.deal_id,
        first.envelope.version,
        first.event.customer_id,
        opened_at=first.envelope.time,
    ),
)


@fold.on(DealOpened)
def opened(deal: Deal, event: DealOpened) -> Deal:
    return replace(
        deal,
        stage_id=event.stage_id,
        amount=event.amount,
        currency=event.currency,
        probability=event.probability,
        expected_close_date=event.expected_close_date,
        owner_id=event.owner_id,
        source=event.source,
        primary_contact_id=event.primary_contact_id,
        campaign_id=event.campaign_id,
        lead_id=event.lead_id,
        product_lines=event.product_lines,
    )


@fold.on(DealOwnerChanged)
def owner_changed(deal: Deal, event: DealOwnerChanged) -> Deal:
    return replace(deal, owner_id=event.to_owner_id, handover_id=event.handover_id)


@fold.on(DealStageChanged)
def stage_changed(deal: Deal, event: DealStageChanged) -> Deal:
    return replace(
        deal,
        stage_id=event.to_stage_id,
        probability=event.probability,
        forecast_category=event.forecast_category,
    )


@fold.on(DealAmountChanged)
def amount_changed(deal: Deal, event: DealAmountChanged) -> Deal:
    return replace(deal, amount=event.to_amount, currency=event.currency)


@fold.on(DealCloseDateChanged)
def close_date_changed(deal: Deal, event: DealCloseDateChanged) -> Deal:
    return replace(deal, expected_close_date=event.to_date, push_count=event.push_count)


@fold.on(DealRiskFlagged)
def risk_flagged(deal: Deal, event: DealRiskFlagged) -> Deal:
    risk = Risk(
        code=event.code, severity=event.severity, cause_id=event.cause_id, since=event.since
    )
    return replace(deal, risks=(*_without(deal, event), risk))


@fold.on(DealRiskCleared)
def risk_cleared(deal: Deal, event: DealRiskCleared) -> Deal:
    return replace(deal, risks=_without(deal, event))


def _without(deal: Deal, event: DealRiskFlagged | DealRiskCleared) -> tuple[Risk, ...]:
    gone = (event.code, event.cause_id)
    return tuple(risk for risk in deal.risks if (risk.code, risk.cause_id) != gone)


@fold.on(DealWon)
def won(deal: Deal, event: DealWon) -> Deal:
    return replace(
        deal,
        status="won",
        amount=event.amount,
        currency=event.currency,
        owner_id=event.owner_id,
        opened_at=event.opened_at,
        closed_at=event.won_at,
        risks=(),
    )


@fold.on(DealLost)
def lost(deal: Deal, event: DealLost) -> Deal:
    return replace(
        deal,
        status="lost",
        amount=event.amount,
        currency=event.currency,
        closed_at=event.lost_at,
        lost_for=event.reason_code,
        risks=(),
    )


@fold.on(DealReopened)
def reopened(deal: Deal, event: DealReopened) -> Deal:
    return replace(
        deal,
        status="open",
        stage_id=event.stage_id,
        probability=event.probability,
        closed_at=None,
        lost_for=None,
    )


@fold.on(DealRedacted)
def redacted(deal: Deal, event: DealRedacted) -> Deal:
    """The view never had the deal's name; only its version moves."""
    del event
    return deal


@fold.on(DealRepointed)
def repointed(deal: Deal, event: DealRepointed) -> Deal:
    if event.party == "customer":
        return replace(deal, customer_id=event.to_id)
    return replace(deal, primary_contact_id=event.to_id)
