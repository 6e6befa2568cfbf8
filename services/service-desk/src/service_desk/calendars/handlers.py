"""Calendars: one use case."""

from shared.cause import Cause
from shared.db import Connection, Pool, transaction, with_retries
from shared.http.requests import require_version
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from service_desk.calendars import store
from service_desk.calendars.domain import Calendar, PublishCalendar, decide, evolve


async def publish_calendar(
    pool: Pool, cause: Cause, command: PublishCalendar, if_match: int | None = None
) -> Calendar:
    async def attempt() -> Calendar:
        async with transaction(pool) as connection:
            calendar = await store.find_calendar(connection, command.calendar_id)
            require_version(calendar.version if calendar else 0, if_match)
            return await _publish(connection, cause, command, calendar)

    return await with_retries(attempt)


async def _publish(
    connection: Connection, cause: Cause, command: PublishCalendar, calendar: Calendar | None
) -> Calendar:
    for event in decide(calendar, command):
        calendar = evolve(event, cause.at)
        await store.insert_calendar(connection, calendar)
        await outbox.append(connection, cause, [Fact(event, calendar.version)])
    assert calendar is not None
    return calendar
