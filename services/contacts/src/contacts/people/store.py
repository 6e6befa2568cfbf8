"""The table of people, read with all they have: one or a thousand by the same statement."""

import json
from collections.abc import Collection, Iterable, Sequence
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
from contacts.people.belongings import save_belongings
from contacts.people.domain import ContactNotFoundError, Person, PersonChange
from contacts.publishing import published

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
_LOCK = """
SELECT contact_id FROM people
WHERE contact_id = ANY($1::uuid[]) AND ($2 OR record_status <> 'merged')
ORDER BY contact_id FOR UPDATE
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


async def lock_people(
    connection: Connection, contact_ids: Iterable[UUID], *, even_merged: bool = True
) -> dict[UUID, Person]:
    """The people among these ids, locked in one order.

    The locks come first, in a statement of their own: points and memberships are read after them.
    """
    locked = await connection.fetch(_LOCK, list(contact_ids), even_merged)
    ids = [row["contact_id"] for row in locked]
    rows = await connection.fetch(f"{_SELECT} WHERE contact_id = ANY($1::uuid[])", ids)
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


async def find_present(connection: Connection, contact_ids: Collection[UUID]) -> set[UUID]:
    """Those of these people who are not gone."""
    rows = await connection.fetch(
        "SELECT contact_id FROM people WHERE contact_id = ANY($1::uuid[])"
        " AND record_status IN ('active', 'archived')",
        list(contact_ids),
    )
    return {row["contact_id"] for row in rows}


async def select_people(
    connection: Connection, condition: str, values: Sequence[object], limit: int
) -> list[Person]:
    """The first people, by id, whom a condition with these values picks."""
    statement = f"{_SELECT} WHERE {condition} ORDER BY contact_id LIMIT {limit:d}"
    return [_person(row) for row in await fetch_listed(connection, statement, values)]


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
    await save_belongings(connection, changed)
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


def _columns(people: Sequence[Person]) -> list[list[Any]]:
    columns = [[getattr(person.state, name) for person in people] for name in _FIELDS]
    return [*columns, [person.version for person in people]]


def _person(row: asyncpg.Record) -> Person:
    values = dict(row)
    version, is_restricted = values.pop("version"), values.pop("is_restricted")
    for part in ("points", "memberships", "postal_points", "key_dates"):
        values[part] = json.loads(values[part] or "[]")
    return Person(ContactState.model_validate(values), version, is_restricted)
