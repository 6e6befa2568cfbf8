"""The table of handovers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from shared.contracts.contacts import HandoverStatus
from shared.db import Connection, refusing, rows_affected
from shared.errors import StaleVersionError

from contacts.handovers.domain import Handover, HandoverIsRunningError, HandoverNotFoundError

_COLUMNS = """handover_id, version, from_owner_id, to_owner_id, reason_code, status, started_by,
    started_at, due_at, closed_at, acknowledged, until"""
_SELECT = f"SELECT {_COLUMNS} FROM handovers"
_INSERT = f"""
INSERT INTO handovers ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
_SAVE = """
UPDATE handovers SET version = $2, status = $3, closed_at = $4, acknowledged = $5
WHERE handover_id = $1
"""
_LOCK_OVERDUE = f"""
{_SELECT} WHERE status = 'waiting-acks' AND due_at <= $1
ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""
_LIST = f"""
{_SELECT}
WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR from_owner_id = $2)
    AND ($3::text IS NULL OR to_owner_id = $3)
    AND ($4::timestamptz IS NULL OR (started_at, handover_id) < ($4, $5::uuid))
ORDER BY started_at DESC, handover_id DESC LIMIT $6
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which handovers a list is to hold; what is None does not matter."""

    status: HandoverStatus | None = None
    from_owner_id: str | None = None
    to_owner_id: str | None = None


async def find_handover(connection: Connection, handover_id: UUID) -> Handover | None:
    row = await connection.fetchrow(f"{_SELECT} WHERE handover_id = $1", handover_id)
    return _handover(row) if row else None


async def load_handover(connection: Connection, handover_id: UUID) -> Handover:
    handover = await find_handover(connection, handover_id)
    if handover is None:
        raise HandoverNotFoundError(handover_id=handover_id)
    return handover


async def lock_handover(connection: Connection, handover_id: UUID) -> Handover | None:
    row = await connection.fetchrow(f"{_SELECT} WHERE handover_id = $1 FOR UPDATE", handover_id)
    return _handover(row) if row else None


async def lock_running(connection: Connection, from_owner_id: str) -> list[Handover]:
    """What of this employee is still being handed over."""
    rows = await connection.fetch(
        f"{_SELECT} WHERE status = 'waiting-acks' AND from_owner_id = $1 FOR UPDATE", from_owner_id
    )
    return [_handover(row) for row in rows]


async def lock_overdue(connection: Connection, at: datetime, limit: int) -> list[Handover]:
    """Handovers whose time is up; those in other hands are passed by."""
    return [_handover(row) for row in await connection.fetch(_LOCK_OVERDUE, at, limit)]


async def list_handovers(
    connection: Connection,
    wanted: Wanted,
    before: Sequence[object] | None,
    limit: int,
) -> list[Handover]:
    """Handovers, the last started first."""
    rows = await connection.fetch(
        _LIST,
        wanted.status,
        wanted.from_owner_id,
        wanted.to_owner_id,
        *(before or (None, None)),
        limit,
    )
    return [_handover(row) for row in rows]


async def insert_handover(connection: Connection, handover: Handover) -> None:
    """Raises `HandoverIsRunningError` while another one of the same employee is running."""
    taken = {"handovers_running_key": HandoverIsRunningError, "handovers_pkey": StaleVersionError}
    with refusing(taken, from_owner_id=handover.from_owner_id):
        await connection.execute(
            _INSERT,
            handover.handover_id,
            handover.version,
            handover.from_owner_id,
            handover.to_owner_id,
            handover.reason_code,
            handover.status,
            handover.started_by,
            handover.started_at,
            handover.due_at,
            handover.closed_at,
            json.dumps(handover.acknowledged),
            handover.until,
        )


async def save_handover(connection: Connection, handover: Handover) -> None:
    """Save a handover that the caller has locked."""
    status = await connection.execute(
        _SAVE,
        handover.handover_id,
        handover.version,
        handover.status,
        handover.closed_at,
        json.dumps(handover.acknowledged),
    )
    assert rows_affected(status) == 1


def _handover(row: asyncpg.Record) -> Handover:
    values: dict[str, Any] = dict(row)
    values["acknowledged"] = json.loads(values["acknowledged"])
    return Handover(**values)
