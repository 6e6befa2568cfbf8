"""Aliases: which id means which record now, whatever was merged into what, and in which order.

An alias is one step, from a merged record to the one that it was merged into; whoever asks follows
the steps to their end, each later than the one before: so neither the order in which merges become
known matters, nor one whose undoing is still on its way. Each service that follows merges has the
table `aliases` in its own migrations.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from shared.cause import Cause
from shared.contracts.contacts.merges import (
    ContactMerged,
    ContactUnmerged,
    CustomerMerged,
    CustomerUnmerged,
)
from shared.contracts.values import Party
from shared.db import Connection

Merged: TypeAlias = CustomerMerged | ContactMerged
Unmerged: TypeAlias = CustomerUnmerged | ContactUnmerged

_STEPS = """
WITH RECURSIVE steps (old_id, current_id, merged_at, merge_id, from_id) AS (
    SELECT id, id, '-infinity'::timestamptz, NULL::uuid, NULL::uuid FROM unnest($1::uuid[]) AS id
    UNION
    SELECT s.old_id, a.into_id, a.merged_at, a.merge_id, a.old_id
    FROM steps AS s CROSS JOIN LATERAL (
        SELECT old_id, into_id, merged_at, merge_id FROM aliases
        WHERE old_id = s.current_id AND ended_at IS NULL
        ORDER BY merged_at DESC, merge_id DESC LIMIT 1) AS a
    WHERE a.merged_at > s.merged_at
)
"""
_CURRENT = f"""{_STEPS}
SELECT DISTINCT ON (old_id) old_id, current_id FROM steps ORDER BY old_id, merged_at DESC
"""
_PATHS = f"{_STEPS} SELECT old_id, merge_id, from_id FROM steps WHERE merge_id IS NOT NULL"
_ALL_IDS = """
WITH RECURSIVE members (id) AS (
    SELECT $1::uuid
    UNION
    SELECT a.old_id FROM members AS m JOIN aliases AS a ON a.into_id = m.id AND a.ended_at IS NULL
)
SELECT id FROM members
"""
NAMED = """RECURSIVE named (current_id, id) AS (
    SELECT id, id FROM unnest($1::uuid[]) AS id
    UNION
    SELECT named.current_id, aliases.old_id
    FROM named JOIN aliases ON aliases.into_id = named.id AND aliases.ended_at IS NULL
)"""
"""Behind WITH: each of these records ($1) with every id that means it, its own among them.

Right where an old id has one open step at most: in contacts, which decides the merges. Elsewhere an
undoing may be on its way (`all_ids_of`).
"""

_IDS_OF_EACH = f"WITH {NAMED} SELECT current_id, id FROM named ORDER BY current_id, id"
_INSERT = """
INSERT INTO aliases (old_id, into_id, party, merge_id, merged_at)
SELECT old_id, $2, $3, $4, $5 FROM unnest($1::uuid[]) AS old_id
"""
_END = "UPDATE aliases SET ended_at = now() WHERE merge_id = $1"


@dataclass(frozen=True, slots=True)
class Step:
    """A step on the way of an old id: by which merge, and from which record."""

    old_id: UUID
    merge_id: UUID
    from_id: UUID


async def current_ids(connection: Connection, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Whom each of these ids means now: itself, or the record that it was merged into at last."""
    rows = await connection.fetch(_CURRENT, list(ids))
    return {row["old_id"]: row["current_id"] for row in rows}


async def current_id(connection: Connection, id_: UUID) -> UUID:
    """Whom this id means now."""
    return (await current_ids(connection, [id_]))[id_]


async def ids_of(connection: Connection, id_: UUID) -> list[UUID]:
    """Every id that means whom this one means now."""
    return await all_ids_of(connection, await current_id(connection, id_))


async def all_ids_of(connection: Connection, current_id: UUID) -> list[UUID]:
    """Every id that means this record: its own, and those that were merged into it.

    One statement for a record into which none was merged, as most are.
    """
    ids = [row["id"] for row in await connection.fetch(_ALL_IDS, current_id)]
    if ids == [current_id]:
        return ids
    current = await current_ids(connection, ids)
    return [old_id for old_id in current if current[old_id] == current_id]


async def ids_of_each(
    connection: Connection, current_ids: Collection[UUID]
) -> dict[UUID, set[UUID]]:
    """The same of many by one statement; where `NAMED` is right."""
    ids: dict[UUID, set[UUID]] = {}
    for row in await connection.fetch(_IDS_OF_EACH, list(current_ids)):
        ids.setdefault(row["current_id"], set()).add(row["id"])
    return ids


async def ids_of_many(connection: Connection, ids: Collection[UUID]) -> dict[UUID, frozenset[UUID]]:
    """`ids_of` of each of these, by a few statements however many."""
    current = await current_ids(connection, ids)
    named = await ids_of_each(connection, set(current.values()))
    meant = await current_ids(connection, {each for every in named.values() for each in every})
    return {
        id_: frozenset(each for each in named[now] if meant[each] == now)
        for id_, now in current.items()
    }


async def steps_of(connection: Connection, ids: Collection[UUID]) -> list[Step]:
    """Every step from these ids to whom they mean now."""
    return [Step(*row) for row in await connection.fetch(_PATHS, list(ids))]


async def note_aliases(connection: Connection, cause: Cause, merged: Merged) -> None:
    """From now on the merged ids mean the record that stays; `cause.at` orders the steps."""
    party, survivor_id = party_of(merged)
    ids = list(merged.merged_ids)
    await connection.execute(_INSERT, ids, survivor_id, party, merged.merge_id, cause.at)


async def end_aliases(connection: Connection, unmerged: Unmerged) -> None:
    """Each of the merged ids means itself again."""
    await connection.execute(_END, unmerged.merge_id)


def party_of(merged: Merged) -> tuple[Party, UUID]:
    """Which sort of record was merged, and which one stays."""
    if isinstance(merged, CustomerMerged):
        return "customer", merged.customer_id
    return "contact", merged.contact_id
