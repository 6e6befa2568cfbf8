"""The timeline of a customer: its own facts and those of its people, newest first."""

import json
from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel
from shared.auth import Reader
from shared.errors import InvalidError
from shared.http.requests import Cursor, Database, Limit, Page, page_of, read_cursor

from customer_360.customers.store import find_current
from customer_360.timeline.items import address_party
from customer_360.timeline.store import StoredItem, list_items, list_parties

router = APIRouter(prefix="/v1/customers", tags=["timeline"])

_NEWEST = (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))


class TimeInvalidError(InvalidError):
    """The time in the cursor names no time zone."""


class TimelineItem(BaseModel):
    """One fact; `ref` is the id of what it is about, `party_id` whose it is."""

    at: datetime
    event_id: UUID
    kind: str
    service: str
    title: str
    actor: str
    ref: str
    party_id: UUID


@router.get("/{customer_id}/timeline")
async def list_timeline(
    caller: Reader, pool: Database, customer_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> Page[TimelineItem]:
    """What happened with a customer, by every record that is this customer; newest first."""
    del caller
    before = _before(cursor)
    async with pool.acquire() as connection:
        current_id = await find_current(connection, customer_id)
        ids, hashes = await list_parties(connection, current_id)
        parties = {*ids, *map(address_party, hashes)}
        stored = await list_items(connection, parties, before, limit + 1)
    return page_of([_shown(item) for item in stored], limit, lambda item: [item.at, item.event_id])


def _before(cursor: str | None) -> tuple[datetime, UUID]:
    key = read_cursor(cursor, str, str)
    if key is None:
        return _NEWEST
    try:
        at, event_id = datetime.fromisoformat(key[0]), UUID(key[1])
    except ValueError as error:
        raise TimeInvalidError from error
    if at.tzinfo is None:
        raise TimeInvalidError
    return at, event_id


def _shown(stored: StoredItem) -> TimelineItem:
    return TimelineItem(
        at=stored.at,
        event_id=stored.event_id,
        kind=stored.kind,
        service=stored.service,
        party_id=stored.party_id,
        **json.loads(stored.item),
    )
