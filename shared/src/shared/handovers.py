"""A service's part in handovers: noted when one starts, moved in batches, acknowledged once, swept.

What the service owns is moved by its own function, a few at a time, so that no transaction grows
with what an employee had. Whoever left owns nothing for good: what is given to them in the moment
of their leaving is found by the sweep and moved as well.

Each service has the table `handover_parts` in its own migrations.
"""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from uuid import UUID

import asyncpg

from shared.cause import Cause
from shared.contracts.contacts.handovers import HandoverStarted
from shared.contracts.topic import Event
from shared.db import Connection, Pool, transaction
from shared.errors import InvalidError
from shared.failpoints import Failpoint
from shared.messaging import outbox
from shared.messaging.envelope import Received
from shared.messaging.outbox import Fact
from shared.runtime import Job
from shared.telemetry import continue_trace

BATCH = 200
"""How many things of each kind are moved in one transaction."""

SWEPT_EVERY = timedelta(minutes=1)
"""How often what was given to somebody who had left is looked for."""

_SWEPT_AT_ONCE = 20

_BEFORE_COMMIT = Failpoint("handover.before-commit")
_AFTER_COMMIT = Failpoint("handover.after-commit")

_COLUMNS = """handover_id, from_owner_id, to_owner_id, reason_code, correlation_id, traceparent,
    causation_id, moved"""
_NOTE = """
INSERT INTO handover_parts (handover_id, from_owner_id, to_owner_id, reason_code, correlation_id,
    traceparent, causation_id, started_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (handover_id) DO NOTHING
"""
_LOCK_NEXT = f"""
SELECT {_COLUMNS} FROM handover_parts WHERE acknowledged_at IS NULL
ORDER BY started_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_LOCK_TO_SWEEP = f"""
SELECT {_COLUMNS} FROM handover_parts
WHERE reason_code = 'left' AND acknowledged_at IS NOT NULL AND swept_at < $1
ORDER BY swept_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""
_SAVE_MOVED = "UPDATE handover_parts SET moved = $2 WHERE handover_id = $1"
_ACKNOWLEDGE = """
UPDATE handover_parts SET acknowledged_at = $2, swept_at = $2 WHERE handover_id = $1
"""
_SWEPT = "UPDATE handover_parts SET swept_at = $2 WHERE handover_id = ANY($1::uuid[])"
_LEFT = """
SELECT DISTINCT ON (from_owner_id) from_owner_id, to_owner_id FROM handover_parts
WHERE from_owner_id = ANY($1::text[]) AND reason_code = 'left'
ORDER BY from_owner_id, started_at DESC
"""


class OwnerHasLeftError(InvalidError):
    """This employee has left the company and can answer for nothing; see `successor`."""


@dataclass(frozen=True, slots=True)
class HandoverPart:
    """What a service is to move, on whose account, and what it has moved so far, by kind."""

    handover_id: UUID
    from_owner_id: str
    to_owner_id: str
    reason_code: str
    cause: Cause
    moved: Mapping[str, int]


Move: TypeAlias = Callable[[Connection, HandoverPart, int], Awaitable[Mapping[str, int]]]
"""Give at most so many things of each kind from the former owner to the new one, locked, with
their facts; answers how many of which kind, nothing where nothing is left."""


Tell: TypeAlias = Callable[[Connection, HandoverPart], Awaitable[None]]
"""Say that all is moved, in the transaction that found nothing left."""


async def note_handover(connection: Connection, received: Received[HandoverStarted]) -> None:
    """Keep what is to be moved; from now on nothing new goes to an employee who left."""
    service = "handovers"  # whoever moves something is its actor, not whoever notes it
    await note_start(connection, received.envelope.cause(service), received.event)


async def note_start(connection: Connection, cause: Cause, started: HandoverStarted) -> None:
    """The same, where the handover starts."""
    await connection.execute(
        _NOTE,
        started.handover_id,
        started.from_owner_id,
        started.to_owner_id,
        started.reason_code,
        cause.correlation_id,
        str(cause.trace),
        cause.causation_id,
        cause.at,
    )


