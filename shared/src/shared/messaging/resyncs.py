"""Resyncs in PostgreSQL: what was asked for, and how far each has come."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

import asyncpg

from shared.cause import Cause
from shared.contracts.resync import ChosenBy
from shared.db import Connection
from shared.errors import ConflictError, NotFoundError
from shared.telemetry import continue_trace

Phase: TypeAlias = Literal["looking", "publishing", "completed", "cancelled"]
Places: TypeAlias = dict[str, list[int]]
"""The next offset and the one to stop at, by `<topic>/<partition>`."""

_COLUMNS = """resync_id, version, phase, is_paused, aggregates, chosen_by, changed_since,
    changed_until, rate, step, after, places, total, published, missing, requested_by,
    correlation_id, traceparent, requested_at, ended_at"""
_INSERT = """
INSERT INTO resyncs (resync_id, version, phase, aggregates, chosen_by, changed_since, changed_until,
    rate, total, requested_by, correlation_id, traceparent, requested_at)
VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (resync_id) DO NOTHING
"""
_FIND = f"SELECT {_COLUMNS} FROM resyncs WHERE resync_id = $1"
_IS_UNDER_WAY = "phase IN ('looking', 'publishing') AND NOT is_paused"
_FIND_DUE = f"""
SELECT {_COLUMNS} FROM resyncs WHERE {_IS_UNDER_WAY} AND next_at <= now() ORDER BY next_at LIMIT 1
"""
_LOCK_DUE = f"""
SELECT {_COLUMNS} FROM resyncs
WHERE resync_id = $1 AND {_IS_UNDER_WAY} AND next_at <= now() FOR UPDATE SKIP LOCKED
"""
_LIST = f"""
SELECT {_COLUMNS} FROM resyncs WHERE $1::uuid IS NULL OR resync_id < $1
ORDER BY resync_id DESC LIMIT $2
"""
_SAVE = """
UPDATE resyncs SET version = $2, phase = $3, is_paused = $4, step = $5, after = $6, places = $7,
    total = $8, published = $9, missing = $10, ended_at = $11,
    next_at = now() + make_interval(secs => $12)
WHERE resync_id = $1
"""
_INSERT_IDS = """
INSERT INTO resync_ids (resync_id, aggregate, id)
SELECT $1, $2, id FROM unnest($3::uuid[]) AS id ON CONFLICT DO NOTHING
"""
_LIST_IDS = """
SELECT id FROM resync_ids
WHERE resync_id = $1 AND aggregate = $2 AND ($3::uuid IS NULL OR id > $3) ORDER BY id LIMIT $4
"""
_COUNT_IDS = "SELECT count(*) FROM resync_ids WHERE resync_id = $1"
_DELETE_IDS = "DELETE FROM resync_ids WHERE resync_id = $1"


class ResyncNotFoundError(NotFoundError):
    """There is no such resync."""


class ResyncHasEndedError(ConflictError):
    """The resync has ended."""


class ResyncExistsError(ConflictError):
    """Another resync was asked for under this Idempotency-Key."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be published again, and at how many facts a second."""

    aggregates: tuple[str, ...]
    chosen_by: ChosenBy
    rate: int
    changed_since: datetime | None = None
    changed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Resync:
    """A resync as far as it has come."""

    resync_id: UUID
    version: int
    phase: Phase
    is_paused: bool
    asked: Asked
    step: int
    after: UUID | None
    places: Places | None
    total: int | None
    missing: int
    requested_by: str
    correlation_id: str
    traceparent: str
    requested_at: datetime
    ended_at: datetime | None = None
    published: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def has_ended(self) -> bool:
        return self.phase in {"completed", "cancelled"}

    @property
    def aggregate(self) -> str:
        """The aggregate that is under way."""
        return self.asked.aggregates[self.step]

    def cause(self, at: datetime) -> Cause:
        """Why its snapshots are published: somebody asked."""
        return Cause(self.requested_by, at, self.correlation_id, continue_trace(self.traceparent))


async def insert_resync(
    connection: Connection, resync_id: UUID, asked: Asked, cause: Cause, total: int | None
) -> bool:
    """Answers False where it has been asked for before."""
    status = await connection.execute(
        _INSERT,
        resync_id,
        "looking" if asked.chosen_by == "time" else "publishing",
        asked.aggregates,
        asked.chosen_by,
        asked.changed_since,
        asked.changed_until,
        asked.rate,
        total,
        cause.actor,
        cause.correlation_id,
        str(cause.trace),
        cause.at,
    )
    return status.endswith("1")


async def load_resync(
    connection: Connection, resync_id: UUID, *, is_locked: bool = False
) -> Resync:
    row = await connection.fetchrow(f"{_FIND} FOR UPDATE" if is_locked else _FIND, resync_id)
    if row is None:
        raise ResyncNotFoundError(resync_id=resync_id)
    return _resync(row)


async def find_due(connection: Connection) -> Resync | None:
    """The resync whose turn it is, without a lock."""
    row = await connection.fetchrow(_FIND_DUE)
    return _resync(row) if row else None


async def lock_due(connection: Connection, resync_id: UUID) -> Resync | None:
    """The same as it is now, None where another process has it or has just had it."""
    row = await connection.fetchrow(_LOCK_DUE, resync_id)
    return _resync(row) if row else None


async def list_resyncs(connection: Connection, before: UUID | None, limit: int) -> list[Resync]:
    return [_resync(row) for row in await connection.fetch(_LIST, before, limit)]


async def save_resync(connection: Connection, resync: Resync, pause: float = 0.0) -> None:
    """Write how far it is; nobody goes on with it for `pause` seconds."""
    await connection.execute(
        _SAVE,
        resync.resync_id,
        resync.version,
        resync.phase,
        resync.is_paused,
        resync.step,
        resync.after,
        None if resync.places is None else json.dumps(resync.places),
        resync.total,
        json.dumps(resync.published),
        resync.missing,
        resync.ended_at,
        pause,
    )
    if resync.has_ended:
        await connection.execute(_DELETE_IDS, resync.resync_id)


async def insert_ids(
    connection: Connection, resync_id: UUID, aggregate: str, ids: Iterable[UUID]
) -> None:
    await connection.execute(_INSERT_IDS, resync_id, aggregate, sorted(set(ids)))


async def list_ids(connection: Connection, resync: Resync, limit: int) -> list[UUID]:
    """The next ids of the aggregate under way, among those that were chosen."""
    rows = await connection.fetch(
        _LIST_IDS, resync.resync_id, resync.aggregate, resync.after, limit
    )
    return [row["id"] for row in rows]


async def count_ids(connection: Connection, resync_id: UUID) -> int:
    return int(await connection.fetchval(_COUNT_IDS, resync_id) or 0)


async def outbox_has(connection: Connection, rows: int) -> bool:
    """Whether at least so many facts wait to be published."""
    found = await connection.fetchval(
        "SELECT count(*) FROM (SELECT FROM outbox LIMIT $1) AS first", rows
    )
    return bool(found >= rows)


def _resync(row: asyncpg.Record) -> Resync:
    columns: dict[str, Any] = dict(row)
    aggregates: Sequence[str] = columns.pop("aggregates")
    asked = Asked(
        tuple(aggregates),
        columns.pop("chosen_by"),
        columns.pop("rate"),
        columns.pop("changed_since"),
        columns.pop("changed_until"),
    )
    places = columns.pop("places")
    columns["places"] = None if places is None else json.loads(places)
    columns["published"] = json.loads(columns["published"])
    return Resync(asked=asked, **columns)
