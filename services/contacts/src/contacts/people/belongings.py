"""What a person has several of: points, memberships, addresses and key dates, a table each."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.contracts.contacts import ContactState
from shared.db import Connection, refusing

from contacts.people.domain import PersonChange
from contacts.verified_points import EmailIsAnothersError

_SAVE_POINTS = """
INSERT INTO points (contact_id, point_id, type, value, normalized, is_primary, status, verified_at)
SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::text[],
    $8::timestamptz[])
ON CONFLICT (point_id) DO UPDATE SET
    value = excluded.value, is_primary = excluded.is_primary, status = excluded.status,
    verified_at = excluded.verified_at
"""
_SAVE_MEMBERSHIPS = """
INSERT INTO memberships (contact_id, customer_id, role, is_primary, since, until)
SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::boolean[], $5::timestamptz[], $6::timestamptz[])
ON CONFLICT (contact_id, customer_id, since) DO UPDATE SET
    role = excluded.role, is_primary = excluded.is_primary, until = excluded.until
"""
_SAVE_POSTAL_POINTS = """
INSERT INTO postal_points (contact_id, point_id, lines, locality, postal_code, region, country,
    normalized, is_primary, status)
SELECT contact_id, point_id, string_to_array(lines, E'\\x1f'), locality, postal_code, region,
    country, normalized, is_primary, status
FROM unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::boolean[], $10::text[])
    AS new (contact_id, point_id, lines, locality, postal_code, region, country, normalized,
        is_primary, status)
ON CONFLICT (point_id) DO UPDATE SET
    lines = excluded.lines, locality = excluded.locality, postal_code = excluded.postal_code,
    region = excluded.region, country = excluded.country, is_primary = excluded.is_primary,
    status = excluded.status
"""
_SAVE_KEY_DATES = """
INSERT INTO key_dates (contact_id, kind, month_day, year)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[])
ON CONFLICT (contact_id, kind) DO UPDATE SET
    month_day = excluded.month_day, year = excluded.year
"""
_KEYS: Mapping[str, Mapping[str, str]] = {
    "points": {"point_id": "uuid"},
    "memberships": {"customer_id": "uuid", "since": "timestamptz"},
    "postal_points": {"point_id": "uuid"},
    "key_dates": {"kind": "text"},
}
"""What a person has several of: the table, and what tells them apart with their types."""


async def save_belongings(connection: Connection, changes: Sequence[PersonChange]) -> None:
    """Write those that differ, delete those that are gone; the caller holds the people's locks."""
    await _delete_gone(connection, changes)
    await _save_points(connection, changes)
    await _save_memberships(connection, changes)
    await _save_postal_points(connection, changes)
    await _save_key_dates(connection, changes)


async def _save_points(connection: Connection, changes: Sequence[PersonChange]) -> None:
    """Those that lose their verification first, so that another may have it."""
    names = "point_id type value normalized is_primary status verified_at"
    rows = [
        (change.after.state.contact_id, *_values(point, names))
        for change in changes
        for point in change.after.state.points
        if change.before is None or point not in change.before.state.points
    ]
    rows.sort(key=lambda row: row[-1] is not None)
    with refusing({"points_verified_key": EmailIsAnothersError}):
        await _write(connection, _SAVE_POINTS, rows)


async def _save_memberships(connection: Connection, changes: Sequence[PersonChange]) -> None:
    rows = [
        (change.after.state.contact_id, *_values(part, "customer_id role is_primary since until"))
        for change in changes
        for part in change.after.state.memberships
        if change.before is None or part not in change.before.state.memberships
    ]
    await _write(connection, _SAVE_MEMBERSHIPS, rows)


async def _save_postal_points(connection: Connection, changes: Sequence[PersonChange]) -> None:
    names = "locality postal_code region country normalized is_primary status"
    rows = [
        (
            change.after.state.contact_id,
            point.point_id,
            "\x1f".join(point.lines),
            *_values(point, names),
        )
        for change in changes
        for point in change.after.state.postal_points
        if change.before is None or point not in change.before.state.postal_points
    ]
    await _write(connection, _SAVE_POSTAL_POINTS, rows)


async def _save_key_dates(connection: Connection, changes: Sequence[PersonChange]) -> None:
    rows = [
        (change.after.state.contact_id, date.kind, date.month_day, date.year)
        for change in changes
        for date in change.after.state.key_dates
        if change.before is None or date not in change.before.state.key_dates
    ]
    await _write(connection, _SAVE_KEY_DATES, rows)


async def _delete_gone(connection: Connection, changes: Sequence[PersonChange]) -> None:
    """What erased people had, and what went back to the record that it was merged from."""
    for table, names in _KEYS.items():
        gone = [
            (change.after.state.contact_id, *key)
            for change in changes
            if change.before is not None
            for key in _keys(change.before.state, table) - _keys(change.after.state, table)
        ]
        await _write(connection, _delete(table, names), gone)


async def _write(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run a statement over the columns of these rows, if there are any."""
    if rows:
        await connection.execute(statement, *(list(column) for column in zip(*rows, strict=True)))


def _keys(state: ContactState, table: str) -> set[tuple[Any, ...]]:
    return {tuple(_values(each, " ".join(_KEYS[table]))) for each in getattr(state, table)}


def _delete(table: str, names: Mapping[str, str]) -> str:
    arrays = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(names.values(), 2))
    matches = " AND ".join(f"{table}.{name} = gone.{name}" for name in names)
    return (
        f"DELETE FROM {table} USING unnest($1::uuid[], {arrays})"
        f" AS gone (contact_id, {', '.join(names)})"
        f" WHERE {table}.contact_id = gone.contact_id AND {matches}"
    )


def _values(value: object, names: str) -> list[Any]:
    return [getattr(value, name) for name in names.split()]