def acknowledging(fact: type[Event]) -> Tell:
    """Say it by this fact, with the counts."""

    async def tell(connection: Connection, part: HandoverPart) -> None:
        said = fact.model_validate({"handover_id": part.handover_id, "moved": dict(part.moved)})
        await outbox.append(connection, part.cause, [Fact(said, 1)])

    return tell


def handover_jobs(service: str, move: Move, tell: Tell) -> tuple[Job, Job]:
    """The work of a service on handovers: move and acknowledge, and sweep."""

    async def move_next(pool: Pool) -> bool:
        return await move_batch(pool, service, move, tell)

    async def sweep_next(pool: Pool) -> bool:
        return await sweep(pool, service, move)

    return (
        Job("handovers", move_next, every=0.05, at_rest=2.0),
        Job("handover-sweep", sweep_next, every=SWEPT_EVERY.total_seconds()),
    )


async def move_batch(pool: Pool, service: str, move: Move, tell: Tell) -> bool:
    """Move the next few things of the oldest handover; where none is left, say so.

    Answers whether there was anything to do.
    """
    async with transaction(pool) as connection:
        row = await connection.fetchrow(_LOCK_NEXT)
        if row is None:
            return False
        part = await _part_of(connection, row, service)
        counts = await move(connection, part, BATCH)
        if any(counts.values()):
            total = Counter(part.moved) + Counter(counts)
            await connection.execute(_SAVE_MOVED, part.handover_id, json.dumps(total))
        else:
            await connection.execute(_ACKNOWLEDGE, part.handover_id, part.cause.at)
            await tell(connection, part)
        _BEFORE_COMMIT.reach()
    _AFTER_COMMIT.reach()
    return True


async def sweep(pool: Pool, service: str, move: Move) -> bool:
    """Move what somebody who left was given after all; answers whether there was anything."""
    async with transaction(pool) as connection:
        now = datetime.now(UTC)
        rows = await connection.fetch(_LOCK_TO_SWEEP, now - SWEPT_EVERY, _SWEPT_AT_ONCE)
        found = False
        for row in rows:
            part = await _part_of(connection, row, service)
            found |= any((await move(connection, part, BATCH)).values())
        await connection.execute(_SWEPT, [row["handover_id"] for row in rows], now)
    return found or len(rows) == _SWEPT_AT_ONCE


async def successors_of(connection: Connection, owner_ids: Iterable[str]) -> dict[str, str]:
    """Of these employees those who left, each with whoever has what was theirs."""
    rows = await connection.fetch(_LEFT, list(owner_ids))
    return {row["from_owner_id"]: row["to_owner_id"] for row in rows}


async def require_employed(
    connection: Connection, owner_id: str | None, field: str = "owner_id"
) -> None:
    """Refuse to give anything to an employee who left: `OwnerHasLeftError` names the successor."""
    if owner_id is None:
        return
    left = await successors_of(connection, [owner_id])
    if owner_id in left:
        raise OwnerHasLeftError(field=field, successor=left[owner_id])


async def heir_of(connection: Connection, owner_id: str) -> str:
    """Who has what was this employee's: the successor, or whoever came after a successor who left.

    Stops where a chain comes back on itself.
    """
    seen = {owner_id}
    while (left := await successors_of(connection, [owner_id])) and left[owner_id] not in seen:
        owner_id = left[owner_id]
        seen.add(owner_id)
    return owner_id


async def _part_of(connection: Connection, row: asyncpg.Record, service: str) -> HandoverPart:
    return HandoverPart(
        handover_id=row["handover_id"],
        from_owner_id=row["from_owner_id"],
        to_owner_id=await heir_of(connection, row["to_owner_id"]),
        reason_code=row["reason_code"],
        cause=Cause(
            actor=f"service:{service}",
            at=datetime.now(UTC),
            correlation_id=row["correlation_id"],
            trace=continue_trace(row["traceparent"]),
            causation_id=row["causation_id"],
        ),
        moved=json.loads(row["moved"]),
    )
