"""The tables of people, their points and memberships: one or a thousand by the same statement."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from shared.cause import Cause
from shared.contracts.contacts import ContactState
from shared.db import Connection, refusing, rows_affected
from shared.errors import StaleVersionError
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from contacts.duplicates import store as duplicates
from contacts.filters import fetch_listed
from contacts.history.domain import Changed
from contacts.history.store import record_changes
from contacts.identities import store as identities
from contacts.matching.keys import KeyChanges, keys_of_changes
from contacts.matching.subjects import Traits, person_traits
from contacts.people.domain import ContactNotFoundError, Person, PersonChange
from contacts.publishing import published
from contacts.verified_points import EmailIsAnothersError

_FIELDS = (
    "contact_id",
    "given_name",
    "family_name",
    "salutation",
    "job_title",
    "department",
    "language",
    "timezone",
    "created_at",
    "record_status",
    "merged_into",
)
_COLUMNS = ", ".join(_FIELDS)
_SELECT = f"""
SELECT {_COLUMNS}, version, (
    SELECT json_agg(points ORDER BY normalized COLLATE "C", point_id) FROM points
    WHERE points.contact_id = people.contact_id
) AS points, (
    SELECT json_agg(memberships ORDER BY since, customer_id) FROM memberships
    WHERE memberships.contact_id = people.contact_id
) AS memberships, (
    SELECT json_agg(postal_points ORDER BY normalized COLLATE "C", point_id) FROM postal_points
    WHERE postal_points.contact_id = people.contact_id
) AS postal_points, (
    SELECT json_agg(key_dates ORDER BY kind COLLATE "C") FROM key_dates
    WHERE key_dates.contact_id = people.contact_id
) AS key_dates, EXISTS (
    SELECT FROM restrictions WHERE restrictions.contact_id = people.contact_id
) AS is_restricted
FROM people
"""
_ARRAYS = """unnest(
    $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::timestamptz[], $10::text[], $11::uuid[], $12::bigint[]"""
_INSERT = f"""
INSERT INTO people ({_COLUMNS}, version) SELECT * FROM {_ARRAYS})
"""
_UPDATE = f"""
UPDATE people SET
    given_name = new.given_name, family_name = new.family_name, salutation = new.salutation,
    job_title = new.job_title, department = new.department, language = new.language,
    timezone = new.timezone, record_status = new.record_status,
    merged_into = new.merged_into, version = new.version
FROM {_ARRAYS}, $13::bigint[]) AS new ({_COLUMNS}, version, seen)
WHERE people.contact_id = new.contact_id AND people.version = new.seen
"""
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

_FIND_BY_EMAILS = """
SELECT DISTINCT ON (points.normalized) points.normalized, contact_id
FROM points JOIN people USING (contact_id)
WHERE points.normalized = ANY($1::text[]) AND points.type = 'email' AND points.status = 'active'
    AND people.record_status IN ('active', 'archived')
ORDER BY points.normalized, people.created_at, contact_id
"""


async def find_person(connection: Connection, contact_id: UUID) -> Person | None:
    row = await connection.fetchrow(f"{_SELECT} WHERE contact_id = $1", contact_id)
    return _person(row) if row else None


async def load_person(connection: Connection, contact_id: UUID) -> Person:
    person = await find_person(connection, contact_id)
    if person is None:
        raise ContactNotFoundError(contact_id=contact_id)
    return person


async def find_household(connection: Connection, contact_id: UUID) -> UUID | None:
    """In which household the person lives."""
    household_id: UUID | None = await connection.fetchval(
        "SELECT household_id FROM household_members WHERE contact_id = $1", contact_id
    )
    return household_id


async def list_by_ids(connection: Connection, contact_ids: Collection[UUID]) -> list[Person]:
    """The people among these ids, by id."""
    rows = await connection.fetch(
        f"{_SELECT} WHERE contact_id = ANY($1::uuid[]) ORDER BY contact_id", list(contact_ids)
    )
    return [_person(row) for row in rows]


async def lock_people(connection: Connection, contact_ids: Iterable[UUID]) -> dict[UUID, Person]:
    """The people among these ids, locked in one order.

    The locks come first, in a statement of their own: points and memberships are read after them.
    """
    wanted = list(contact_ids)
    await connection.execute(
        "SELECT 1 FROM people WHERE contact_id = ANY($1::uuid[]) ORDER BY contact_id FOR UPDATE",
        wanted,
    )
    rows = await connection.fetch(f"{_SELECT} WHERE contact_id = ANY($1::uuid[])", wanted)
    return {row["contact_id"]: _person(row) for row in rows}


async def hold_people(connection: Connection, contact_ids: Iterable[UUID]) -> None:
    """Nobody merges or erases these before the commit."""
    await connection.execute(
        "SELECT 1 FROM people WHERE contact_id = ANY($1::uuid[]) ORDER BY contact_id FOR KEY SHARE",
        list(contact_ids),
    )


async def load_traits(connection: Connection, contact_ids: Iterable[UUID]) -> list[Traits]:
    """What matching looks at of the people among these ids who are not gone."""
    rows = await connection.fetch(
        f"{_SELECT} WHERE contact_id = ANY($1::uuid[]) AND record_status IN ('active', 'archived')",
        list(contact_ids),
    )
    unique = await identities.find_unique(connection, [row["contact_id"] for row in rows])
    return [person_traits(_person(row).state, unique.get(row["contact_id"], ())) for row in rows]


async def lock_snapshots(connection: Connection, contact_ids: Iterable[UUID]) -> list[Fact]:
    """The people among these ids as they are now, locked, with their versions."""
    locked = await lock_people(connection, contact_ids)
    return [
        Fact(person.state, person.version)
        for person in locked.values()
        if person.state.record_status != "erased"
    ]


async def lock_person(connection: Connection, contact_id: UUID) -> Person:
    found = await lock_people(connection, [contact_id])
    if not found:
        raise ContactNotFoundError(contact_id=contact_id)
    return found[contact_id]


async def lock_email(connection: Connection, normalized: str) -> None:
    """Take turns, until the commit, with whoever looks for a person of this address to make one."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 2))", normalized)


