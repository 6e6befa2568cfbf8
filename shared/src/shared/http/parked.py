"""Parked records over HTTP: list, show, redrive a key in order, discard with a reason."""

import base64
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from shared.auth import Caller, allow
from shared.contracts.parking import ParkedReason
from shared.errors import NotFoundError
from shared.http.requests import Cursor, Database, Limit, Page, Text, page_of, read_cursor
from shared.messaging import parking
from shared.messaging.envelope import readable_name
from shared.messaging.parking import ParkedRecord
from shared.messaging.reactions import Consumer
from shared.messaging.redrive import discard, redrive

router = APIRouter(prefix="/v1/parked", tags=["parked records"])
Operator = Annotated[Caller, Depends(allow("admin"))]

_FIRST = UUID(int=0)


class ConsumerNotFoundError(NotFoundError):
    """This service has no consumer of that name."""


class ParkedOut(BaseModel):
    """Where a parked record came from and why it waits; its body only where it is shown alone."""

    parked_id: UUID
    consumer: str
    topic: str
    key: str
    partition: int
    offset: int
    event_type: str | None
    reason: ParkedReason
    error: str | None
    attempts: int
    recorded_at: datetime
    parked_at: datetime


class ParkedDetail(ParkedOut):
    """A parked record with its headers (Latin-1) and body (text, or base64 where it is none)."""

    headers: list[list[str | None]]
    body: str | None
    body_base64: str | None


class RedriveOut(BaseModel):
    """How many records of the key were applied, how many still wait, and which failed."""

    applied: int
    remaining: int
    failed: UUID | None
    reason: ParkedReason | None


class DiscardIn(BaseModel):
    """Why the record is given up."""

    reason: Text


async def _consumers(request: Request) -> dict[str, Consumer]:
    consumers: dict[str, Consumer] = request.app.state.consumers
    return consumers


Consumers = Annotated[dict[str, Consumer], Depends(_consumers)]


@router.get("")
async def list_parked_records(
    caller: Operator, pool: Database, consumers: Consumers, cursor: Cursor = None, limit: Limit = 50
) -> Page[ParkedOut]:
    """What waits, oldest first."""
    del caller
    after = read_cursor(cursor, UUID)
    async with pool.acquire() as connection:
        records = await parking.list_parked(
            connection, list(consumers), after[0] if after else _FIRST, limit + 1
        )
    return page_of([_out(record) for record in records], limit, lambda item: [item.parked_id])


@router.get("/{parked_id}")
async def show_parked_record(caller: Operator, pool: Database, parked_id: UUID) -> ParkedDetail:
    """One record with its headers and body."""
    del caller
    async with pool.acquire() as connection:
        record = await parking.load_parked(connection, parked_id)
    text, encoded = _body(record.value)
    headers = [[readable_name(name or ""), value] for name, value in record.headers]
    return ParkedDetail(
        **_out(record).model_dump(), headers=headers, body=text, body_base64=encoded
    )


@router.post("/{parked_id}/redrive")
async def redrive_parked_record(
    caller: Operator, pool: Database, consumers: Consumers, parked_id: UUID
) -> RedriveOut:
    """Apply everything that waits on this record's key, in order, up to the first that fails."""
    del caller
    async with pool.acquire() as connection:
        record = await parking.load_parked(connection, parked_id)
    consumer = consumers.get(record.consumer)
    if consumer is None:
        raise ConsumerNotFoundError(consumer=record.consumer)
    result = await redrive(pool, consumer, parked_id)
    return RedriveOut(
        applied=result.applied,
        remaining=result.remaining,
        failed=result.failed,
        reason=result.reason,
    )


@router.post("/{parked_id}/discard")
async def discard_parked_record(
    caller: Operator, pool: Database, parked_id: UUID, body: DiscardIn
) -> ParkedOut:
    """Give one record up; your name and reason are kept."""
    return _out(await discard(pool, parked_id, by=caller.cause.actor, reason=body.reason))


def _out(record: ParkedRecord) -> ParkedOut:
    return ParkedOut.model_validate(record, from_attributes=True)


def _body(value: bytes | None) -> tuple[str | None, str | None]:
    if value is None:
        return None, None
    try:
        return value.decode(), None
    except UnicodeDecodeError:
        return None, base64.b64encode(value).decode()
