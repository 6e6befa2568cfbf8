"""HTTP: deals."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field
from shared.auth import Caller, Reader, allow
from shared.contracts.pipeline import DealStatus, RiskCode, RiskSeverity
from shared.http.requests import (
    Code,
    Currency,
    Cursor,
    Database,
    IfMatch,
    Limit,
    NewId,
    Page,
    Text,
    page_of,
    read_cursor,
    tag_version,
)

from pipeline.deals import handlers, store
from pipeline.deals.commands import (
    ChangeAmount,
    ChangeCloseDate,
    ChangeDealOwner,
    ClearRisk,
    FlagRisk,
    LoseDeal,
    MoveStage,
    OpenDeal,
    ReopenDeal,
    WinDeal,
)
from pipeline.deals.domain import Deal
from pipeline.definitions.domain import STANDARD_PIPELINE

router = APIRouter(prefix="/v1/deals", tags=["deals"])

Seller: TypeAlias = Annotated[Caller, Depends(allow("sales"))]
Amount: TypeAlias = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=4)]


class OpenDealIn(BaseModel):
    """Without an owner, the caller's."""

    customer_id: UUID
    name: Text
    amount: Amount
    currency: Currency
    expected_close_date: date
    primary_contact_id: UUID | None = None
    pipeline_id: UUID = STANDARD_PIPELINE.pipeline_id
    kind: Code = "new-business"
    source: Code = "sales"
    campaign_id: UUID | None = None
    product_lines: Annotated[tuple[Code, ...], Field(max_length=50)] = ()
    owner_id: Code | None = None


class ChangeOwnerIn(BaseModel):
    owner_id: Code
    reason_code: Code


class MoveStageIn(BaseModel):
    stage_id: Code
    waiver_reason: Code | None = None


class ChangeAmountIn(BaseModel):
    amount: Amount


class ChangeCloseDateIn(BaseModel):
    date: date


class WinIn(BaseModel):
    """`waiver_reason` lets a deal be won while a danger of high severity is open."""

    requires_onboarding: bool = True
    waiver_reason: Code | None = None


class LoseIn(BaseModel):
    reason_code: Code
    competitor: Code | None = None


class ReopenIn(BaseModel):
    """A won deal needs `approved_by`."""

    reason_code: Code
    approved_by: Code | None = None


class FlagRiskIn(BaseModel):
    code: Literal["manual"] = "manual"
    severity: RiskSeverity
    cause_id: UUID | None = None


class ClearRiskIn(BaseModel):
    code: RiskCode
    cause_id: UUID | None = None


class RiskOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    code: RiskCode
    severity: RiskSeverity
    cause_id: UUID | None
    since: datetime


class DealOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    deal_id: UUID
    version: int
    customer_id: UUID
    name: str
    primary_contact_id: UUID | None
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
    lead_id: UUID | None
    campaign_id: UUID | None
    product_lines: tuple[str, ...]
    risks: tuple[RiskOut, ...]
    reason_code: str | None
    competitor: str | None
    opened_at: datetime
    closed_at: datetime | None


@router.post("", status_code=201)
async def open_deal(
    body: OpenDealIn, pool: Database, caller: Seller, new_id: NewId, response: Response
) -> DealOut:
    """Open a deal in the first stage of the pipeline's newest version."""
    asked = body.model_dump(exclude={"owner_id"})
    owner_id = body.owner_id or caller.subject
    command = OpenDeal(deal_id=new_id, owner_id=owner_id, at=caller.cause.at, **asked)
    return _answer(response, await handlers.open_deal(pool, caller.cause, command))


@router.get("/{deal_id}")
async def get_deal(deal_id: UUID, pool: Database, _reader: Reader, response: Response) -> DealOut:
    """The deal as it is; its version is in ETag."""
    async with pool.acquire() as connection:
        return _answer(response, await store.load_deal(connection, deal_id))


@router.get("")
async def list_deals(
    pool: Database,
    _reader: Reader,
    wanted: Annotated[store.DealFilter, Depends()],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DealOut]:
    """Deals, the last opened first."""
    after = read_cursor(cursor, datetime.fromisoformat, UUID)
    rows = await store.list_deals(pool, wanted, after, limit + 1)
    items = [DealOut.model_validate(row) for row in rows]
    return page_of(items, limit, lambda deal: [deal.opened_at.isoformat(), deal.deal_id])


