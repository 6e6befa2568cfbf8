"""Offboarding a customer and taking it back, over HTTP: two calls by two people."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict
from shared.auth import Caller, Reader, allow
from shared.contracts.contacts import OffboardedFor
from shared.http.requests import Code, Cursor, Database, Limit, NewId, Page, page_of, read_cursor

from contacts.offboardings import handlers, store
from contacts.offboardings.domain import Proposal, Proposed, Status, Target

router = APIRouter(tags=["offboardings"])
Proposer = Annotated[Caller, Depends(allow("sales", "service", "marketing"))]
Approver = Annotated[Caller, Depends(allow())]


class OffboardIn(BaseModel):
    """Why we do no business with the customer any more."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason_code: OffboardedFor


class ReinstateIn(BaseModel):
    """Why we do again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason_code: Code


class ProposalOut(BaseModel):
    """What was proposed for which customer, and what was decided."""

    model_config = ConfigDict(from_attributes=True)

    proposal_id: UUID
    customer_id: UUID
    to: Target
    reason_code: str
    proposed_by: str
    proposed_at: datetime
    status: Status
    decided_by: str | None
    decided_at: datetime | None


class CommitmentOut(BaseModel):
    """A deal that is not closed, or an order that is not paid."""

    model_config = ConfigDict(from_attributes=True)

    kind: Literal["deal", "order"]
    id: UUID
    status: str | None
    amount: Decimal | None
    currency: str | None


class ProposedOut(ProposalOut):
    """The same with what is open between the customer and us, the largest 200 first."""

    commitments: list[CommitmentOut]


@router.post("/v1/customers/{customer_id}/offboarding", status_code=201)
async def propose_offboarding(
    caller: Proposer, pool: Database, customer_id: UUID, proposal_id: NewId, body: OffboardIn
) -> ProposedOut:
    """Nothing changes before a second person approves it."""
    wanted = _wanted(caller, customer_id, proposal_id, "offboarded", body.reason_code)
    return _out(await handlers.propose(pool, wanted))


@router.post("/v1/customers/{customer_id}/reinstatement", status_code=201)
async def propose_reinstatement(
    caller: Proposer, pool: Database, customer_id: UUID, proposal_id: NewId, body: ReinstateIn
) -> ProposedOut:
    """Make a prospect of an offboarded customer again; a second person approves that, too."""
    wanted = _wanted(caller, customer_id, proposal_id, "prospect", body.reason_code)
    return _out(await handlers.propose(pool, wanted))


@router.get("/v1/offboardings")
async def list_offboardings(
    caller: Reader,
    pool: Database,
    status: Status | None = None,
    customer_id: UUID | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ProposalOut]:
    """Proposals of both kinds, the latest first."""
    del caller
    after = read_cursor(cursor, datetime.fromisoformat, UUID)
    async with pool.acquire() as connection:
        found = await store.list_proposals(connection, status, customer_id, after, limit + 1)
    shown = [ProposalOut.model_validate(each) for each in found]
    return page_of(shown, limit, lambda item: [item.proposed_at.isoformat(), item.proposal_id])


@router.get("/v1/offboardings/{proposal_id}")
async def read_offboarding(caller: Reader, pool: Database, proposal_id: UUID) -> ProposedOut:
    """The proposal, and what is open between the customer and us today."""
    del caller
    async with pool.acquire() as connection:
        proposal = await store.load_proposal(connection, proposal_id)
        return _out(await handlers.with_commitments(connection, proposal))


@router.post("/v1/offboardings/{proposal_id}/approve")
async def approve_offboarding(caller: Approver, pool: Database, proposal_id: UUID) -> ProposedOut:
    """The customer moves at once. Whoever proposed it cannot approve it (409)."""
    return _out(await handlers.approve(pool, caller.cause, proposal_id, caller.subject))


@router.post("/v1/offboardings/{proposal_id}/decline")
async def decline_offboarding(caller: Proposer, pool: Database, proposal_id: UUID) -> ProposedOut:
    """The customer stays where it is."""
    return _out(await handlers.decline(pool, caller.cause, proposal_id, caller.subject))


def _wanted(
    caller: Caller, customer_id: UUID, proposal_id: UUID, to: Target, reason_code: str
) -> Proposal:
    at = caller.cause.at
    return Proposal(proposal_id, customer_id, to, reason_code, caller.subject, at)


def _out(proposed: Proposed) -> ProposedOut:
    shown = ProposalOut.model_validate(proposed.proposal)
    commitments = [CommitmentOut.model_validate(each) for each in proposed.commitments]
    return ProposedOut(**dict(shown), commitments=commitments)
