"""A service's part in merges: what names a merged record is re-pointed, and back again.

A few things at a time, each remembered for every step of the aliases that it went: to undo a merge
is to move just that back, from wherever the survivor's things are by then. A batch sees no merge
begin or end beside it, and what is to be moved goes before what is to be moved back, of which the
last merge goes first. A fact that comes late with an old id is led on by `shared.aliases`; what
slips in beside it is found by looking again for an hour.

Each service has the tables `aliases`, `merge_parts` and `merge_moves` in its own migrations;
contacts, which moves all of its own in the transaction of the merge, has `aliases` alone.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

import asyncpg

from shared.aliases import (
    Merged,
    Unmerged,
    current_ids,
    end_aliases,
    note_aliases,
    party_of,
    steps_of,
)
from shared.cause import Cause
from shared.contracts.contacts.merges import (
    ContactMerged,
    ContactUnmerged,
    CustomerMerged,
    CustomerUnmerged,
)
from shared.contracts.values import Party
from shared.db import Connection, Pool, transaction
from shared.failpoints import Failpoint
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer
from shared.runtime import Job
from shared.telemetry import continue_trace

BATCH = 200
"""How many things of each kind are moved in one transaction."""

SWEPT_EVERY = timedelta(minutes=1)
SWEPT_FOR = timedelta(hours=1)
"""How often, and for how long after a merge, what names a merged record is looked for again."""

SWEPT_SOON = timedelta(seconds=10)
SWEPT_SOON_FOR = timedelta(minutes=2)
"""More often at first: what slipped in beside the merge did so then."""

_SWEPT_AT_ONCE = 20

_BEFORE_COMMIT = Failpoint("merge.before-commit")
_AFTER_COMMIT = Failpoint("merge.after-commit")

_LOCK = "hashtextextended('rapport.merges', 0)"
_HOLD_OFF = f"SELECT pg_advisory_xact_lock_shared({_LOCK})"
_LOCK_OUT = f"SELECT pg_advisory_xact_lock({_LOCK})"
_NOTE = """
INSERT INTO merge_parts (merge_id, party, survivor_id, merged_ids, correlation_id, traceparent,
    causation_id, merged_at, noted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now())
ON CONFLICT (merge_id) DO NOTHING
RETURNING 1
"""
_UNDO = """
UPDATE merge_parts SET status = 'undoing', correlation_id = $2, traceparent = $3, causation_id = $4
WHERE merge_id = $1 AND status IN ('moving', 'moved')
RETURNING 1
"""
_COLUMNS = """merge_id, party, survivor_id, merged_ids, status, correlation_id, traceparent,
    causation_id"""
_LOCK_NEXT = f"""
SELECT {_COLUMNS} FROM merge_parts WHERE status IN ('moving', 'undoing')
ORDER BY status, CASE WHEN status = 'moving' THEN merged_at END, merged_at DESC
LIMIT 1 FOR UPDATE
"""
_LOCK_TO_SWEEP = f"""
SELECT {_COLUMNS} FROM merge_parts
WHERE status = 'moved' AND noted_at > $2
    AND (swept_at < $1 OR (swept_at < $3 AND noted_at > $4))
ORDER BY swept_at LIMIT $5 FOR UPDATE
"""
_END = "UPDATE merge_parts SET status = $2, swept_at = $3 WHERE merge_id = $1"
_SWEPT = "UPDATE merge_parts SET swept_at = $2 WHERE merge_id = ANY($1::uuid[])"
_REMEMBER = """
INSERT INTO merge_moves (merge_id, kind, thing_id, from_id)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[])
ON CONFLICT (merge_id, kind, thing_id) DO NOTHING
"""
_TAKE_BACK = """
DELETE FROM merge_moves WHERE (merge_id, kind, thing_id) IN (
    SELECT merge_id, kind, thing_id FROM merge_moves WHERE merge_id = $1
    ORDER BY kind, thing_id LIMIT $2)
RETURNING kind, thing_id, from_id
"""
_FORGET_LATER = """
DELETE FROM merge_moves AS m
USING merge_parts AS undone, merge_parts AS later, unnest($2::text[], $3::uuid[]) AS t (kind, id)
WHERE undone.merge_id = $1 AND later.merge_id = m.merge_id AND later.party = undone.party
    AND later.merged_at > undone.merged_at AND m.kind = t.kind AND m.thing_id = t.id
