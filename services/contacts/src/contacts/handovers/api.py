"""Handovers over HTTP."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict
from shared.auth import Caller, Reader, allow
from shared.contracts.contacts import HandoverReason, HandoverStatus
from shared.errors import InvalidError
from shared.handovers import OwnerHasLeftError
from shared.http.refusing import refuses
from shared.http.requests import (
    Code,
    Cursor,
    Database,
    Limit,
    NewId,
    Page,
    page_of,
    read_cursor,
    tag_version,
)

from contacts.handovers import handlers, store
from contacts.handovers.domain import (
    Handover,
    HandoverIdIsTakenError,
    HandoverIsRunningError,
    HandoverNotFoundError,
    SameOwnerError,
    StartHandover,
)

router = APIRouter(prefix="/v1/handovers", tags=["handovers"])
Manager = Annotated[Caller, Depends(allow())]


class DueInPastError(InvalidError):
    """A handover is due in the future."""


class HandoverIn(BaseModel):
    """Who hands over to whom, and why; after `left` the one may own nothing any more.

    `until` says how long an absence lasts; what was moved is given back by another handover.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    from_owner_id: Code
    to_owner_id: Code
    reason_code: HandoverReason
    due_at: AwareDatetime | None = None
    until: AwareDatetime | None = None


class HandoverOut(BaseModel):
    """How far it is: what each service has moved, and who has not said so yet."""

    model_config = ConfigDict(from_attributes=True)

    handover_id: UUID
    version: int
    from_owner_id: str
    to_owner_id: str
    reason_code: str
    status: HandoverStatus
    started_by: str
    started_at: datetime
    due_at: datetime
    closed_at: datetime | None
    acknowledged: Mapping[str, Mapping[str, int]]
    unresolved: tuple[str, ...]
    until: datetime | None


@router.post(
    "",
    status_code=201,
    responses=refuses(
        HandoverIdIsTakenError,
        HandoverIsRunningError,
        SameOwnerError,
        DueInPastError,
        OwnerHasLeftError,
    ),
)
async def start_handover(
    caller: Manager, pool: Database, handover_id: NewId, body: HandoverIn, response: Response
) -> HandoverOut:
    """Every service begins to move at once; the brief is at customer-360 within seconds."""
    if body.due_at is not None and body.due_at <= caller.cause.at:
        raise DueInPastError(field="due_at")
    command = StartHandover(
        handover_id=handover_id,
        from_owner_id=body.from_owner_id,
        to_owner_id=body.to_owner_id,
        reason_code=body.reason_code,
        started_by=caller.cause.actor,
        at=caller.cause.at,
        due_at=body.due_at,
        until=body.until,
    )
    return _out(await handlers.start_handover(pool, caller.cause, command), response)


@router.get("/{handover_id}")
async def read_handover(
    caller: Reader, pool: Database, handover_id: UUID, response: Response
) -> HandoverOut:
    """What each service has moved, which have not answered yet, and what nobody could move."""
    del caller
    async with pool.acquire() as connection:
        return _out(await store.load_handover(connection, handover_id), response)


@router.get("")
async def list_handovers(  # noqa: PLR0913, PLR0917 -- one parameter per filter
    caller: Reader,
    pool: Database,
    status: HandoverStatus | None = None,
    from_owner_id: Annotated[Code | None, Query()] = None,
    to_owner_id: Annotated[Code | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[HandoverOut]:
    """Handovers, the last started first."""
    del caller
    after = read_cursor(cursor, datetime.fromisoformat, UUID)
    async with pool.acquire() as connection:
        wanted = store.Wanted(status, from_owner_id, to_owner_id)
        found = await store.list_handovers(connection, wanted, after, limit + 1)
    return page_of([_out(each) for each in found], limit, _place)


@router.post("/{handover_id}/close", responses=refuses(HandoverNotFoundError))
async def close_handover(
    caller: Manager, pool: Database, handover_id: UUID, response: Response
) -> HandoverOut:
    """Wait no longer; services that say so later complete it after all."""
    return _out(await handlers.close_handover(pool, caller.cause, handover_id), response)


def _place(item: HandoverOut) -> list[object]:
    return [item.started_at.isoformat(), item.handover_id]


def _out(handover: Handover, response: Response | None = None) -> HandoverOut:
    if response is not None:
        tag_version(response, handover.version)
    return HandoverOut.model_validate(handover)
