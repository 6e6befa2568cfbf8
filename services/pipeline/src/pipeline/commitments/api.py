"""HTTP: commitments."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)
from shared.auth import Caller, Reader, allow
from shared.contracts.pipeline import CommitmentKind, CommitmentStatus
from shared.http.requests import (
    Code,
    Currency,
    Cursor,
    Database,
    IfMatch,
    Limit,
    LongText,
    NewId,
    Page,
    page_of,
    read_cursor,
    tag_version,
)

from pipeline.commitments import handlers, store
from pipeline.commitments.commands import (
    ChangeCommitmentOwner,
    FulfilCommitment,
    MakeCommitment,
    WithdrawCommitment,
)
from pipeline.commitments.domain import Commitment

router = APIRouter(prefix="/v1/commitments", tags=["commitments"])

Promiser: TypeAlias = Annotated[Caller, Depends(allow("sales", "service"))]


class MakeCommitmentIn(BaseModel):
    """What was promised in `text`; without `made_by` or `owner_id`, the caller's own promise."""

    customer_id: UUID
    contact_id: UUID | None = None
    deal_id: UUID | None = None
    kind: CommitmentKind
    text: LongText
    amount: Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=4)] | None = None
    currency: Annotated[Currency | None, Field(validate_default=True)] = None
    due_at: AwareDatetime
    made_by: Code | None = None
    owner_id: Code | None = None

    @field_validator("currency")
    @classmethod
    def _goes_with_an_amount(cls, currency: str | None, info: ValidationInfo) -> str | None:
        if "amount" in info.data and (info.data["amount"] is None) != (currency is None):
            raise ValueError("an amount and its currency go together")
        return currency


class FulfilIn(BaseModel):
    """`evidence_ref` names what shows it: a delivery note, an order, a ticket."""

    evidence_ref: Code | None = None


class WithdrawIn(BaseModel):
    """Who of the customer's agreed: nobody takes a promise back alone."""

    agreed_with_contact_id: UUID
    reason_code: Code


class ChangeOwnerIn(BaseModel):
    owner_id: Code
    reason_code: Code


class CommitmentOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    commitment_id: UUID
    version: int
    customer_id: UUID
    contact_id: UUID | None
    deal_id: UUID | None
    kind: str
    text: str
    amount: Decimal | None
    currency: str | None
    made_by: str
    owner_id: str
    made_at: datetime
    due_at: datetime
    status: CommitmentStatus
    is_due_soon: bool
    broken_at: datetime | None
    closed_at: datetime | None
    evidence_ref: str | None
    reason_code: str | None


@router.post("", status_code=201)
async def make_commitment(
    body: MakeCommitmentIn, pool: Database, caller: Promiser, new_id: NewId, response: Response
) -> CommitmentOut:
    """Keep what was promised to a customer, by when, and who answers for it."""
    made_by = body.made_by or caller.subject
    command = MakeCommitment(
        commitment_id=new_id,
        made_by=made_by,
        owner_id=body.owner_id or made_by,
        at=caller.cause.at,
        **body.model_dump(exclude={"made_by", "owner_id"}),
    )
    return _answer(response, await handlers.make_commitment(pool, caller.cause, command))


@router.get("/{commitment_id}")
async def get_commitment(
    commitment_id: UUID, pool: Database, _reader: Reader, response: Response
) -> CommitmentOut:
    """The promise as it is; its version is in ETag."""
    async with pool.acquire() as connection:
        return _answer(response, await store.load_commitment(connection, commitment_id))


@router.get("")
async def list_commitments(
    pool: Database,
    _reader: Reader,
    wanted: Annotated[store.CommitmentFilter, Depends()],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[CommitmentOut]:
    """Commitments, the next due first; `is_open` asks for what is still owed."""
    after = read_cursor(cursor, datetime.fromisoformat, UUID)
    rows = await store.list_commitments(pool, wanted, after, limit + 1)
    items = [CommitmentOut.model_validate(row) for row in rows]
    return page_of(items, limit, lambda each: [each.due_at.isoformat(), each.commitment_id])


@router.post("/{commitment_id}/fulfil")
async def fulfil_commitment(
    commitment_id: UUID,
    pool: Database,
    caller: Promiser,
    response: Response,
    body: FulfilIn | None = None,
    if_match: IfMatch = None,
) -> CommitmentOut:
    """It was kept, now; what was broken before is kept late."""
    command = FulfilCommitment(caller.cause.at, body.evidence_ref if body else None)
    after = await handlers.fulfil_commitment(pool, caller.cause, commitment_id, command, if_match)
    return _answer(response, after)


@router.post("/{commitment_id}/withdraw")
async def withdraw_commitment(
    commitment_id: UUID,
    body: WithdrawIn,
    pool: Database,
    caller: Promiser,
    response: Response,
    if_match: IfMatch = None,
) -> CommitmentOut:
    """The customer agrees that nothing is owed; of an open promise, not of a broken one."""
    command = WithdrawCommitment(body.agreed_with_contact_id, body.reason_code, caller.cause.at)
    after = await handlers.withdraw_commitment(pool, caller.cause, commitment_id, command, if_match)
    return _answer(response, after)


@router.post("/{commitment_id}/owner")
async def change_owner(
    commitment_id: UUID,
    body: ChangeOwnerIn,
    pool: Database,
    caller: Promiser,
    response: Response,
    if_match: IfMatch = None,
) -> CommitmentOut:
    """Of what is still owed; who made it stays known."""
    command = ChangeCommitmentOwner(body.owner_id, body.reason_code)
    after = await handlers.change_owner(pool, caller.cause, commitment_id, command, if_match)
    return _answer(response, after)


def _answer(response: Response, commitment: Commitment) -> CommitmentOut:
    tag_version(response, commitment.version)
    return CommitmentOut.model_validate(commitment)
