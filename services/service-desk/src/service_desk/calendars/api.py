"""Calendars over HTTP."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field, StringConstraints
from shared.auth import Caller, Reader, allow
from shared.http.requests import (
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

from service_desk.calendars import handlers, store
from service_desk.calendars.domain import Calendar, PublishCalendar

router = APIRouter(prefix="/v1/calendars", tags=["calendars"])

Admin = Annotated[Caller, Depends(allow())]
TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
Weekday = Annotated[int, Field(ge=0, le=6)]
Intervals = Annotated[tuple[tuple[TimeOfDay, TimeOfDay], ...], Field(max_length=24)]


class CalendarIn(BaseModel):
    """Per weekday, 0 is Monday, intervals such as ["09:00", "12:30"]; no work on holidays."""

    name: Text
    timezone: Text = Field(examples=["Europe/Berlin"])
    weekly: dict[Weekday, Intervals]
    holidays: Annotated[tuple[date, ...], Field(max_length=1000)] = ()

    def command(self, calendar_id: UUID, *, is_new: bool) -> PublishCalendar:
        return PublishCalendar(
            calendar_id, self.name, self.timezone, self.weekly, self.holidays, is_new
        )


class CalendarOut(BaseModel):
    """The version of a calendar that is in force."""

    calendar_id: UUID
    version: int
    name: str
    timezone: str
    weekly: dict[int, tuple[tuple[str, str], ...]]
    holidays: tuple[date, ...]
    published_at: datetime

    @classmethod
    def of(cls, calendar: Calendar) -> Self:
        return cls.model_validate(calendar, from_attributes=True)


@router.post("", status_code=201)
async def create_calendar(
    caller: Admin, pool: Database, new_id: NewId, body: CalendarIn, response: Response
) -> CalendarOut:
    """Publish a new calendar."""
    calendar = await handlers.publish_calendar(
        pool, caller.cause, body.command(new_id, is_new=True)
    )
    tag_version(response, calendar.version)
    return CalendarOut.of(calendar)


@router.post("/{calendar_id}/versions", status_code=201)
async def publish_calendar(
    caller: Admin,
    pool: Database,
    calendar_id: UUID,
    body: CalendarIn,
    if_match: IfMatch,
    response: Response,
) -> CalendarOut:
    """Publish another version; clocks that run keep theirs."""
    command = body.command(calendar_id, is_new=False)
    calendar = await handlers.publish_calendar(pool, caller.cause, command, if_match)
    tag_version(response, calendar.version)
    return CalendarOut.of(calendar)


@router.get("")
async def list_calendars(
    caller: Reader, pool: Database, cursor: Cursor = None, limit: Limit = 50
) -> Page[CalendarOut]:
    """The version in force of every calendar."""
    del caller
    after = read_cursor(cursor, UUID)
    async with pool.acquire() as connection:
        calendars = await store.list_calendars(
            connection, after[0] if after else UUID(int=0), limit + 1
        )
    return page_of(list(map(CalendarOut.of, calendars)), limit, lambda item: [item.calendar_id])


@router.get("/{calendar_id}")
async def show_calendar(
    caller: Reader, pool: Database, calendar_id: UUID, response: Response
) -> CalendarOut:
    """The version of a calendar in force."""
    del caller
    async with pool.acquire() as connection:
        calendar = await store.load_calendar(connection, calendar_id)
    tag_version(response, calendar.version)
    return CalendarOut.of(calendar)