"""


@dataclass(frozen=True, slots=True)
class Move:
    """A thing of a service, and which record it is moved from and to."""

    kind: str
    thing_id: UUID
    from_id: UUID
    to_id: UUID


@dataclass(frozen=True, slots=True)
class MergePart:
    """What a service has to do for one merge, and on whose account."""

    merge_id: UUID
    party: Party
    survivor_id: UUID
    merged_ids: Sequence[UUID]
    status: Literal["moving", "moved", "undoing", "undone"]
    cause: Cause


Find: TypeAlias = Callable[[Connection, Party, Mapping[UUID, UUID], int], Awaitable[Sequence[Move]]]
"""At most so many things of each kind that name one of these records, locked, as moves from the
old id to the current one; nothing where nothing is left."""

Carry: TypeAlias = Callable[[Connection, Cause, Party, Sequence[Move]], Awaitable[None]]
"""Re-point these things with their facts. One that no longer names `from_id` stays as it is."""

Recheck: TypeAlias = Callable[[Connection, MergePart], Awaitable[None]]
"""Look once, when all is moved, whether the service's own rules still hold for the record that
stays (and, of an undone merge, for the restored ones)."""


@dataclass(frozen=True, slots=True)
class Repointing:
    """How a service re-points what names a merged record."""

    find: Find
    carry: Carry
    recheck: Recheck


async def find_moves(
    connection: Connection,
    statements: Mapping[str, str],
    current: Mapping[UUID, UUID],
    limit: int,
) -> list[Move]:
    """What names a merged record among these, by the statement of each kind.

    A statement takes ids and a limit, locks what it finds, and answers its id and the id it names.
    """
    merged = [old_id for old_id, id_ in current.items() if old_id != id_]
    return [
        Move(kind, thing_id, old_id, current[old_id])
        for kind, statement in statements.items()
        for thing_id, old_id in await connection.fetch(statement, merged, limit)
    ]


def merges_consumer(name: str) -> Consumer:
    """A consumer that notes what contacts decides; a repeat changes nothing."""
    consumer = Consumer(name)

    @consumer.on_batch(CustomerMerged, ContactMerged, CustomerUnmerged, ContactUnmerged)
    async def on_merges(
        connection: Connection, records: Sequence[Received[Merged | Unmerged]]
    ) -> None:
        for received in records:
            cause = received.envelope.cause("merges")
            match received.event:
                case CustomerMerged() | ContactMerged() as merged:
                    await note_start(connection, cause, merged)
                case CustomerUnmerged() | ContactUnmerged() as unmerged:
                    await note_undo(connection, cause, unmerged)

    del on_merges
    return consumer


async def note_start(connection: Connection, cause: Cause, merged: Merged) -> None:
    """Keep the aliases, and what is to be moved."""
    await connection.execute(_HOLD_OFF)
    party, survivor_id = party_of(merged)
    is_new = await connection.fetchval(
        _NOTE,
        merged.merge_id,
        party,
        survivor_id,
        list(merged.merged_ids),
        cause.correlation_id,
        str(cause.trace),
        cause.causation_id,
        cause.at,
    )
    if is_new:
        await note_aliases(connection, cause, merged)


async def note_undo(connection: Connection, cause: Cause, unmerged: Unmerged) -> None:
    """End the aliases, and let what was moved go back."""
    await connection.execute(_HOLD_OFF)
    trace = str(cause.trace)
    was_there = await connection.fetchval(
        _UNDO, unmerged.merge_id, cause.correlation_id, trace, cause.causation_id
    )
    if was_there:
        await end_aliases(connection, unmerged)


def merge_jobs(service: str, repointing: Repointing) -> tuple[Job, Job]:
    """The work of a service on merges: move, or move back, and look again for what came late."""

    async def move_next(pool: Pool) -> bool:
        return await move_batch(pool, service, repointing)

    async def sweep_next(pool: Pool) -> bool:
        return await sweep(pool, service, repointing)

    return (
        Job("merges", move_next, every=0.05, at_rest=2.0),
        Job("merge-sweep", sweep_next, every=SWEPT_SOON.total_seconds()),
    )


async def move_batch(pool: Pool, service: str, repointing: Repointing) -> bool:
    """Move the next few things of the oldest merge; where none is left, check the rules, and end.

    Answers whether there was anything to do.
    """
    async with transaction(pool) as connection:
        await connection.execute(_LOCK_OUT)
        row = await connection.fetchrow(_LOCK_NEXT)
        if row is None:
            return False
        part = _part_of(row, service)
        step = _move_on if part.status == "moving" else _move_back
        if not await step(connection, part, repointing):
            await repointing.recheck(connection, part)
            ended = "moved" if part.status == "moving" else "undone"
            await connection.execute(_END, part.merge_id, ended, part.cause.at)
        _BEFORE_COMMIT.reach()
    _AFTER_COMMIT.reach()
    return True


async def sweep(pool: Pool, service: str, repointing: Repointing) -> bool:
    """Move what a late fact gave to a merged record after all; answers whether there was any."""
    async with transaction(pool) as connection:
        await connection.execute(_LOCK_OUT)
        now = datetime.now(UTC)
        rows = await connection.fetch(
            _LOCK_TO_SWEEP,
            now - SWEPT_EVERY,
            now - SWEPT_FOR,
            now - SWEPT_SOON,
            now - SWEPT_SOON_FOR,
            _SWEPT_AT_ONCE,
        )
        found = False
        for row in rows:
            part = _part_of(row, service)
            if await _move_on(connection, part, repointing):
                await repointing.recheck(connection, part)
                found = True
        await connection.execute(_SWEPT, [row["merge_id"] for row in rows], now)
    return found or len(rows) == _SWEPT_AT_ONCE


async def _move_on(connection: Connection, part: MergePart, repointing: Repointing) -> bool:
    current = await current_ids(connection, part.merged_ids)
    moves = await repointing.find(connection, part.party, current, BATCH)
    if moves:
        await repointing.carry(connection, part.cause, part.party, moves)
        things = [(move.kind, move.thing_id, move.from_id) for move in moves]
        await _remember(connection, things)
    return bool(moves)


async def _move_back(connection: Connection, part: MergePart, repointing: Repointing) -> bool:
    """Move on from wherever the survivor's things are by now, to whomever the restored id means."""
    rows = await connection.fetch(_TAKE_BACK, part.merge_id, BATCH)
    if not rows:
        return False
    things = [(row["kind"], row["thing_id"], row["from_id"]) for row in rows]
    kinds, ids = [kind for kind, _, _ in things], [thing_id for _, thing_id, _ in things]
    await connection.execute(_FORGET_LATER, part.merge_id, kinds, ids)
    current = await current_ids(connection, [part.survivor_id, *part.merged_ids])
    here = current[part.survivor_id]
    moves = [
        Move(kind, thing_id, here, current[old_id])
        for kind, thing_id, old_id in things
        if current[old_id] != here
    ]
    if moves:
        await repointing.carry(connection, part.cause, part.party, moves)
    await _remember(connection, things)
    return True


async def _remember(connection: Connection, things: Sequence[tuple[str, UUID, UUID]]) -> None:
    """Keep, for each step of the way from its old id, that the thing went it."""
    steps: dict[UUID, list[tuple[UUID, UUID]]] = {}
    for step in await steps_of(connection, {old_id for _, _, old_id in things}):
        steps.setdefault(step.old_id, []).append((step.merge_id, step.from_id))
    went = [
        (merge_id, kind, thing_id, from_id)
        for kind, thing_id, old_id in things
        for merge_id, from_id in steps.get(old_id, ())
    ]
    if went:
        await connection.execute(_REMEMBER, *(list(column) for column in zip(*went, strict=True)))


def _part_of(row: asyncpg.Record, service: str) -> MergePart:
    return MergePart(
        merge_id=row["merge_id"],
        party=row["party"],
        survivor_id=row["survivor_id"],
        merged_ids=row["merged_ids"],
        status=row["status"],
        cause=Cause(
            actor=f"service:{service}",
            at=datetime.now(UTC),
            correlation_id=row["correlation_id"],
            trace=continue_trace(row["traceparent"]),
            causation_id=row["causation_id"],
        ),
    )
