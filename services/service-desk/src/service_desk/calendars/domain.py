"""Business calendars: each publication is a version; what runs on an older version keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias
from uuid import UUID

from shared.contracts.service_desk import CalendarPublished
from shared.errors import ConflictError, NotFoundError
from shared.ids import derived_id

from service_desk.business_time import BusinessHours, read_hours

DEFAULT_CALENDAR_ID = derived_id("calendar", "around-the-clock")

Weekly: TypeAlias = Mapping[int, tuple[tuple[str, str], ...]]


class CalendarNotFoundError(NotFoundError):
    """There is no such calendar."""


class CalendarExistsError(ConflictError):
    """Another calendar has this id; publish a version of it instead."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """One version of a calendar."""

    calendar_id: UUID
    version: int
    name: str
    timezone: str
    weekly: Weekly
    holidays: tuple[date, ...]
    published_at: datetime

    @property
    def hours(self) -> BusinessHours:
        return read_hours(self.timezone, self.weekly, self.holidays)


@dataclass(frozen=True, slots=True)
class PublishCalendar:
    """`is_new` where a calendar is meant that nobody has published yet."""

    calendar_id: UUID
    name: str
    timezone: str
    weekly: Weekly
    holidays: tuple[date, ...]
    is_new: bool = True


def decide(calendar: Calendar | None, command: PublishCalendar) -> list[CalendarPublished]:
    if calendar is None and not command.is_new:
        raise CalendarNotFoundError(calendar_id=command.calendar_id)
    read_hours(command.timezone, command.weekly, command.holidays)
    published = CalendarPublished(
        calendar_id=command.calendar_id,
        calendar_version=calendar.version + 1 if calendar else 1,
        name=command.name,
        timezone=command.timezone,
        weekly={day: tuple(intervals) for day, intervals in sorted(command.weekly.items())},
        holidays=tuple(day.isoformat() for day in sorted(set(command.holidays))),
    )
    if calendar is not None and _says_the_same(calendar, published):
        return []
    if calendar is not None and command.is_new:
        raise CalendarExistsError(calendar_id=command.calendar_id)
    return [published]


def evolve(event: CalendarPublished, at: datetime) -> Calendar:
    """A publication tells the whole calendar, whatever was before it."""
    return Calendar(
        calendar_id=event.calendar_id,
        version=event.calendar_version,
        name=event.name,
        timezone=event.timezone,
        weekly=event.weekly,
        holidays=tuple(map(date.fromisoformat, event.holidays)),
        published_at=at,
    )


def _says_the_same(calendar: Calendar, published: CalendarPublished) -> bool:
    return calendar == evolve(
        published.model_copy(update={"calendar_version": calendar.version}), calendar.published_at
    )
