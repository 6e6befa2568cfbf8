"""Calendars in PostgreSQL: every version is a row that never changes."""

import json
from typing import Any
from uuid import UUID

import asyncpg
from shared.db import Connection, refusing
from shared.errors import StaleVersionError

from service_desk.calendars.domain import Calendar, CalendarNotFoundError

_COLUMNS = "calendar_id, version, name, timezone, weekly, holidays, published_at"
_FIND_CURRENT = f"""
SELECT {_COLUMNS} FROM calendars WHERE calendar_id = $1 ORDER BY version DESC LIMIT 1
"""
_LIST_CURRENT = f"""
SELECT DISTINCT ON (calendar_id) {_COLUMNS} FROM calendars
WHERE calendar_id > $1 ORDER BY calendar_id, version DESC LIMIT $2
"""
_LIST_VERSIONS = f"""
SELECT {_COLUMNS} FROM calendars
WHERE (calendar_id, version) IN (SELECT * FROM unnest($1::uuid[], $2::int[]))
"""
_INSERT = f"INSERT INTO calendars ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)"


async def find_calendar(connection: Connection, calendar_id: UUID) -> Calendar | None:
    """The newest version."""
    row = await connection.fetchrow(_FIND_CURRENT, calendar_id)
    return _calendar(row) if row else None


async def load_calendar(connection: Connection, calendar_id: UUID) -> Calendar:
    """The newest version."""
    calendar = await find_calendar(connection, calendar_id)
    if calendar is None:
        raise CalendarNotFoundError(calendar_id=calendar_id)
    return calendar


async def list_calendars(connection: Connection, after: UUID, limit: int) -> list[Calendar]:
    """The newest version of each."""
    return [_calendar(row) for row in await connection.fetch(_LIST_CURRENT, after, limit)]


async def list_versions(
    connection: Connection, wanted: set[tuple[UUID, int]]
) -> dict[tuple[UUID, int], Calendar]:
    ids = [calendar_id for calendar_id, _ in wanted]
    versions = [version for _, version in wanted]
    rows = await connection.fetch(_LIST_VERSIONS, ids, versions)
    return {(row["calendar_id"], row["version"]): _calendar(row) for row in rows}


async def insert_calendar(connection: Connection, calendar: Calendar) -> None:
    with refusing({"calendars_pkey": StaleVersionError}, calendar_id=calendar.calendar_id):
        await connection.execute(
            _INSERT,
            calendar.calendar_id,
            calendar.version,
            calendar.name,
            calendar.timezone,
            json.dumps(dict(calendar.weekly)),
            list(calendar.holidays),
            calendar.published_at,
        )


def _calendar(row: asyncpg.Record) -> Calendar:
    weekly: dict[str, Any] = json.loads(row["weekly"])
    return Calendar(
        calendar_id=row["calendar_id"],
        version=row["version"],
        name=row["name"],
        timezone=row["timezone"],
        weekly={
            int(day): tuple((start, end) for start, end in intervals)
            for day, intervals in weekly.items()
        },
        holidays=tuple(row["holidays"]),
        published_at=row["published_at"],
    )
