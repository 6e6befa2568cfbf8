"""Whose day comes, over HTTP: for greetings, and for whoever visits next week."""

from datetime import UTC, date, datetime
from typing import Annotated, cast
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from shared.auth import Reader
from shared.contracts.contacts import KeyDateKind
from shared.http.requests import Code, Cursor, Database, Limit, Page, page_of, read_cursor

from contacts.occasions import store

router = APIRouter(prefix="/v1/people", tags=["contacts"])
MOST_DAYS = 92
"""A quarter; less than a year, so that a day comes once."""


class OccasionOut(BaseModel):
    """A birthday, an anniversary, and on which day it comes; `turns` where its year is known."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    day: date
    contact_id: UUID
    kind: str
    month_day: str
    year: int | None
    turns: int | None


@router.get("/key-dates")
async def list_key_dates(  # noqa: PLR0913, PLR0917 -- one parameter per filter
    caller: Reader,
    pool: Database,
    within_days: Annotated[int, Query(ge=0, le=MOST_DAYS)] = 14,
    starting_on: Annotated[
        date | None, Query(description="The first day; today in UTC unless you say another.")
    ] = None,
    kind: KeyDateKind | None = None,
    owner_id: Annotated[
        Code | None, Query(description="People at a customer of this owner only.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[OccasionOut]:
    """Key dates that come from the first day on, in the order of their days.

    In a year without 29 February such a day is kept on the 28th.
    """
    del caller
    key = read_cursor(cursor, date.fromisoformat, UUID, str)
    after = cast("store.Place", tuple(key)) if key else None
    wanted = store.Wanted(starting_on or datetime.now(UTC).date(), within_days, kind, owner_id)
    async with pool.acquire() as connection:
        found = await store.list_occasions(connection, wanted, after, limit + 1)
    shown = [OccasionOut.model_validate(each) for each in found]
    return page_of(shown, limit, lambda item: [item.day, item.contact_id, item.kind])
