"""Facts of business calendars: when time counts."""

from uuid import UUID

from shared.contracts.topic import Event, events_topic

CALENDAR_EVENTS = events_topic(
    "service-desk",
    "calendar",
    key="calendar_id",
    holds="published business calendars",
    personal_data="none",
)


@CALENDAR_EVENTS.fact("published")
class CalendarPublished(Event):
    """A version of a business calendar; per weekday 0–6 half-open intervals of local time."""

    calendar_id: UUID
    calendar_version: int
    name: str
    timezone: str
    weekly: dict[int, tuple[tuple[str, str], ...]]
    holidays: tuple[str, ...] = ()
