"""The tables of households and of who lives in which; the key of a member is the person."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
from shared.cause import Cause
from shared.contracts.contacts import HouseholdState
from shared.db import Connection, refusing, rows_affected
from shared.errors import Refusal, StaleVersionError
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from contacts.history.domain import Changed
from contacts.history.store import record_changes
from contacts.households.domain import (
    Household,
    HouseholdChange,
    HouseholdNotFoundError,
    members_of,
)
from contacts.publishing import published

_SELECT = """
SELECT household_id, name, head_contact_id, founded_at, dissolved_at, version, (
    SELECT json_agg(json_build_object('contact_id', contact_id, 'since', since)
        ORDER BY since, contact_id)
    FROM household_members WHERE household_members.household_id = households.household_id
) AS members
FROM households
"""
_ARRAYS = """unnest($1::uuid[], $2::text[], $3::uuid[], $4::timestamptz[], $5::timestamptz[],
    $6::bigint[]"""
_INSERT = f"""
INSERT INTO households (household_id, name, head_contact_id, founded_at, dissolved_at, version)
SELECT * FROM {_ARRAYS})
"""
_UPDATE = f"""
UPDATE households SET name = new.name, head_contact_id = new.head_contact_id,
    dissolved_at = new.dissolved_at, version = new.version
FROM {_ARRAYS}, $7::bigint[])
    AS new (household_id, name, head_contact_id, founded_at, dissolved_at, version, seen)
WHERE households.household_id = new.household_id AND households.version = new.seen
"""
_MOVE_IN = """
INSERT INTO household_members (contact_id, household_id, since)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[])
"""
_LIST = """
WHERE ($1::uuid IS NULL OR household_id IN (
        SELECT household_id FROM household_members WHERE contact_id = $1))
    AND ($2 OR dissolved_at IS NULL) AND ($3::uuid IS NULL OR household_id > $3)
ORDER BY household_id LIMIT $4
"""
_TAKEN: dict[str, type[Refusal]] = dict.fromkeys(
    ("households_pkey", "household_members_pkey"), StaleVersionError
)
"""Somebody was faster: the next attempt sees what there is."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which households a list is to hold."""

    contact_id: UUID | None = None
    with_dissolved: bool = False


async def find_household(connection: Connection, household_id: UUID) -> Household | None:
    row = await connection.fetchrow(f"{_SELECT} WHERE household_id = $1", household_id)
    return _household(row) if row else None


async def load_household(connection: Connection, household_id: UUID) -> Household:
    household = await find_household(connection, household_id)
    if household is None:
        raise HouseholdNotFoundError(household_id=household_id)
    return household


async def lock_household(connection: Connection, household_id: UUID) -> Household:
    locked = await lock_households(connection, [household_id])
    if not locked:
        raise HouseholdNotFoundError(household_id=household_id)
    return locked[0]


async def lock_households(
    connection: Connection, household_ids: Collection[UUID]
) -> list[Household]:
    """Those of these that there are; who lives there is read after the locks."""
    await connection.execute(
        "SELECT 1 FROM households WHERE household_id = ANY($1::uuid[])"
        " ORDER BY household_id FOR UPDATE",
        list(household_ids),
    )
    rows = await connection.fetch(
        f"{_SELECT} WHERE household_id = ANY($1::uuid[]) ORDER BY household_id",
        list(household_ids),
    )
    return [_household(row) for row in rows]


async def lock_snapshots(connection: Connection, household_ids: Sequence[UUID]) -> list[Fact]:
    """The households among these ids as they are now, locked, with their versions."""
    locked = await lock_households(connection, household_ids)
    return [Fact(household.state, household.version) for household in locked]


async def find_households_of(
    connection: Connection, contact_ids: Collection[UUID]
) -> dict[UUID, UUID]:
    """In which household each of these people lives; the caller holds the people's locks."""
    rows = await connection.fetch(
        "SELECT contact_id, household_id FROM household_members WHERE contact_id = ANY($1::uuid[])",
        list(contact_ids),
    )
    return {row["contact_id"]: row["household_id"] for row in rows}


async def lock_of_members(connection: Connection, contact_ids: Collection[UUID]) -> list[Household]:
    """The households of these people; the caller holds the people's locks."""
    found = await find_households_of(connection, contact_ids)
    return await lock_households(connection, set(found.values())) if found else []


async def list_households(
    connection: Connection, wanted: Wanted, after: UUID | None, limit: int
) -> list[Household]:
    rows = await connection.fetch(
        _SELECT + _LIST, wanted.contact_id, wanted.with_dissolved, after, limit
    )
    return [_household(row) for row in rows]


async def save_changes(
    connection: Connection, cause: Cause, changes: Iterable[HouseholdChange]
) -> None:
    """Write what changed and put its facts into the outbox; `StaleVersionError` for the slower."""
    changed = [change for change in changes if change.facts]
    if not changed:
        return
    with refusing(_TAKEN):
        new = [change.after for change in changed if change.before is None]
        await connection.execute(_INSERT, *_columns(new))
        await _update(connection, [change for change in changed if change.before is not None])
        await _move_out(connection, changed)
        await _move_in(connection, changed)
    await record_changes(connection, [_entry(change, cause) for change in changed])
    await outbox.append(connection, cause, published(changed))


def _entry(change: HouseholdChange, cause: Cause) -> Changed:
    return Changed(
        about=change.after.state.household_id,
        part="household",
        version=change.after.version,
        before=vars(change.before.state) if change.before else None,
        after=vars(change.after.state),
        cause=change.cause or cause,
    )


async def _update(connection: Connection, changes: Sequence[HouseholdChange]) -> None:
    seen = [change.before.version for change in changes if change.before]
    columns = _columns([change.after for change in changes])
    if rows_affected(await connection.execute(_UPDATE, *columns, seen)) != len(changes):
        raise StaleVersionError


async def _move_out(connection: Connection, changes: Sequence[HouseholdChange]) -> None:
    left = [
        contact_id
        for change in changes
        if change.before
        for contact_id in members_of(change.before.state)
        if contact_id not in members_of(change.after.state)
    ]
    await connection.execute(
        "DELETE FROM household_members WHERE contact_id = ANY($1::uuid[])", left
    )


async def _move_in(connection: Connection, changes: Sequence[HouseholdChange]) -> None:
    joined = [
        (member.contact_id, change.after.state.household_id, member.since)
        for change in changes
        for member in change.after.state.members
        if change.before is None or member not in change.before.state.members
    ]
    if joined:
        await connection.execute(_MOVE_IN, *(list(each) for each in zip(*joined, strict=True)))


def _columns(households: Sequence[Household]) -> list[list[Any]]:
    states = [household.state for household in households]
    return [
        [state.household_id for state in states],
        [state.name for state in states],
        [state.head_contact_id for state in states],
        [state.founded_at for state in states],
        [state.dissolved_at for state in states],
        [household.version for household in households],
    ]


def _household(row: asyncpg.Record) -> Household:
    values = dict(row)
    version = values.pop("version")
    values["members"] = json.loads(values["members"] or "[]")
    return Household(HouseholdState.model_validate(values), version)
