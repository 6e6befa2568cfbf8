"""Duplicates over HTTP: who is like whom, the cases to decide, and the decision."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from shared.auth import Caller, Reader, allow
from shared.http.requests import Code, Cursor, Database, Limit, Page, page_of, read_cursor

from contacts.duplicates import handlers, store
from contacts.duplicates.domain import DuplicateCase, Status
from contacts.matching.subjects import EntityType

router = APIRouter(prefix="/v1/duplicates", tags=["duplicates"])
Decider = Annotated[Caller, Depends(allow("sales", "service", "marketing"))]


class CaseOut(BaseModel):
    """Two records that may be one party, and what was decided."""

    case_id: UUID
    entity_type: EntityType
    candidate_ids: tuple[UUID, UUID]
    score: float
    matched_on: tuple[str, ...]
    suggested_survivor_id: UUID
    policy_version: int
    found_by: str
    forced_for: str | None
    detected_at: datetime
    status: Status
    survivor_id: UUID | None
    decided_at: datetime | None
    decided_by: str | None
    reason_code: str | None
    version: int


class DismissIn(BaseModel):
    """Why these are two parties: `twins`, `other-branch`."""

    reason_code: Code


@router.get("")
async def list_duplicates(  # noqa: PLR0913, PLR0917 -- one parameter per filter
    caller: Reader,
    pool: Database,
    status: Status = "open",
    entity_type: EntityType | None = None,
    entity_id: Annotated[UUID | None, Query(description="Cases of this record.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[CaseOut]:
    """Cases, the surest first."""
    del caller
    after = _after(cursor)
    async with pool.acquire() as connection:
        found = await store.list_cases(connection, status, entity_type, entity_id, after, limit + 1)
    shown = [_out(case) for case in found]
    return page_of(shown, limit, lambda item: [item.score, item.case_id])


def _after(cursor: str | None) -> tuple[float, UUID] | None:
    key = read_cursor(cursor, float, UUID)
    if key is None:
        return None
    score, case_id = key
    assert isinstance(score, float)
    assert isinstance(case_id, UUID)
    return score, case_id


@router.get("/{case_id}")
async def read_duplicate(caller: Reader, pool: Database, case_id: UUID) -> CaseOut:
    """Two records, what they have in common, and what was decided of them."""
    del caller
    async with pool.acquire() as connection:
        return _out(await store.load_case(connection, case_id))


@router.post("/{case_id}/dismiss")
async def dismiss_duplicate(
    caller: Decider, pool: Database, case_id: UUID, body: DismissIn
) -> CaseOut:
    """They are two: the pair is never suspected again."""
    return _out(await handlers.dismiss_case(pool, caller.cause, case_id, body.reason_code))


def _out(case: DuplicateCase) -> CaseOut:
    return CaseOut.model_validate(case, from_attributes=True)
