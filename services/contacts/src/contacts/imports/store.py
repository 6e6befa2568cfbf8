"""The tables of imports: runs, blocks of rows on their way, keys seen, errors."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
from shared.db import Connection, Pool, refusing
from shared.errors import StaleVersionError

from contacts.csv_files import NumberedRow
from contacts.file_layout import EntityType, RowIs
from contacts.imports.domain import Import, ImportNotFoundError, Status

_FIELDS = (
    "import_id",
    "entity_type",
    "source_label",
    "mode",
    "on_duplicate",
    "dry_run",
    "mapping",
    "constants",
    "header",
    "file_hash",
    "status",
    "rows_total",
    "correlation_id",
    "traceparent",
    "started_at",
    "version",
    "failure",
    "rows_done",
    "created",
    "updated",
    "unchanged",
    "rejected",
    "duplicates",
    "blocks_done",
    "last_row",
    "duration_ms",
)
_JSON = ("mapping", "constants", "header")
_COLUMNS = ", ".join(_FIELDS)
_PARAMETERS = ", ".join(f"${number}" for number in range(1, len(_FIELDS) + 1))
_INSERT = f"""
INSERT INTO imports ({_COLUMNS}, touched_at) VALUES ({_PARAMETERS}, clock_timestamp())
"""
_SAVE = """
UPDATE imports SET
    status = $2, version = $3, failure = $4, rows_done = $5, created = $6, updated = $7,
    unchanged = $8, rejected = $9, blocks_done = $10, last_row = $11, duration_ms = $12,
    duplicates = $13,
    touched_at = clock_timestamp()
WHERE import_id = $1
"""
_AWAIT = f"""
SELECT {_COLUMNS} FROM imports WHERE status IN ('validating', 'running')
ORDER BY touched_at LIMIT 1 FOR UPDATE
"""
_LIST = f"""
SELECT {_COLUMNS} FROM imports
WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR entity_type = $2)
    AND ($3::timestamptz IS NULL OR (started_at, import_id) < ($3, $4::uuid))
ORDER BY started_at DESC, import_id DESC LIMIT $5
"""
_TAKE = f"{_AWAIT} SKIP LOCKED"
_CLAIM_KEYS = """
INSERT INTO import_keys AS seen (import_id, key, row)
SELECT $1, * FROM unnest($2::text[], $3::int[])
ON CONFLICT (import_id, key) DO UPDATE SET row = seen.row
RETURNING key, row
"""
_INSERT_ERRORS = """
INSERT INTO import_errors (import_id, row, "column", reason, row_is)
SELECT $1, * FROM unnest($2::int[], $3::text[], $4::text[], $5::text[])
"""
_ERRORS_PER_READ = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which imports a list is to hold; what is None does not matter."""

    status: Status | None = None
    entity_type: EntityType | None = None


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """Why a row, or a cell of it, was not imported, in the file's words."""

    row: int
    column: str | None
    reason: str
    row_is: RowIs


async def find_import(connection: Connection, import_id: UUID) -> Import | None:
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM imports WHERE import_id = $1", import_id
    )
    return _import(row) if row else None


async def load_import(connection: Connection, import_id: UUID) -> Import:
    run = await find_import(connection, import_id)
    if run is None:
        raise ImportNotFoundError(import_id=import_id)
    return run


async def list_imports(
    connection: Connection, wanted: Wanted, before: Sequence[object] | None, limit: int
) -> list[Import]:
    """Imports, the last started first."""
    rows = await connection.fetch(
        _LIST, wanted.status, wanted.entity_type, *(before or (None, None)), limit
    )
    return [_import(row) for row in rows]


async def lock_import(connection: Connection, import_id: UUID) -> Import:
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM imports WHERE import_id = $1 FOR UPDATE", import_id
    )
    if row is None:
        raise ImportNotFoundError(import_id=import_id)
    return _import(row)


async def take_import(connection: Connection) -> Import | None:
    """The import that has waited longest and that no other process has in hand, locked."""
    row = await connection.fetchrow(_TAKE)
    return _import(row) if row else None


async def await_import(connection: Connection) -> Import | None:
    """The import that has waited longest, locked, also where another process has it in hand.

    That process finds it taken at its next look, and rests.
    """
    row = await connection.fetchrow(_AWAIT)
    return _import(row) if row else None


async def insert_import(connection: Connection, run: Import) -> None:
    values = [getattr(run, name) for name in _FIELDS]
    for name in _JSON:
        values[_FIELDS.index(name)] = json.dumps(getattr(run, name))
    with refusing({"imports_pkey": StaleVersionError}):
        await connection.execute(_INSERT, *values)


async def save_import(connection: Connection, run: Import) -> None:
    """The caller holds its lock."""
    await connection.execute(
        _SAVE,
        run.import_id,
        run.status,
        run.version,
        run.failure,
        run.rows_done,
        run.created,
        run.updated,
        run.unchanged,
        run.rejected,
        run.blocks_done,
        run.last_row,
        run.duration_ms,
        run.duplicates,
    )


async def insert_block(
    connection: Connection, import_id: UUID, block: int, rows: Sequence[NumberedRow]
) -> None:
    await connection.execute(
        "INSERT INTO import_blocks (import_id, block, rows) VALUES ($1, $2, $3)",
        import_id,
        block,
        json.dumps(rows),
    )


async def find_block(
    connection: Connection, import_id: UUID, block: int
) -> list[NumberedRow] | None:
    text = await connection.fetchval(
        "SELECT rows FROM import_blocks WHERE import_id = $1 AND block = $2", import_id, block
    )
    return json.loads(text) if text is not None else None


async def delete_staged(connection: Connection, import_id: UUID) -> None:
    """Forget the file's content; the figures and the errors stay."""
    await connection.execute("DELETE FROM import_blocks WHERE import_id = $1", import_id)
    await connection.execute("DELETE FROM import_keys WHERE import_id = $1", import_id)


async def claim_keys(
    connection: Connection, import_id: UUID, keys: dict[str, int]
) -> dict[str, int]:
    """The row that first had each of these keys: the one given, or one of an earlier block."""
    if not keys:
        return {}
    rows = await connection.fetch(_CLAIM_KEYS, import_id, list(keys), list(keys.values()))
    return {row["key"]: row["row"] for row in rows}


async def insert_errors(
    connection: Connection, import_id: UUID, errors: Sequence[ErrorLine]
) -> None:
    if not errors:
        return
    await connection.execute(
        _INSERT_ERRORS,
        import_id,
        [error.row for error in errors],
        [error.column for error in errors],
        [error.reason for error in errors],
        [error.row_is for error in errors],
    )


async def list_errors(pool: Pool, import_id: UUID) -> AsyncIterator[Sequence[ErrorLine]]:
    """All errors in the order of the rows, a thousand at a time."""
    last_row, last_id = -1, 0
    while True:
        rows = await pool.fetch(
            """
            SELECT error_id, row, "column", reason, row_is FROM import_errors
            WHERE import_id = $1 AND (row, error_id) > ($2, $3)
            ORDER BY row, error_id LIMIT $4
            """,
            import_id,
            last_row,
            last_id,
            _ERRORS_PER_READ,
        )
        if not rows:
            return
        yield [ErrorLine(row["row"], row["column"], row["reason"], row["row_is"]) for row in rows]
        last_row, last_id = rows[-1]["row"], rows[-1]["error_id"]


def _import(row: asyncpg.Record) -> Import:
    values: dict[str, Any] = dict(row)
    for name in _JSON:
        values[name] = json.loads(values[name])
    return Import(**values)
