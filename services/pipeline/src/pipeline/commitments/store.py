"""Commitments: saved under their version, with the moment that wakes each; listed by when due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import AwareDatetime
from shared.aliases import ids_of
from shared.cause import Cause
from shared.db import Connection, Pool, refusing, rows_affected
from shared.errors import StaleVersionError
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from pipeline.commitments.domain import (
    Commitment,
    CommitmentEvent,
    CommitmentNotFoundError,
    folded,
    snapshot,
)

_COLUMNS = """commitment_id, version, customer_id, contact_id, deal_id, kind, text, amount,
    currency, made_by, owner_id, made_at, due_at, status, is_due_soon, broken_at, closed_at,
    evidence_ref, reason_code"""
_INSERT = f"""
INSERT INTO commitments ({_COLUMNS}, wake_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
"""
_SAVE = """
UPDATE commitments AS c SET version = new.version, customer_id = new.customer_id,
    contact_id = new.contact_id, owner_id = new.owner_id, status = new.status,
    is_due_soon = new.is_due_soon, broken_at = new.broken_at, closed_at = new.closed_at,
    evidence_ref = new.evidence_ref, reason_code = new.reason_code, wake_at = new.wake_at
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::uuid[], $5::uuid[], $6::text[], $7::text[],
    $8::boolean[], $9::timestamptz[], $10::timestamptz[], $11::text[], $12::text[],
    $13::timestamptz[]) AS new (commitment_id, old_version, version, customer_id, contact_id,
    owner_id, status, is_due_soon, broken_at, closed_at, evidence_ref, reason_code, wake_at)
WHERE c.commitment_id = new.commitment_id AND c.version = new.old_version
"""
_FIND = f"SELECT {_COLUMNS} FROM commitments WHERE commitment_id = $1"
_LOCK = f"{_FIND} FOR UPDATE"
_LOCK_THESE = f"""
SELECT {_COLUMNS} FROM commitments WHERE commitment_id = ANY($1::uuid[])
ORDER BY commitment_id FOR UPDATE
"""
_LOCK_DUE = f"""
SELECT {_COLUMNS} FROM commitments WHERE wake_at <= $1 ORDER BY wake_at LIMIT $2
FOR UPDATE SKIP LOCKED
"""
_LOCK_OWED_OF_OWNER = f"""
SELECT {_COLUMNS} FROM commitments WHERE owner_id = $1 AND status IN ('open', 'broken')
ORDER BY commitment_id LIMIT $2 FOR UPDATE
"""
_LIST = f"""
SELECT {_COLUMNS} FROM commitments
WHERE ($1::uuid[] IS NULL OR customer_id = ANY($1)) AND ($2::uuid IS NULL OR deal_id = $2)
    AND ($3::text IS NULL OR owner_id = $3)
    AND ($4::boolean IS NULL OR (status IN ('open', 'broken')) = $4)
    AND ($5::timestamptz IS NULL OR due_at < $5)
    AND ($6::timestamptz IS NULL OR (due_at, commitment_id) > ($6, $7::uuid))
