"""SQL of confirmations, and whom each is to be sent to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from shared.cause import Cause
from shared.db import Connection
from shared.ids import new_id
from shared.telemetry import continue_trace

from campaigns.confirmations.domain import Confirmation, ConfirmationNotFoundError

_COLUMNS = (
    "token_id, consent_id, contact_id, channel, purpose, expires_at, next_attempt_at, version,"
    " status, reason_code, attempts, handed_over_at, sent_at, confirmed_at, subject_hash"
)
_INSERT = """
INSERT INTO confirmations
    (token_id, consent_id, contact_id, channel, purpose, expires_at, next_attempt_at, cause)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (token_id) DO NOTHING
"""
_LOCK_DUE = f"""
SELECT {_COLUMNS} FROM confirmations WHERE status = 'reserved' AND next_attempt_at <= $1
ORDER BY next_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""
_LOCK_LOST = f"""
SELECT {_COLUMNS} FROM confirmations WHERE status = 'handing-over' AND handed_over_at < $1
ORDER BY handed_over_at LIMIT 500 FOR UPDATE SKIP LOCKED
"""
_LOCK_THESE = f"""
SELECT {_COLUMNS} FROM confirmations WHERE token_id = ANY($1::uuid[])
ORDER BY token_id FOR UPDATE
"""
_SAVE = """
UPDATE confirmations AS c SET version = n.version, status = n.status,
    reason_code = n.reason_code, attempts = n.attempts, next_attempt_at = n.next_attempt_at,
    handed_over_at = n.handed_over_at, sent_at = n.sent_at, confirmed_at = n.confirmed_at,
    subject_hash = n.subject_hash
FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::int[], $6::timestamptz[],
    $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::text[]) AS n (token_id, version,
    status, reason_code, attempts, next_attempt_at, handed_over_at, sent_at, confirmed_at,
    subject_hash)
WHERE c.token_id = n.token_id
"""
_ADDRESSEES = """
SELECT contact_id, email, subject_hash, given_name, family_name, salutation FROM people
WHERE contact_id = ANY($1::uuid[]) AND email IS NOT NULL
"""
_CAUSES = "SELECT token_id, cause FROM confirmations WHERE token_id = ANY($1::uuid[])"


@dataclass(frozen=True, slots=True)
class Addressee:
    """Where the question goes, and whom it greets."""

    email: str
    subject_hash: str
    given_name: str | None
    family_name: str | None
    salutation: str | None


async def insert_confirmation(
    connection: Connection, confirmation: Confirmation, cause: Cause
) -> None:
    """Reserve the mail of a question; a question that has one keeps it."""
    written = {"correlation_id": cause.correlation_id, "traceparent": str(cause.trace)}
    await connection.execute(
        _INSERT,
        confirmation.token_id,
        confirmation.consent_id,
        confirmation.contact_id,
        confirmation.channel,
        confirmation.purpose,
        confirmation.expires_at,
        confirmation.next_attempt_at,
        json.dumps(written),
    )


async def lock_due(connection: Connection, now: datetime, limit: int) -> list[Confirmation]:
    """Questions whose time to be asked has come; another process takes others."""
    return [_confirmation(row) for row in await connection.fetch(_LOCK_DUE, now, limit)]


async def lock_lost(connection: Connection, handed_over_before: datetime) -> list[Confirmation]:
    """Questions whose sender has died on the way."""
    return [_confirmation(row) for row in await connection.fetch(_LOCK_LOST, handed_over_before)]


async def lock_these(connection: Connection, token_ids: Sequence[UUID]) -> list[Confirmation]:
    return [_confirmation(row) for row in await connection.fetch(_LOCK_THESE, token_ids)]


async def lock_confirmation(connection: Connection, token_id: UUID) -> Confirmation:
    """Raises `ConfirmationNotFoundError`."""
    found = await lock_these(connection, [token_id])
    if not found:
        raise ConfirmationNotFoundError(token_id=token_id)
    return found[0]


async def find_addressees(
    connection: Connection, contact_ids: Sequence[UUID]
) -> dict[UUID, Addressee]:
    """Of those who are known and have an address."""
    found: dict[UUID, Addressee] = {}
    for row in await connection.fetch(_ADDRESSEES, contact_ids):
        values: dict[str, Any] = dict(row)
        contact_id = values.pop("contact_id")
        found[contact_id] = Addressee(**values)
    return found


async def load_causes(
    connection: Connection, token_ids: Sequence[UUID], at: datetime
) -> dict[UUID, Cause]:
    """The request that each question continues."""
    causes: dict[UUID, Cause] = {}
    for row in await connection.fetch(_CAUSES, token_ids):
        asked = json.loads(row["cause"])
        correlation_id = asked.get("correlation_id") or str(new_id())
        trace = continue_trace(asked.get("traceparent"))
        causes[row["token_id"]] = Cause("service:campaigns", at, correlation_id, trace)
    return causes


async def save(connection: Connection, confirmations: Sequence[Confirmation]) -> None:
    """Write what became of locked questions."""
    columns: list[list[object]] = [
        [each.token_id for each in confirmations],
        [each.version for each in confirmations],
        [each.status for each in confirmations],
        [each.reason_code for each in confirmations],
        [each.attempts for each in confirmations],
        [each.next_attempt_at for each in confirmations],
        [each.handed_over_at for each in confirmations],
        [each.sent_at for each in confirmations],
        [each.confirmed_at for each in confirmations],
        [each.subject_hash for each in confirmations],
    ]
    await connection.execute(_SAVE, *columns)


def _confirmation(row: asyncpg.Record) -> Confirmation:
    values: dict[str, Any] = dict(row)
    return Confirmation(**values)