async def find_by_emails(connection: Connection, emails: Sequence[str]) -> dict[str, UUID]:
    """Whose active address each is; of several people the one that was known first."""
    if not emails:
        return {}
    rows = await connection.fetch(_FIND_BY_EMAILS, list(emails))
    return {row["normalized"]: row["contact_id"] for row in rows}


async def find_all_by_phones(
    connection: Connection, numbers: Collection[str]
) -> dict[str, list[UUID]]:
    """Everybody whose active number each of these is."""
    rows = await connection.fetch(
        "SELECT normalized, array_agg(DISTINCT contact_id) AS ids FROM points"
        " JOIN people USING (contact_id) WHERE normalized = ANY($1::text[])"
        " AND type IN ('phone', 'mobile') AND status = 'active'"
        " AND record_status IN ('active', 'archived') GROUP BY normalized",
        list(numbers),
    )
    return {row["normalized"]: row["ids"] for row in rows}


async def find_only_customers(
    connection: Connection, contact_ids: Collection[UUID]
) -> dict[UUID, UUID]:
    """The customer of each of these people who are in one alone."""
    rows = await connection.fetch(
        "SELECT contact_id, array_agg(customer_id) AS ids FROM memberships"
        " WHERE contact_id = ANY($1::uuid[]) AND until IS NULL GROUP BY contact_id",
        list(contact_ids),
    )
    return {row["contact_id"]: row["ids"][0] for row in rows if len(row["ids"]) == 1}


async def find_present(connection: Connection, contact_ids: Collection[UUID]) -> set[UUID]:
    """Those of these people who are not gone."""
    rows = await connection.fetch(
        "SELECT contact_id FROM people WHERE contact_id = ANY($1::uuid[])"
        " AND record_status IN ('active', 'archived')",
        list(contact_ids),
    )
    return {row["contact_id"] for row in rows}


