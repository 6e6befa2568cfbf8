"""Touches of whom nobody knows over HTTP: look at them, and say whose they are."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict
from shared.auth import Caller, Reader, allow
from shared.contracts.contacts import InteractionRecorded
from shared.http.requests import Cursor, Database, Limit, Page, page_of, read_cursor

from contacts.touches import handlers, store
from contacts.touches.domain import Reason, Unattached

router = APIRouter(prefix="/v1/unattached-touches", tags=["interactions"])
Recorder = Annotated[Caller, Depends(allow("sales", "service", "marketing"))]


class UnattachedOut(InteractionRecorded):
    """A call or a purchase, why it is nobody's, and who may be meant; no number."""

    reason: Reason
    candidate_ids: tuple[UUID, ...]
    identifier_hash: str | None


class AttachIn(BaseModel):
    """Whose it is: a person, a customer, or both."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contact_id: UUID | None = None
    customer_id: UUID | None = None


@router.get("")
async def list_unattached(
    caller: Reader, pool: Database, cursor: Cursor = None, limit: Limit = 50
) -> Page[UnattachedOut]:
    """The newest first."""
    del caller
    before = read_cursor(cursor, datetime.fromisoformat, UUID)
    async with pool.acquire() as connection:
        found = await store.list_unattached(connection, before, limit + 1)
    shown = [_out(each) for each in found]
    return page_of(shown, limit, lambda item: [item.occurred_at, item.interaction_id])


@router.post("/{interaction_id}/attach")
async def attach_touch(
    caller: Recorder, pool: Database, interaction_id: UUID, body: AttachIn
) -> InteractionRecorded:
    """It becomes an interaction with them. One that was attached to others stays theirs (409)."""
    kept = await handlers.attach(
        pool, caller.cause, interaction_id, body.contact_id, body.customer_id
    )
    return kept.told


def _out(touch: Unattached) -> UnattachedOut:
    return UnattachedOut(
        **dict(touch.told),
        reason=touch.reason,
        candidate_ids=touch.candidate_ids,
        identifier_hash=touch.identifier_hash,
    )