ORDER BY due_at, commitment_id LIMIT $8
"""


@dataclass(frozen=True, slots=True)
class CommitmentFilter:
    """`is_open` is what is still owed: open, or broken and not kept since."""

    customer_id: UUID | None = None
    deal_id: UUID | None = None
    owner_id: str | None = None
    is_open: bool | None = None
    due_before: AwareDatetime | None = None


async def insert(
    connection: Connection, cause: Cause, begun: Commitment, events: Sequence[CommitmentEvent]
) -> Commitment:
    """Keep a commitment that nobody knew of, then publish it."""
    after = folded(begun, events)
    with refusing({"commitments_pkey": StaleVersionError}):
        await connection.execute(_INSERT, *_values(after), after.wake_at)
    await outbox.append(connection, cause, _told(begun, events, after))
    return after


async def record(
    connection: Connection,
    cause: Cause,
    changes: Sequence[tuple[Commitment, Sequence[CommitmentEvent]]],
) -> list[Commitment]:
    """Save what events make of locked commitments, then publish them and how each is now.

    Two statements, however many; one of which nothing happened stays as it is.
    """
    results = [(before, events, folded(before, events)) for before, events in changes]
    changed = [result for result in results if result[1]]
    if changed:
        columns = zip(*(_saved(before, after) for before, _, after in changed), strict=True)
        status = await connection.execute(_SAVE, *map(list, columns))
        if rows_affected(status) != len(changed):
            raise StaleVersionError
        await outbox.append(connection, cause, [fact for each in changed for fact in _told(*each)])
    return [after for _, _, after in results]


async def find_commitment(connection: Connection, commitment_id: UUID) -> Commitment | None:
    row = await connection.fetchrow(_FIND, commitment_id)
    return _commitment(row) if row else None


async def load_commitment(connection: Connection, commitment_id: UUID) -> Commitment:
    return _found(await connection.fetchrow(_FIND, commitment_id), commitment_id)


async def lock_commitment(connection: Connection, commitment_id: UUID) -> Commitment:
    return _found(await connection.fetchrow(_LOCK, commitment_id), commitment_id)


async def lock_commitments(
    connection: Connection, commitment_ids: Sequence[UUID]
) -> list[Commitment]:
    rows = await connection.fetch(_LOCK_THESE, commitment_ids)
    return [_commitment(row) for row in rows]


async def lock_snapshots(connection: Connection, commitment_ids: Sequence[UUID]) -> list[Fact]:
    """The commitments among these ids as they are now, locked, with their versions."""
    locked = await lock_commitments(connection, commitment_ids)
    return [Fact(snapshot(commitment), commitment.version) for commitment in locked]


async def lock_due(connection: Connection, at: datetime, limit: int) -> list[Commitment]:
    """Those with something to say, longest overdue first; those in other hands are passed by."""
    return [_commitment(row) for row in await connection.fetch(_LOCK_DUE, at, limit)]


async def lock_owed_by(connection: Connection, owner_id: str, limit: int) -> list[Commitment]:
    """Some of those that an employee answers for and that are still owed."""
    rows = await connection.fetch(_LOCK_OWED_OF_OWNER, owner_id, limit)
    return [_commitment(row) for row in rows]


async def list_commitments(
    pool: Pool, wanted: CommitmentFilter, after: Sequence[Any] | None, limit: int
) -> list[Commitment]:
    """Commitments, the next due first."""
    due_at, commitment_id = after or (None, None)
    async with pool.acquire() as connection:
        ids = await ids_of(connection, wanted.customer_id) if wanted.customer_id else None
        rows = await connection.fetch(
            _LIST,
            ids,
            wanted.deal_id,
            wanted.owner_id,
            wanted.is_open,
            wanted.due_before,
            due_at,
            commitment_id,
            limit,
        )
    return [_commitment(row) for row in rows]


def _told(before: Commitment, events: Sequence[CommitmentEvent], after: Commitment) -> list[Fact]:
    versions = range(before.version + 1, after.version + 1)
    facts = [Fact(event, version) for event, version in zip(events, versions, strict=True)]
    return [*facts, Fact(snapshot(after), after.version)]


def _values(commitment: Commitment) -> tuple[object, ...]:
    return (
        commitment.commitment_id,
        commitment.version,
        commitment.customer_id,
        commitment.contact_id,
        commitment.deal_id,
        commitment.kind,
        commitment.text,
        commitment.amount,
        commitment.currency,
        commitment.made_by,
        commitment.owner_id,
        commitment.made_at,
        commitment.due_at,
        commitment.status,
        commitment.is_due_soon,
        commitment.broken_at,
        commitment.closed_at,
        commitment.evidence_ref,
        commitment.reason_code,
    )


def _saved(before: Commitment, after: Commitment) -> tuple[object, ...]:
    return (
        after.commitment_id,
        before.version,
        after.version,
        after.customer_id,
        after.contact_id,
        after.owner_id,
        after.status,
        after.is_due_soon,
        after.broken_at,
        after.closed_at,
        after.evidence_ref,
        after.reason_code,
        after.wake_at,
    )


def _found(row: asyncpg.Record | None, commitment_id: UUID) -> Commitment:
    if row is None:
        raise CommitmentNotFoundError(commitment_id=commitment_id)
    return _commitment(row)


def _commitment(row: asyncpg.Record) -> Commitment:
    return Commitment(**dict(row))
