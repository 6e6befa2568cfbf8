"""The table of scans."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
from shared.db import Connection, refusing
from shared.errors import StaleVersionError

from contacts.matching.subjects import EntityType
from contacts.scans.domain import Scan, ScanNotFoundError, Status

_FIELDS = (
    "scan_id",
    "entity_type",
    "status",
    "started_by",
    "correlation_id",
    "traceparent",
    "started_at",
    "after_id",
    "slices_total",
    "slices_done",
    "records_keyed",
    "blocks",
    "blocks_too_large",
    "pairs_compared",
    "cases_opened",
    "duration_ms",
)
_COLUMNS = ", ".join(_FIELDS)
_PARAMETERS = ", ".join(f"${number}" for number in range(1, len(_FIELDS) + 1))
_INSERT = f"""
INSERT INTO duplicate_scans ({_COLUMNS}, touched_at) VALUES ({_PARAMETERS}, now())
"""
_TAKE = f"""
SELECT {_COLUMNS} FROM duplicate_scans WHERE status IN ('keying', 'comparing')
ORDER BY touched_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_LIST = f"""
SELECT {_COLUMNS} FROM duplicate_scans
WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR entity_type = $2)
    AND ($3::timestamptz IS NULL OR (started_at, scan_id) < ($3, $4::uuid))
ORDER BY started_at DESC, scan_id DESC LIMIT $5
"""
_SAVE = """
UPDATE duplicate_scans SET status = $2, after_id = $3, slices_total = $4, slices_done = $5,
    records_keyed = $6, blocks = $7, blocks_too_large = $8, pairs_compared = $9,
    cases_opened = $10, duration_ms = $11, touched_at = now()
WHERE scan_id = $1
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which scans a list is to hold; what is None does not matter."""

    status: Status | None = None
    entity_type: EntityType | None = None


async def find_scan(connection: Connection, scan_id: UUID) -> Scan | None:
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM duplicate_scans WHERE scan_id = $1", scan_id
    )
    return _scan(row) if row else None


async def load_scan(connection: Connection, scan_id: UUID) -> Scan:
    scan = await find_scan(connection, scan_id)
    if scan is None:
        raise ScanNotFoundError(scan_id=scan_id)
    return scan


async def list_scans(
    connection: Connection, wanted: Wanted, before: Sequence[object] | None, limit: int
) -> list[Scan]:
    """Scans, the last started first."""
    rows = await connection.fetch(
        _LIST, wanted.status, wanted.entity_type, *(before or (None, None)), limit
    )
    return [_scan(row) for row in rows]


async def take_scan(connection: Connection) -> Scan | None:
    """The scan that has waited longest and that no other process has in hand, locked."""
    row = await connection.fetchrow(_TAKE)
    return _scan(row) if row else None


async def is_under_way(connection: Connection, entity_type: EntityType) -> bool:
    """Whether any scan of these records is not done yet."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM duplicate_scans"
        " WHERE status IN ('keying', 'comparing') AND entity_type = $1)",
        entity_type,
    )
    return found


async def insert_scan(connection: Connection, scan: Scan) -> None:
    with refusing({"duplicate_scans_pkey": StaleVersionError}):
        await connection.execute(_INSERT, *(getattr(scan, name) for name in _FIELDS))


async def save_scan(connection: Connection, scan: Scan) -> None:
    """The caller holds its lock."""
    await connection.execute(
        _SAVE,
        scan.scan_id,
        scan.status,
        scan.after_id,
        scan.slices_total,
        scan.slices_done,
        scan.records_keyed,
        scan.blocks,
        scan.blocks_too_large,
        scan.pairs_compared,
        scan.cases_opened,
        scan.duration_ms,
    )


def _scan(row: asyncpg.Record) -> Scan:
    return Scan(**dict(row))