async def is_verified(connection: Connection, contact_id: UUID, email: str) -> bool:
    """Whether the e-mail address is known to be this person's."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM points WHERE contact_id = $1 AND normalized = $2"
        " AND type = 'email' AND verified_at IS NOT NULL)",
        contact_id,
        email,
    )
    return found


async def select_people(
    connection: Connection, condition: str, values: Sequence[object], limit: int
) -> list[Person]:
    """The first people, by id, whom a condition with these values picks."""
    statement = f"{_SELECT} WHERE {condition} ORDER BY contact_id LIMIT {limit:d}"
    return [_person(row) for row in await fetch_listed(connection, statement, values)]


async def find_members(
    connection: Connection, customer_ids: Iterable[UUID], until: datetime | None = None
) -> list[UUID]:
    """Who is in these customers, or was until just that time."""
    rows = await connection.fetch(
        "SELECT DISTINCT contact_id FROM memberships"
        " WHERE customer_id = ANY($1::uuid[]) AND until IS NOT DISTINCT FROM $2",
        list(customer_ids),
        until,
    )
    return [row["contact_id"] for row in rows]


async def lock_members(
    connection: Connection, customer_ids: Collection[UUID], until: datetime | None = None
) -> dict[UUID, Person]:
    """Who is in these customers, or was until just that time, locked; the caller holds those.

    Who is made one with somebody while we wait for them has brought that one what they are in.
    """
    locked: dict[UUID, Person] = {}
    while more := set(await find_members(connection, customer_ids, until)) - locked.keys():
        locked |= await lock_people(connection, more)
    return locked


async def list_members(
    connection: Connection, customer_ids: Iterable[UUID]
) -> dict[UUID, list[UUID]]:
    """Who is in each of these customers."""
    rows = await connection.fetch(
        "SELECT customer_id, array_agg(contact_id) AS members FROM memberships"
        " WHERE customer_id = ANY($1::uuid[]) AND until IS NULL GROUP BY customer_id",
        list(customer_ids),
    )
    return {row["customer_id"]: row["members"] for row in rows}


async def lock_page(connection: Connection, after: UUID | None, limit: int) -> list[UUID]:
    """A page of all there are, by id; nobody changes these before the transaction ends."""
    rows = await connection.fetch(
        "SELECT contact_id FROM people WHERE $1::uuid IS NULL OR contact_id > $1"
        " ORDER BY contact_id LIMIT $2 FOR SHARE",
        after,
        limit,
    )
    return [row["contact_id"] for row in rows]


async def save_changes(
    connection: Connection, cause: Cause, changes: Sequence[PersonChange]
) -> KeyChanges:
    """Write what changed and put its facts into the outbox; `StaleVersionError` for the slower.

    Answers what became of the keys.
    """
    changed = [change for change in changes if change.facts]
    await _insert(connection, [change.after for change in changed if change.before is None])
    await _update(connection, [change for change in changed if change.before is not None])
    await _delete_parts(connection, changed)
    await _save_points(connection, changed)
    await _save_memberships(connection, changed)
    await _save_postal_points(connection, changed)
    await _save_key_dates(connection, changed)
    keys = keys_of_changes(changed, person_traits)
    await duplicates.save_keys(connection, "contact", keys)
    await record_changes(connection, [_entry(change, cause) for change in changed])
    await outbox.append(connection, cause, published(changed))
    return keys


def _entry(change: PersonChange, cause: Cause) -> Changed:
    return Changed(
        about=change.after.state.contact_id,
        part="contact",
        version=change.after.version,
        before=vars(change.before.state) if change.before else None,
        after=vars(change.after.state),
        cause=change.cause or cause,
    )


async def _insert(connection: Connection, people: Sequence[Person]) -> None:
    if not people:
        return
    with refusing({"people_pkey": StaleVersionError}):
        await connection.execute(_INSERT, *_columns(people))


async def _update(connection: Connection, changes: Sequence[PersonChange]) -> None:
    if not changes:
        return
    seen = [change.before.version for change in changes if change.before]
    columns = _columns([change.after for change in changes])
    if rows_affected(await connection.execute(_UPDATE, *columns, seen)) != len(changes):
        raise StaleVersionError


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
    if rows:
        with refusing({"points_verified_key": EmailIsAnothersError}):
            await connection.execute(
                _SAVE_POINTS, *(list(column) for column in zip(*rows, strict=True))
            )


async def _save_memberships(connection: Connection, changes: Sequence[PersonChange]) -> None:
    rows = [
        (change.after.state.contact_id, *_values(part, "customer_id role is_primary since until"))
        for change in changes
        for part in change.after.state.memberships
        if change.before is None or part not in change.before.state.memberships
    ]
    if rows:
        await connection.execute(
            _SAVE_MEMBERSHIPS, *(list(column) for column in zip(*rows, strict=True))
        )


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
    if rows:
        await connection.execute(
            _SAVE_POSTAL_POINTS, *(list(column) for column in zip(*rows, strict=True))
        )


async def _save_key_dates(connection: Connection, changes: Sequence[PersonChange]) -> None:
    rows = [
        (change.after.state.contact_id, date.kind, date.month_day, date.year)
        for change in changes
        for date in change.after.state.key_dates
        if change.before is None or date not in change.before.state.key_dates
    ]
    if rows:
        await connection.execute(
            _SAVE_KEY_DATES, *(list(column) for column in zip(*rows, strict=True))
        )


async def _delete_parts(connection: Connection, changes: Sequence[PersonChange]) -> None:
    """What erased people had, and what went back to the record that it was merged from."""
    for table, names in _KEYS.items():
        gone = [
            (change.after.state.contact_id, *key)
            for change in changes
            if change.before is not None
            for key in _keys(change.before.state, table) - _keys(change.after.state, table)
        ]
        if gone:
            columns = [list(column) for column in zip(*gone, strict=True)]
            await connection.execute(_delete(table, names), *columns)


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


def _columns(people: Sequence[Person]) -> list[list[Any]]:
    columns = [[getattr(person.state, name) for person in people] for name in _FIELDS]
    return [*columns, [person.version for person in people]]


def _person(row: asyncpg.Record) -> Person:
    values = dict(row)
    version, is_restricted = values.pop("version"), values.pop("is_restricted")
    for part in ("points", "memberships", "postal_points", "key_dates"):
        values[part] = json.loads(values[part] or "[]")
    return Person(ContactState.model_validate(values), version, is_restricted)
