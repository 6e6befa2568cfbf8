"""Responses and identities; what has no lead yet waits here for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from shared.contracts.campaigns import ResponseRecorded
from shared.contracts.contacts import IdentityLinked
from shared.db import Connection, Pool, transaction

KEPT = timedelta(days=30)
"""How long a signal waits for a lead; then it says nothing of a new one."""

_CLAIM = """
INSERT INTO lead_responses
    (response_id, lead_id, submission_id, contact_id, score_delta, kind, occurred_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (response_id) DO NOTHING
RETURNING response_id
"""
_TAKE_RESPONSES = """
UPDATE lead_responses SET lead_id = $1
WHERE lead_id IS NULL AND (submission_id = $2 OR contact_id = ANY($3::uuid[]))
RETURNING score_delta, kind
"""
_KEEP_IDENTITY = """
INSERT INTO waiting_identities (submission_id, contact_id, customer_id) VALUES ($1, $2, $3)
ON CONFLICT (submission_id) DO UPDATE SET
    contact_id = excluded.contact_id, customer_id = excluded.customer_id
"""
_TAKE_IDENTITY = """
DELETE FROM waiting_identities WHERE submission_id = $1 RETURNING contact_id, customer_id
"""
_PRUNE_RESPONSES = """
DELETE FROM lead_responses WHERE lead_id IS NULL AND occurred_at < now() - $1::interval
"""
_PRUNE_IDENTITIES = "DELETE FROM waiting_identities WHERE linked_at < now() - $1::interval"


@dataclass(frozen=True, slots=True)
class Response:
    """What a person did, in points."""

    points: int
    kind: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a person is."""

    contact_id: UUID
    customer_id: UUID | None


async def claim_response(
    connection: Connection, response: ResponseRecorded, lead_id: UUID | None
) -> bool:
    """Count a response towards a lead, or let it wait; False where it was counted before."""
    claimed = await connection.fetchval(
        _CLAIM,
        response.response_id,
        lead_id,
        response.submission_id,
        response.contact_id,
        response.score_delta,
        response.kind,
        response.occurred_at,
    )
    return claimed is not None


async def take_responses(
    connection: Connection,
    lead_id: UUID,
    submission_id: UUID | None,
    contact_ids: Sequence[UUID],
) -> list[Response]:
    """The responses that have waited for this lead: by its form, or by an id of its person."""
    rows = await connection.fetch(_TAKE_RESPONSES, lead_id, submission_id, contact_ids)
    return [Response(row["score_delta"], row["kind"]) for row in rows]


async def keep_identity(
    connection: Connection, submission_id: UUID, identity: IdentityLinked
) -> None:
    await connection.execute(
        _KEEP_IDENTITY, submission_id, identity.contact_id, identity.customer_id
    )


async def take_identity(connection: Connection, submission_id: UUID) -> Identity | None:
    """Who the submission is from, if that was heard before its lead came."""
    row = await connection.fetchrow(_TAKE_IDENTITY, submission_id)
    return Identity(**row) if row else None


async def prune(pool: Pool) -> None:
    """Forget the signals that no lead has come for."""
    async with transaction(pool) as connection:
        await connection.execute(_PRUNE_RESPONSES, KEPT)
        await connection.execute(_PRUNE_IDENTITIES, KEPT)
