"""SQL of segments and their members."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from shared.db import Connection, Pool

from campaigns.rules import parse_rule
from campaigns.segments.domain import Member, Segment, SegmentNotFoundError

_COLUMNS = "segment_id, version, name, kind, rule, is_evaluated, evaluated_to"
_FIND = f"SELECT {_COLUMNS} FROM segments WHERE segment_id = $1"
_LIST = f"""
SELECT {_COLUMNS} FROM segments WHERE $1::uuid IS NULL OR segment_id < $1
ORDER BY segment_id DESC LIMIT $2
"""
_LIST_DYNAMIC = f"SELECT {_COLUMNS} FROM segments WHERE kind = 'dynamic' ORDER BY segment_id"
_INSERT = """
INSERT INTO segments (segment_id, version, name, kind, rule, depends_on, is_evaluated)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (segment_id) DO NOTHING
"""
_LOCK_UNEVALUATED = f"""
SELECT {_COLUMNS} FROM segments WHERE NOT is_evaluated
ORDER BY segment_id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_SAVE_PROGRESS = """
UPDATE segments SET is_evaluated = $2, evaluated_to = $3 WHERE segment_id = $1
"""
_LIST_KNOWN = "SELECT segment_id, is_evaluated FROM segments WHERE segment_id = ANY($1::uuid[])"
_MEMBER = """
SELECT segment_id, contact_id, version, customer_id, is_in, entered_at, stands_by, by_merge
FROM segment_members
"""
_MEMBERS = f"""
{_MEMBER}
WHERE segment_id = ANY($1::uuid[]) AND contact_id = ANY($2::uuid[])
"""
_MEMBERS_BY_ID = f"{_MEMBER} WHERE member_id = ANY($1::uuid[])"
_MEMBERS_AROUND = f"""
{_MEMBER}
WHERE segment_id = ANY($1::uuid[])
    AND (contact_id = ANY($2::uuid[]) OR stands_by = ANY($2::uuid[]))
"""
_LOCK_SEGMENTS = """
SELECT segment_id FROM segments WHERE segment_id = ANY($1::uuid[]) ORDER BY segment_id FOR UPDATE
"""
_STAND_BY_NOBODY = """
UPDATE segment_members SET stands_by = NULL
WHERE segment_id = ANY($1::uuid[]) AND stands_by = ANY($2::uuid[])
"""
_SAVE_MEMBERS = """
INSERT INTO segment_members
    (segment_id, contact_id, member_id, version, customer_id, is_in, entered_at, stands_by,
    by_merge)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::uuid[], $6::boolean[],
    $7::timestamptz[], $8::uuid[], $9::boolean[])
ON CONFLICT ON CONSTRAINT segment_members_pkey DO UPDATE SET
    version = excluded.version, customer_id = excluded.customer_id, is_in = excluded.is_in,
    entered_at = excluded.entered_at, stands_by = excluded.stands_by, by_merge = excluded.by_merge
"""
_LIST_MEMBERS = f"""
{_MEMBER}
WHERE segment_id = $1 AND is_in AND ($2::uuid IS NULL OR contact_id > $2)
ORDER BY contact_id LIMIT $3
"""
_MEMBERSHIPS_OF = f"""
{_MEMBER}
WHERE contact_id = ANY($1::uuid[]) AND is_in
"""


def _segment_of(row: asyncpg.Record) -> Segment:
    values: dict[str, Any] = dict(row)
    rule = values.pop("rule")
    return Segment(**values, rule=parse_rule(json.loads(rule)) if rule else None)


async def find_segment(database: Connection | Pool, segment_id: UUID) -> Segment | None:
    row = await database.fetchrow(_FIND, segment_id)
    return _segment_of(row) if row else None


async def load_segment(database: Connection | Pool, segment_id: UUID) -> Segment:
    """Raises `SegmentNotFoundError`."""
    segment = await find_segment(database, segment_id)
    if segment is None:
        raise SegmentNotFoundError(segment_id=segment_id)
    return segment


