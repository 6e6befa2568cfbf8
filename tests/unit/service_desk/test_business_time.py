"""Working time over zones, intervals, holidays and the nights when clocks are moved."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from service_desk.business_time import (
    BusinessHours,
    IntervalInvalidError,
    TimeZoneUnknownError,
    TooLittleWorkingTimeError,
    due,
    elapsed,
    read_hours,
)

OFFICE = read_hours(
    "Europe/Berlin",
    dict.fromkeys(range(5), (("09:00", "12:30"), ("13:00", "17:30"))),
    [date(2026, 12, 25)],
)
NIGHT_SHIFT = read_hours("Europe/Berlin", dict.fromkeys(range(7), (("00:00", "04:00"),)), [])
BERLIN = ZoneInfo("Europe/Berlin")

ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "America/Sao_Paulo",
        "Pacific/Apia",
    ]
)
INSTANTS = st.datetimes(
    min_value=datetime(2010, 1, 1),  # noqa: DTZ001 -- hypothesis adds the zone
    max_value=datetime(2012, 6, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@st.composite
def hours(draw: st.DrawFn) -> BusinessHours:
    weekly: dict[int, tuple[tuple[str, str], ...]] = {}
    for day in draw(st.sets(st.integers(0, 6), min_size=1)):
        borders = draw(st.lists(st.integers(0, 24), min_size=2, max_size=8, unique=True))
        times = [f"{hour:02}:00" for hour in sorted(borders)[: len(borders) // 2 * 2]]
        weekly[day] = tuple(zip(times[::2], times[1::2], strict=True))
    holidays = draw(st.lists(st.dates(date(2010, 1, 1), date(2012, 12, 31)), max_size=10))
    return read_hours(draw(ZONES), weekly, holidays)


@given(hours(), INSTANTS, st.timedeltas(timedelta(microseconds=1), timedelta(days=20)))
def test_so_much_working_time_passes_until_it_is_due(
    calendar: BusinessHours, start: datetime, working: timedelta
) -> None:
    assert elapsed(calendar, start, due(calendar, start, working)) == working


@given(hours(), INSTANTS, st.timedeltas(timedelta(), timedelta(days=60)))
def test_what_has_passed_is_due_at_the_last_working_instant(
    calendar: BusinessHours, start: datetime, span: timedelta
) -> None:
    end = start + span
    at = due(calendar, start, elapsed(calendar, start, end))
    assert at <= end
    assert elapsed(calendar, at, end) == timedelta()


@given(hours(), INSTANTS, st.timedeltas(timedelta(), timedelta(days=9)), st.floats(0, 1))
def test_working_time_adds_up(
    calendar: BusinessHours, start: datetime, span: timedelta, share: float
) -> None:
    middle, end = start + span * share, start + span
    parts = elapsed(calendar, start, middle) + elapsed(calendar, middle, end)
    assert parts == elapsed(calendar, start, end)


@given(hours(), INSTANTS)
def test_an_instant_is_working_time_as_the_wall_clock_says(
    calendar: BusinessHours, instant: datetime
) -> None:
    instant = instant.replace(second=0, microsecond=0)
    local = instant.astimezone(ZoneInfo(calendar.timezone))
    time = timedelta(hours=local.hour, minutes=local.minute)
    intervals = calendar.weekly[local.weekday()]
    is_working = local.date() not in calendar.holidays and any(
        opens <= time < closes for opens, closes in intervals
    )
    second = timedelta(seconds=1)
    assert elapsed(calendar, instant, instant + second) == (second if is_working else timedelta())


def test_time_over_lunch_the_weekend_and_a_holiday_is_not_working_time() -> None:
    thursday = datetime(2026, 12, 24, 17, 0, tzinfo=BERLIN)
    assert due(OFFICE, thursday, timedelta(minutes=31)) == datetime(
        2026, 12, 28, 9, 1, tzinfo=BERLIN
    )
    monday = datetime(2026, 12, 28, 12, 0, tzinfo=BERLIN)
    assert due(OFFICE, monday, timedelta(hours=1)) == datetime(2026, 12, 28, 13, 30, tzinfo=BERLIN)


def test_a_promise_until_the_end_of_the_day_is_due_that_day() -> None:
    friday = datetime(2026, 12, 18, 17, 0, tzinfo=BERLIN)
    assert due(OFFICE, friday, timedelta(minutes=30)) == datetime(
        2026, 12, 18, 17, 30, tzinfo=BERLIN
    )


@pytest.mark.parametrize(
    ("night", "working_hours"), [(date(2026, 3, 29), 3), (date(2026, 10, 25), 5)]
)
def test_a_night_when_clocks_are_moved_has_the_hours_it_has(
    night: date, working_hours: int
) -> None:
    start = datetime(night.year, night.month, night.day, tzinfo=BERLIN)
    assert elapsed(NIGHT_SHIFT, start, start + timedelta(hours=12)) == timedelta(
        hours=working_hours
    )


@pytest.mark.parametrize(
    ("intervals", "refusal"),
    [
        ((), TooLittleWorkingTimeError),
        ((("09:00", "09:59"),), TooLittleWorkingTimeError),
        ((("10:00", "09:00"),), IntervalInvalidError),
        ((("09:00", "12:00"), ("11:00", "13:00")), IntervalInvalidError),
        ((("24:00", "24:00"),), IntervalInvalidError),
        ((("9 o'clock", "24:00"),), IntervalInvalidError),
    ],
)
def test_a_calendar_by_which_no_promise_can_be_kept_is_refused(
    intervals: tuple[tuple[str, str], ...], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        read_hours("UTC", {0: intervals}, [])


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "\x00"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(TimeZoneUnknownError):
        read_hours(zone, {0: (("09:00", "12:00"),)}, [])
