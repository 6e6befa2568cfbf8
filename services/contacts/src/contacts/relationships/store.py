"""The table of relationships; groups are read over `parent-of` with a bound on their depth."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
from shared.cause import Cause
from shared.contracts.contacts import RelationshipEstablished
from shared.db import Connection, refusing, rows_affected
from shared.errors import Refusal, StaleVersionError
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from contacts.relationships.domain import (
    Relationship,
    RelationshipEvent,
    RelationshipNotFoundError,
    Surroundings,
)

_TOLD = (
    "relationship_id",
    "from_id",
    "from_type",
    "to_id",
    "to_type",
    "relationship_type",
    "role",
    "strength",
    "valid_from",
)
_COLUMNS = f"{', '.join(_TOLD)}, version, ended_at, reason_code"
_SELECT = f"SELECT {_COLUMNS} FROM relationships"
_INSERT = f"""
INSERT INTO relationships ({_COLUMNS})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
_UPDATE = """
UPDATE relationships SET ended_at = $2, reason_code = $3, version = $4
WHERE relationship_id = $1 AND version = $4 - 1
"""
_TAKEN: dict[str, type[Refusal]] = dict.fromkeys(
    ("relationships_pkey", "relationships_active_key", "relationships_parent_key"),
    StaleVersionError,
)
"""Somebody was faster: the next attempt sees what there is."""

_LIST = f"""
{_SELECT}
WHERE (from_id = $1 OR to_id = $1) AND ($2::text IS NULL OR relationship_type = $2)
    AND ($3 OR ended_at IS NULL) AND ($4::uuid IS NULL OR relationship_id > $4)
ORDER BY relationship_id LIMIT $5
"""
DEPTH = 50
_ANCESTORS = f"""
WITH RECURSIVE above (id, height) AS (
    SELECT from_id, 1 FROM relationships
    WHERE to_id = $1 AND relationship_type = 'parent-of' AND ended_at IS NULL
    UNION
    SELECT from_id, height + 1 FROM relationships JOIN above ON relationships.to_id = above.id
    WHERE relationship_type = 'parent-of' AND ended_at IS NULL AND height < {DEPTH}
)
SELECT id FROM above ORDER BY height
"""
_SAME = """
SELECT relationship_id FROM relationships
WHERE from_id = $1 AND to_id = $2 AND relationship_type = $3 AND ended_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which relationships of a party a list is to hold."""

    party_id: UUID
    relationship_type: str | None = None
    with_ended: bool = False


async def lock_groups(connection: Connection) -> None:
    """Take turns, until the commit, with whoever changes groups: no two make a circle together."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('parent-of', 3))")


async def lock_relationship(connection: Connection, relationship_id: UUID) -> Relationship | None:
    row = await connection.fetchrow(
        f"{_SELECT} WHERE relationship_id = $1 FOR UPDATE", relationship_id
    )
    return _relationship(row) if row else None


async def load_relationship(connection: Connection, relationship_id: UUID) -> Relationship:
    row = await connection.fetchrow(f"{_SELECT} WHERE relationship_id = $1", relationship_id)
    if row is None:
        raise RelationshipNotFoundError(relationship_id=relationship_id)
    return _relationship(row)


async def lock_active_of(connection: Connection, party_ids: Collection[UUID]) -> list[Relationship]:
    """How these parties are related now."""
    rows = await connection.fetch(
        f"{_SELECT} WHERE (from_id = ANY($1::uuid[]) OR to_id = ANY($1::uuid[]))"
        " AND ended_at IS NULL ORDER BY relationship_id FOR UPDATE",
        list(party_ids),
    )
    return [_relationship(row) for row in rows]


async def count_active_of(connection: Connection, party_ids: Collection[UUID]) -> int:
    count: int = await connection.fetchval(
        "SELECT count(*) FROM relationships"
        " WHERE (from_id = ANY($1::uuid[]) OR to_id = ANY($1::uuid[])) AND ended_at IS NULL",
        list(party_ids),
    )
    return count


async def find_surroundings(connection: Connection, told: RelationshipEstablished) -> Surroundings:
    """What the decision on a new relationship looks at."""
    same_id = await connection.fetchval(_SAME, told.from_id, told.to_id, told.relationship_type)
    if told.relationship_type != "parent-of":
        return Surroundings(same_id=same_id)
    above = await list_ancestors(connection, told.from_id)
    parents = await list_ancestors(connection, told.to_id)
    return Surroundings(above, parents[0] if parents else None, same_id)


async def list_ancestors(connection: Connection, customer_id: UUID) -> list[UUID]:
    """The parent, its parent, and so on up to the root."""
    rows = await connection.fetch(_ANCESTORS, customer_id)
    return [row["id"] for row in rows]


async def list_relationships(
    connection: Connection, wanted: Wanted, after: UUID | None, limit: int
) -> list[Relationship]:
    rows = await connection.fetch(
        _LIST, wanted.party_id, wanted.relationship_type, wanted.with_ended, after, limit
    )
    return [_relationship(row) for row in rows]


async def save_relationship(
    connection: Connection,
    cause: Cause,
    relationship: Relationship,
    events: Sequence[RelationshipEvent],
) -> None:
    """Write what these facts made of a relationship and publish them."""
    if not events:
        return
    ended = (relationship.ended_at, relationship.reason_code)
    if relationship.version == 1:
        values: list[Any] = [getattr(relationship.told, name) for name in _TOLD]
        with refusing(_TAKEN):
            await connection.execute(_INSERT, *values, relationship.version, *ended)
    else:
        status = await connection.execute(
            _UPDATE, relationship.told.relationship_id, *ended, relationship.version
        )
        if rows_affected(status) != 1:
            raise StaleVersionError
    await outbox.append(connection, cause, [Fact(event, relationship.version) for event in events])


def _relationship(row: asyncpg.Record) -> Relationship:
    told = RelationshipEstablished.model_validate({name: row[name] for name in _TOLD})
    return Relationship(told, row["version"], row["ended_at"], row["reason_code"])
