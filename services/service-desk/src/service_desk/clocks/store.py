"""Clocks and their timers in PostgreSQL; a clock is read with its calendar and warnings."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from shared.contracts.service_desk import ClockMetric
from shared.db import Connection, rows_affected
from shared.errors import StaleVersionError

from service_desk.calendars.store import list_versions
from service_desk.clocks.domain import Clock, Promise, next_timer

_COLUMNS = """c.clock_id, c.ticket_id, c.customer_id, c.metric, c.status, c.severity,
    c.target_minutes, c.calendar_id, c.calendar_version, c.policy_id, c.policy_version,
    c.started_at, c.running_since, c.used, c.due_at, c.warned_percent, c.breached_at, c.ended_at,
    c.version"""
_FROM = """
FROM clocks AS c JOIN sla_policies AS p
    ON p.policy_id = c.policy_id AND p.version = c.policy_version"""
_LIST = f"""
SELECT {_COLUMNS}, p.warn_percents {_FROM} WHERE c.ticket_id = $1 ORDER BY c.metric
"""
_LOCK = f"{_LIST} FOR UPDATE OF c"
_LOCK_DUE = f"""
SELECT {_COLUMNS}, p.warn_percents {_FROM} JOIN clock_timers AS t ON t.clock_id = c.clock_id
WHERE t.due_at <= $1 ORDER BY t.due_at LIMIT $2
FOR UPDATE OF c SKIP LOCKED
"""
_INSERT = """
INSERT INTO clocks (clock_id, ticket_id, customer_id, metric, status, severity, target_minutes,
    calendar_id, calendar_version, policy_id, policy_version, started_at, running_since, used,
    due_at, warned_percent, breached_at, ended_at, version)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::smallint[],
    $7::int[], $8::uuid[], $9::int[], $10::uuid[], $11::int[], $12::timestamptz[],
    $13::timestamptz[], $14::interval[], $15::timestamptz[], $16::int[], $17::timestamptz[],
    $18::timestamptz[], $19::bigint[])
"""
_SAVE = """
UPDATE clocks AS c SET status = n.status, severity = n.severity,
    target_minutes = n.target_minutes, running_since = n.running_since, used = n.used,
    due_at = n.due_at, warned_percent = n.warned_percent, breached_at = n.breached_at,
    ended_at = n.ended_at, version = n.version
FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::smallint[], $5::int[], $6::timestamptz[],
    $7::interval[], $8::timestamptz[], $9::int[], $10::timestamptz[], $11::timestamptz[],
    $12::bigint[]) AS n (clock_id, old_version, status, severity, target_minutes, running_since,
    used, due_at, warned_percent, breached_at, ended_at, version)
WHERE c.clock_id = n.clock_id AND c.version = n.old_version
"""
_SET_TIMERS = """
INSERT INTO clock_timers (clock_id, kind, due_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[])
ON CONFLICT (clock_id) DO UPDATE SET kind = excluded.kind, due_at = excluded.due_at
"""
_REPOINT = """
UPDATE clocks SET customer_id = new.customer_id
FROM unnest($1::uuid[], $2::uuid[]) AS new (ticket_id, customer_id)
WHERE clocks.ticket_id = new.ticket_id
"""
_STOP_TIMERS = "DELETE FROM clock_timers WHERE clock_id = ANY($1::uuid[])"


async def list_clocks(connection: Connection, ticket_id: UUID) -> list[Clock]:
    return await _clocks(connection, await connection.fetch(_LIST, ticket_id))


async def lock_clocks(connection: Connection, ticket_id: UUID) -> list[Clock]:
    return await _clocks(connection, await connection.fetch(_LOCK, ticket_id))


async def lock_clock(connection: Connection, ticket_id: UUID, metric: ClockMetric) -> Clock:
    clocks = await lock_clocks(connection, ticket_id)
    return next(clock for clock in clocks if clock.promise.metric == metric)


async def lock_due_clocks(connection: Connection, at: datetime, limit: int) -> list[Clock]:
    """Clocks with something to say, longest overdue first; those in other hands are passed by."""
    return await _clocks(connection, await connection.fetch(_LOCK_DUE, at, limit))


async def insert_clocks(connection: Connection, clocks: Sequence[Clock]) -> None:
    rows = [
        (
            clock.clock_id,
            clock.promise.ticket_id,
            clock.promise.customer_id,
            clock.promise.metric,
            clock.status,
            clock.promise.severity,
            clock.promise.target_minutes,
            clock.promise.calendar_id,
            clock.promise.calendar_version,
            clock.promise.policy_id,
            clock.promise.policy_version,
            clock.promise.started_at,
            clock.running_since,
            clock.used,
            clock.due_at,
            clock.warned_percent,
            clock.breached_at,
            clock.ended_at,
            clock.version,
        )
        for clock in clocks
    ]
    await connection.execute(_INSERT, *(list(column) for column in zip(*rows, strict=True)))
    await set_timers(connection, clocks)


async def save_clocks(connection: Connection, changed: Sequence[tuple[int, Clock]]) -> None:
    """Each with the version that it was read at."""
    if not changed:
        return
    rows = [
        (
            clock.clock_id,
            old_version,
            clock.status,
            clock.promise.severity,
            clock.promise.target_minutes,
            clock.running_since,
            clock.used,
            clock.due_at,
            clock.warned_percent,
            clock.breached_at,
            clock.ended_at,
            clock.version,
        )
        for old_version, clock in changed
    ]
    columns = (list(column) for column in zip(*rows, strict=True))
    if rows_affected(await connection.execute(_SAVE, *columns)) != len(rows):
        raise StaleVersionError(clocks=len(rows))
    await set_timers(connection, [clock for _, clock in changed])


async def repoint_clocks(connection: Connection, customers: Mapping[UUID, UUID]) -> None:
    """Whose the clocks of locked tickets are from now on."""
    await connection.execute(_REPOINT, list(customers), list(customers.values()))


async def set_timers(connection: Connection, clocks: Sequence[Clock]) -> None:
    timers = {clock.clock_id: next_timer(clock) for clock in clocks}
    running = [(clock_id, timer) for clock_id, timer in timers.items() if timer is not None]
    still = [clock_id for clock_id, timer in timers.items() if timer is None]
    if running:
        await connection.execute(
            _SET_TIMERS,
            [clock_id for clock_id, _ in running],
            [timer.kind for _, timer in running],
            [timer.due_at for _, timer in running],
        )
    if still:
        await connection.execute(_STOP_TIMERS, still)


async def _clocks(connection: Connection, rows: Sequence[asyncpg.Record]) -> list[Clock]:
    if not rows:
        return []
    wanted = {(row["calendar_id"], row["calendar_version"]) for row in rows}
    calendars = await list_versions(connection, wanted)
    hours = {version: calendar.hours for version, calendar in calendars.items()}
    return [
        Clock(
            promise=Promise(
                ticket_id=row["ticket_id"],
                customer_id=row["customer_id"],
                metric=row["metric"],
                severity=row["severity"],
                target_minutes=row["target_minutes"],
                calendar_id=row["calendar_id"],
                calendar_version=row["calendar_version"],
                hours=hours[row["calendar_id"], row["calendar_version"]],
                policy_id=row["policy_id"],
                policy_version=row["policy_version"],
                warn_percents=tuple(row["warn_percents"]),
                started_at=row["started_at"],
            ),
            status=row["status"],
            running_since=row["running_since"],
            used=row["used"],
            due_at=row["due_at"],
            warned_percent=row["warned_percent"],
            breached_at=row["breached_at"],
            ended_at=row["ended_at"],
            version=row["version"],
        )
        for row in rows
    ]
