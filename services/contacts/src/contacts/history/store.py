"""The table of changes: as many as a transaction makes, by one statement."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from shared.db import Connection

from contacts.history.domain import Changed, FieldChange, RecordChange, differences

_COLUMNS = (
    "about",
    "part",
    "version",
    "changed_at",
    "actor",
    "correlation_id",
    "causation_id",
    "fields",
)
_NAMES = ", ".join(_COLUMNS)
_INSERT = f"""
INSERT INTO record_changes ({_NAMES})
SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::timestamptz[], $5::text[],
    $6::text[], $7::text[], $8::jsonb[])
"""
_COPY_FROM = 50
"""Rows from which COPY is faster; below, its second round trip costs more than it saves."""

_LIST = f"""
SELECT change_id, {_NAMES} FROM record_changes
WHERE about = $1 AND ($2::bigint IS NULL OR change_id < $2)
ORDER BY change_id DESC LIMIT $3
"""
_SAID = """
SELECT about, name, max(changed_at) AS said_at
FROM record_changes CROSS JOIN jsonb_object_keys(fields) AS name
WHERE about = ANY($1::uuid[]) GROUP BY about, name
"""
_FIND = f"SELECT change_id, {_NAMES} FROM record_changes WHERE about = $1 AND change_id = $2"


async def record_changes(connection: Connection, changes: Sequence[Changed]) -> None:
    """Keep what changed, in the transaction that changes it."""
    rows = [
        (
            each.about,
            each.part,
            each.version,
            each.cause.at,
            each.cause.actor,
            each.cause.correlation_id,
            each.cause.causation_id,
            json.dumps(fields),
        )
        for each in changes
        if (fields := differences(each)) is not None
    ]
    if len(rows) >= _COPY_FROM:
        await connection.copy_records_to_table("record_changes", records=rows, columns=_COLUMNS)
    elif rows:
        await connection.execute(_INSERT, *(list(column) for column in zip(*rows, strict=True)))


async def list_changes(
    connection: Connection, about: UUID, before: int | None, limit: int
) -> list[RecordChange]:
    """The history of a customer or person, newest first."""
    return [_change(row) for row in await connection.fetch(_LIST, about, before, limit)]


async def find_change(connection: Connection, about: UUID, change_id: int) -> RecordChange | None:
    row = await connection.fetchrow(_FIND, about, change_id)
    return _change(row) if row else None


async def find_said(
    connection: Connection, about: Collection[UUID]
) -> dict[UUID, dict[str, datetime]]:
    """When each field of these records was changed last; one that never was is absent."""
    said: dict[UUID, dict[str, datetime]] = {each: {} for each in about}
    for row in await connection.fetch(_SAID, list(about)):
        said[row["about"]][row["name"]] = row["said_at"]
    return said


async def delete_history(connection: Connection, about: Sequence[UUID]) -> None:
    """Erase what these customers and people once were: it is as personal as what they are."""
    await connection.execute("DELETE FROM record_changes WHERE about = ANY($1::uuid[])", about)


def _change(row: asyncpg.Record) -> RecordChange:
    values = dict(row)
    fields = json.loads(values.pop("fields"))
    return RecordChange(
        **values, fields={name: FieldChange(*values) for name, values in fields.items()}
    )
