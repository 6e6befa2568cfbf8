"""Suppressions over HTTP: addresses come in, only their hashes are kept."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel
from shared.auth import Caller, Reader, allow
from shared.contracts.contacts import Channel, SuppressionReason
from shared.errors import InvalidError
from shared.http.requests import (
    Code,
    Cursor,
    Database,
    Limit,
    Page,
    Text,
    page_of,
    read_cursor,
    tag_version,
)

from contacts.requests import Rules
from contacts.suppressions import handlers, store
from contacts.suppressions.domain import AddSuppression, LiftSuppression, Suppression

router = APIRouter(prefix="/v1/suppressions", tags=["suppressions"])
Editor = Annotated[Caller, Depends(allow("marketing", "service"))]


class ChannelMissingError(InvalidError):
    """To look an address up, name its channel."""


class SuppressionIn(BaseModel):
    """Which address is not to be written to any more, and why."""

    channel: Channel
    value: Text
    reason_code: SuppressionReason
    source_ref: Code | None = None


class LiftIn(BaseModel):
    """Why it may be written to again; you answer for it."""

    reason_code: Code


class SuppressionOut(BaseModel):
    """A suppression; the address itself is not kept."""

    suppression_id: UUID
    channel: Channel
    subject_hash: str
    scope: str
    reason_code: str
    source_ref: str | None
    is_active: bool
    version: int


@router.post("", status_code=201)
async def add_suppression(
    caller: Editor, pool: Database, rules: Rules, body: SuppressionIn, response: Response
) -> SuppressionOut:
    """Nobody writes to this address any more, whatever consents say: `suppression.added`.

    It holds for the address and not for a person, and outlives merges and erasures. A repeat
    publishes nothing.
    """
    subject_hash = rules.subject(body.channel, body.value)
    command = AddSuppression(
        body.channel, subject_hash, body.reason_code, caller.cause.at, source_ref=body.source_ref
    )
    return _out(await handlers.change_suppression(pool, caller.cause, command), response)


@router.post("/{suppression_id}/lift")
async def lift_suppression(
    caller: Editor, pool: Database, suppression_id: UUID, body: LiftIn, response: Response
) -> SuppressionOut:
    """The address may be written to again, as far as consents go: `suppression.lifted`.

    The fact names you as who has approved it; a repeat publishes nothing.
    """
    command = LiftSuppression(suppression_id, body.reason_code, caller.subject, caller.cause.at)
    return _out(await handlers.change_suppression(pool, caller.cause, command), response)


@router.get("")
async def list_suppressions(  # noqa: PLR0913, PLR0917 -- one parameter per filter
    caller: Reader,
    pool: Database,
    rules: Rules,
    channel: Channel | None = None,
    value: Annotated[Text | None, Query()] = None,
    reason_code: SuppressionReason | None = None,
    is_active: Annotated[bool | None, Query(description="Not lifted.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[SuppressionOut]:
    """Suppressions by id, lifted ones too; an address is looked up by its channel and its value."""
    del caller
    if value is not None and channel is None:
        raise ChannelMissingError(field="channel")
    subject_hash = rules.subject(channel, value) if channel and value else None
    after = read_cursor(cursor, UUID)
    wanted = store.Wanted(channel, subject_hash, reason_code, is_active)
    async with pool.acquire() as connection:
        found = await store.list_suppressions(
            connection, wanted, after[0] if after else None, limit + 1
        )
    return page_of([_out(each) for each in found], limit, lambda item: [item.suppression_id])


def _out(suppression: Suppression, response: Response | None = None) -> SuppressionOut:
    if response is not None:
        tag_version(response, suppression.version)
    return SuppressionOut.model_validate(suppression, from_attributes=True)