async def list_segments(pool: Pool, before: UUID | None, limit: int) -> list[Segment]:
    return [_segment_of(row) for row in await pool.fetch(_LIST, before, limit)]


async def list_dynamic_segments(connection: Connection) -> list[Segment]:
    return [_segment_of(row) for row in await connection.fetch(_LIST_DYNAMIC)]


async def list_evaluated(connection: Connection, segment_ids: Sequence[UUID]) -> dict[UUID, bool]:
    """Which of these segments exist, and whether their first evaluation is done."""
    rows = await connection.fetch(_LIST_KNOWN, segment_ids)
    return {row["segment_id"]: row["is_evaluated"] for row in rows}


async def insert_segment(
    connection: Connection, segment: Segment, rule: dict[str, Any] | None
) -> bool:
    """Answers False where another has just inserted it."""
    status = await connection.execute(
        _INSERT,
        segment.segment_id,
        segment.version,
        segment.name,
        segment.kind,
        json.dumps(rule) if rule else None,
        sorted(segment.depends_on),
        segment.is_evaluated,
    )
    return status.endswith("1")


async def lock_unevaluated_segment(connection: Connection) -> Segment | None:
    row = await connection.fetchrow(_LOCK_UNEVALUATED)
    return _segment_of(row) if row else None


async def save_progress(
    connection: Connection, segment_id: UUID, evaluated_to: UUID | None, *, is_done: bool
) -> None:
    await connection.execute(_SAVE_PROGRESS, segment_id, is_done, evaluated_to)


async def lock_segments(connection: Connection, segment_ids: Collection[UUID]) -> None:
    """Let edits of one list take turns."""
    await connection.execute(_LOCK_SEGMENTS, list(segment_ids))


async def load_members_by_id(connection: Connection, member_ids: Sequence[UUID]) -> list[Member]:
    return [Member(**row) for row in await connection.fetch(_MEMBERS_BY_ID, member_ids)]


async def load_members_around(
    connection: Connection, segment_ids: Collection[UUID], contact_ids: Collection[UUID]
) -> dict[tuple[UUID, UUID], Member]:
    """Of these segments the memberships of these people, and those that they stand in for."""
    rows = await connection.fetch(_MEMBERS_AROUND, list(segment_ids), list(contact_ids))
    return {(row["segment_id"], row["contact_id"]): Member(**row) for row in rows}


async def stand_by_nobody(
    connection: Connection, segment_ids: Collection[UUID], contact_ids: Collection[UUID]
) -> None:
    """Whoever these stood in for has left the list with them."""
    await connection.execute(_STAND_BY_NOBODY, list(segment_ids), list(contact_ids))


async def load_members(
    connection: Connection, segment_ids: Sequence[UUID], contact_ids: Sequence[UUID]
) -> dict[tuple[UUID, UUID], Member]:
    """Every membership there is or was, by segment and contact."""
    rows = await connection.fetch(_MEMBERS, segment_ids, contact_ids)
    return {(row["segment_id"], row["contact_id"]): Member(**row) for row in rows}


async def list_memberships_of(connection: Connection, contact_ids: Sequence[UUID]) -> list[Member]:
    """Every segment these people are in."""
    return [Member(**row) for row in await connection.fetch(_MEMBERSHIPS_OF, contact_ids)]


async def list_members(
    pool: Pool, segment_id: UUID, after: UUID | None, limit: int
) -> list[Member]:
    return [Member(**row) for row in await pool.fetch(_LIST_MEMBERS, segment_id, after, limit)]


async def save_members(connection: Connection, members: Sequence[Member]) -> None:
    columns: list[list[UUID | int | bool | datetime | None]] = [
        [member.segment_id for member in members],
        [member.contact_id for member in members],
        [member.member_id for member in members],
        [member.version for member in members],
        [member.customer_id for member in members],
        [member.is_in for member in members],
        [member.entered_at for member in members],
        [member.stands_by for member in members],
        [member.by_merge for member in members],
    ]
    await connection.execute(_SAVE_MEMBERS, *columns)
