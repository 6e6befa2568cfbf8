"""Working time: how much of it passes between two instants, and when so much of it has passed.

An instant is working time where the wall clock of the calendar's zone stands inside one of the
day's intervals. Time is cut where the zone's offset changes, so an hour that the wall clock skips
is nobody's working time, and an hour that it shows twice counts twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from shared.errors import InvalidError

DAYS = range(7)
LEAST_A_WEEK = timedelta(hours=1)
"""Less would put due times years away."""

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


class TimeZoneUnknownError(InvalidError):
    """The IANA time zone database has no such zone."""


class IntervalInvalidError(InvalidError):
    """The intervals of a day lie in order and apart, each from a time to a later one."""


class TooLittleWorkingTimeError(InvalidError):
    """A calendar needs at least one hour of working time a week."""


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """Per weekday, Monday first, half-open intervals of time since local midnight."""

    timezone: str
    weekly: tuple[tuple[tuple[timedelta, timedelta], ...], ...]
    holidays: frozenset[date]


def read_hours(
    timezone: str, weekly: Mapping[int, Sequence[tuple[str, str]]], holidays: Sequence[date]
) -> BusinessHours:
    """The hours that a calendar tells; refuses those by which no promise could be kept."""
    if timezone not in _zones():
        raise TimeZoneUnknownError(field="timezone")
    if not set(weekly) <= set(DAYS):
        raise IntervalInvalidError(field="weekly")
    days = tuple(_read_day(weekly.get(day, ())) for day in DAYS)
    if sum((end - start for day in days for start, end in day), timedelta()) < LEAST_A_WEEK:
        raise TooLittleWorkingTimeError(field="weekly")
    return BusinessHours(timezone, days, frozenset(holidays))


def due(hours: BusinessHours, start: datetime, working: timedelta) -> datetime:
    """The first instant by which so much working time has passed since `start`."""
    if working <= timedelta():
        return start
    left = working
    for begin, end in _stretches(hours, start):
        if end - begin >= left:
            return begin + left
        left -= end - begin
    raise AssertionError("working time never ends")


def elapsed(hours: BusinessHours, start: datetime, end: datetime) -> timedelta:
    """The working time between two instants; none where `end` comes first."""
    total = timedelta()
    if end <= start:
        return total
    for begin, stop in _stretches(hours, start):
        if begin >= end:
            break
        total += min(stop, end) - begin
    return total


def minutes(duration: timedelta) -> int:
    """Full minutes."""
    return duration // timedelta(minutes=1)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _read_day(intervals: Sequence[tuple[str, str]]) -> tuple[tuple[timedelta, timedelta], ...]:
    day = tuple((_read_time(start), _read_time(end)) for start, end in intervals)
    if any(start >= end for start, end in day):
        raise IntervalInvalidError(field="weekly")
    if any(before[1] > after[0] for before, after in pairwise(day)):
        raise IntervalInvalidError(field="weekly")
    return day


def _read_time(text: str) -> timedelta:
    if text == "24:00":
        return _DAY
    try:
        parsed = datetime.strptime(text, "%H:%M")  # noqa: DTZ007 -- a time of day
    except ValueError as error:
        raise IntervalInvalidError(field="weekly") from error
    return timedelta(hours=parsed.hour, minutes=parsed.minute)


def _stretches(hours: BusinessHours, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Working time from `start` on, in UTC, in order, without end."""
    zone = ZoneInfo(hours.timezone)
    begin = start.astimezone(UTC)
    while True:
        end = datetime.combine(begin.date() + _DAY, time(), UTC)
        for since, until, offset in _spans(zone, begin, end):
            yield from _working(hours, since, until, offset)
        begin = end


def _spans(
    zone: ZoneInfo, begin: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """The parts of at most a day in which the zone's offset stays."""
    offset = _offset(zone, begin)
    if _offset(zone, end - _SECOND) != offset:
        change = _first_change(zone, begin, end)
        yield begin, change, offset
        yield from _spans(zone, change, end)
    else:
        yield begin, end, offset


def _first_change(zone: ZoneInfo, begin: datetime, end: datetime) -> datetime:
    """Bisect to the second, which is as fine as zones change."""
    before, after = begin.replace(microsecond=0), end
    offset = _offset(zone, begin)
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if _offset(zone, middle) == offset:
            before = middle
        else:
            after = middle
    return after


def _working(
    hours: BusinessHours, begin: datetime, end: datetime, offset: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    """Working time inside one span; wall-clock time is UTC moved by the offset."""
    local_begin, local_end = begin + offset, end + offset
    midnight = datetime.combine(local_begin.date(), time(), UTC)
    while midnight < local_end:
        if midnight.date() not in hours.holidays:
            for opens, closes in hours.weekly[midnight.weekday()]:
                since = max(midnight + opens, local_begin)
                until = min(midnight + closes, local_end)
                if since < until:
                    yield since - offset, until - offset
        midnight += _DAY


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()
