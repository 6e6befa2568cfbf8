"""The table of merges."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic_core import to_jsonable_python
from shared.contracts.contacts import FieldChoice
from shared.db import Connection, Pool, rows_affected

from contacts.merges.domain import Merge, MergeNotFoundError

_FIELDS = (
    "merge_id",
    "party",
    "survivor_id",
    "merged_ids",
    "fields",
    "moved",
    "kept",
    "reason_code",
    "forced_for",
    "decided_by",
    "decided_at",
    "reversible_until",
    "undone_at",
    "undone_by",
    "undone_for",
)
_COLUMNS = ", ".join(_FIELDS)
_SELECT = f"SELECT {_COLUMNS} FROM merges"
_INSERT = f"""
INSERT INTO merges ({_COLUMNS})
VALUES ({", ".join(f"${number}" for number in range(1, len(_FIELDS) + 1))})
"""
_LIST = f"""
{_SELECT}
WHERE ($1::uuid IS NULL OR survivor_id = $1 OR merged_ids @> ARRAY[$1])
    AND ($2::timestamptz IS NULL OR (decided_at, merge_id) < ($2, $3::uuid))
ORDER BY decided_at DESC, merge_id DESC LIMIT $4
"""
_FORGET_OF = """
UPDATE merges SET kept = NULL
WHERE (survivor_id = ANY($1::uuid[]) OR merged_ids && $1::uuid[]) AND kept IS NOT NULL
"""
_LATER_INTO = """
SELECT merge_id FROM merges
WHERE party = $1 AND survivor_id = $2 AND decided_at > $3 AND undone_at IS NULL
ORDER BY decided_at DESC LIMIT 1
"""
_LAST_INTO = "SELECT max(merged_at) FROM aliases WHERE into_id = ANY($1::uuid[])"


async def lock_id(connection: Connection, merge_id: UUID) -> None:
    """Take turns with a repeat of the same request."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 5))", str(merge_id))


async def insert_merge(connection: Connection, merge: Merge) -> None:
    await connection.execute(_INSERT, *(_value(merge, name) for name in _FIELDS))


async def save_undone(connection: Connection, merge: Merge) -> None:
    await connection.execute(
        "UPDATE merges SET undone_at = $2, undone_by = $3, undone_for = $4, kept = NULL"
        " WHERE merge_id = $1",
        merge.merge_id,
        merge.undone_at,
        merge.undone_by,
        merge.undone_for,
    )


async def find_merge(connection: Connection, merge_id: UUID) -> Merge | None:
    row = await connection.fetchrow(f"{_SELECT} WHERE merge_id = $1", merge_id)
    return _merge(row) if row else None


async def load_merge(connection: Connection, merge_id: UUID) -> Merge:
    merge = await find_merge(connection, merge_id)
    if merge is None:
        raise MergeNotFoundError(merge_id=merge_id)
    return merge


async def lock_merge(connection: Connection, merge_id: UUID) -> Merge:
    await connection.execute("SELECT 1 FROM merges WHERE merge_id = $1 FOR UPDATE", merge_id)
    return await load_merge(connection, merge_id)


async def find_last_into(connection: Connection, record_ids: Collection[UUID]) -> datetime | None:
    """When the last was merged into any of these: what follows is later, whatever a clock says."""
    found: datetime | None = await connection.fetchval(_LAST_INTO, list(record_ids))
    return found


async def find_later_into(connection: Connection, merge: Merge) -> UUID | None:
    """The last merge into the same record after this one."""
    found: UUID | None = await connection.fetchval(
        _LATER_INTO, merge.party, merge.survivor_id, merge.decided_at
    )
    return found


async def list_merges(
    connection: Connection,
    record_id: UUID | None,
    after: Sequence[object] | None,
    limit: int,
) -> list[Merge]:
    """Of one record or of all, the latest first."""
    decided_at, merge_id = after or (None, None)
    rows = await connection.fetch(_LIST, record_id, decided_at, merge_id, limit)
    return [_merge(row) for row in rows]


async def forget_closed(pool: Pool, now: datetime) -> int:
    """What was kept to undo merges that cannot be undone any more."""
    status = await pool.execute(
        "UPDATE merges SET kept = NULL WHERE reversible_until <= $1 AND kept IS NOT NULL", now
    )
    return rows_affected(status)


async def forget_of(connection: Connection, record_ids: Collection[UUID]) -> int:
    """What is kept of these records, who are erased: their merges are final."""
    return rows_affected(await connection.execute(_FORGET_OF, list(record_ids)))


def _value(merge: Merge, name: str) -> Any:
    value = getattr(merge, name)
    if name in {"fields", "moved", "kept"}:
        return None if value is None else json.dumps(to_jsonable_python(value))
    return list(value) if name == "merged_ids" else value


def _merge(row: asyncpg.Record) -> Merge:
    values: dict[str, Any] = dict(row)
    values["merged_ids"] = tuple(values["merged_ids"])
    values["fields"] = tuple(FieldChoice(**each) for each in json.loads(values["fields"]))
    values["moved"] = json.loads(values["moved"])
    values["kept"] = json.loads(values["kept"]) if values["kept"] is not None else None
    return Merge(**values)