@router.post("/{deal_id}/owner")
async def change_owner(
    deal_id: UUID,
    body: ChangeOwnerIn,
    pool: Database,
    caller: Seller,
    response: Response,
    if_match: IfMatch = None,
) -> DealOut:
    """Of an open deal; who won or lost one stays known."""
    command = ChangeDealOwner(body.owner_id, body.reason_code)
    deal = await handlers.change_owner(pool, caller.cause, deal_id, command, if_match)
    return _answer(response, deal)


@router.post("/{deal_id}/stage")
async def move_stage(
    deal_id: UUID,
    body: MoveStageIn,
    pool: Database,
    caller: Seller,
    response: Response,
    if_match: IfMatch = None,
) -> DealOut:
    """Forward needs what the stages on the way ask for, or a waiver; backward is free."""
    command = MoveStage(body.stage_id, body.waiver_reason)
    deal = await handlers.move_stage(pool, caller.cause, deal_id, command, if_match)
    return _answer(response, deal)


@router.post("/{deal_id}/amount")
async def change_amount(
    deal_id: UUID,
    body: ChangeAmountIn,
    pool: Database,
    caller: Seller,
    response: Response,
    if_match: IfMatch = None,
) -> DealOut:
    """The deal is about another amount from now on."""
    command = ChangeAmount(body.amount)
    deal = await handlers.change_amount(pool, caller.cause, deal_id, command, if_match)
    return _answer(response, deal)


@router.post("/{deal_id}/close-date")
async def change_close_date(
    deal_id: UUID,
    body: ChangeCloseDateIn,
    pool: Database,
    caller: Seller,
    response: Response,
    if_match: IfMatch = None,
) -> DealOut:
    """Each delay counts; from the third on it is a danger of its own."""
    command = ChangeCloseDate(body.date, caller.cause.at)
    deal = await handlers.change_close_date(pool, caller.cause, deal_id, command, if_match)
    return _answer(response, deal)


@router.post("/{deal_id}/win")
async def win_deal(
    deal_id: UUID,
    pool: Database,
    caller: Seller,
    response: Response,
    body: WinIn | None = None,
    if_match: IfMatch = None,
) -> DealOut:
    """The deal is won; contacts makes its customer one that buys."""
    asked = body or WinIn()
    command = WinDeal(caller.cause.at, asked.requires_onboarding, asked.waiver_reason)
    deal = await handlers.win_deal(pool, caller.cause, deal_id, command, if_match)
    return _answer(response, deal)


@router.post("/{deal_id}/lose")
async def lose_deal(
    deal_id: UUID,
    body: LoseIn,
    pool: Database,
    caller: Seller,
    response: Response,
    if_match: IfMatch = None,
) -> DealOut:
    """The deal is lost, for a reason, and perhaps to a competitor."""
    command = LoseDeal(body.reason_code, caller.cause.at, body.competitor)
    deal = await handlers.lose_deal(pool, caller.cause, deal_id, command, if_match)
    return _answer(response, deal)


@router.post("/{deal_id}/reopen")
async def reopen_deal(
    deal_id: UUID,
    body: ReopenIn,
    pool: Database,
    caller: Seller,
    response: Response,
    if_match: IfMatch = None,
) -> DealOut:
    """A lost deal within 90 days; a won deal with approval, and its consequences are undone."""
    command = ReopenDeal(body.reason_code, caller.cause.at, body.approved_by)
    deal = await handlers.reopen_deal(pool, caller.cause, deal_id, command, if_match)
    return _answer(response, deal)


@router.post("/{deal_id}/risks")
async def flag_risk(
    deal_id: UUID,
    body: FlagRiskIn,
    pool: Database,
    caller: Seller,
    response: Response,
    if_match: IfMatch = None,
) -> DealOut:
    """Say that something endangers the deal, and how much."""
    command = FlagRisk(body.code, body.severity, caller.cause.at, body.cause_id)
    deal = await handlers.flag_risk(pool, caller.cause, deal_id, command, if_match)
    return _answer(response, deal)


@router.post("/{deal_id}/risks/clear")
async def clear_risk(
    deal_id: UUID,
    body: ClearRiskIn,
    pool: Database,
    caller: Seller,
    response: Response,
    if_match: IfMatch = None,
) -> DealOut:
    """Clear a danger that a person sees; one that follows a ticket is over when the ticket is."""
    command = ClearRisk(body.code, caller.cause.at, body.cause_id)
    deal = await handlers.clear_risk(pool, caller.cause, deal_id, command, if_match)
    return _answer(response, deal)


def _answer(response: Response, deal: Deal) -> DealOut:
    tag_version(response, deal.version)
    return DealOut.model_validate(deal)
