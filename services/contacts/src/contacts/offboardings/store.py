"""The table of proposals, and what is open between a customer and us."""

from collections.abc import Collection, Sequence
from uuid import UUID

import asyncpg
from shared.db import Connection, refusing

from contacts.offboardings.domain import (
    Commitment,
    Proposal,
    ProposalIsOpenError,
    ProposalNotFoundError,
    Status,
)

MOST_COMMITMENTS = 200
_FIELDS = (
    "proposal_id",
    "customer_id",
    "to",
    "reason_code",
    "proposed_by",
    "proposed_at",
    "status",
    "decided_by",
    "decided_at",
)
_COLUMNS = ", ".join(f'"{name}"' for name in _FIELDS)
_SELECT = f"SELECT {_COLUMNS} FROM offboardings"
_INSERT = f"INSERT INTO offboardings ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
_LIST = f"""
{_SELECT}
WHERE ($1::text IS NULL OR status = $1) AND ($2::uuid IS NULL OR customer_id = $2)
    AND ($3::timestamptz IS NULL OR (proposed_at, proposal_id) < ($3, $4::uuid))
ORDER BY proposed_at DESC, proposal_id DESC LIMIT $5
"""
_COMMITMENTS = """
SELECT 'order' AS kind, order_id AS id, status, total AS amount, currency FROM customer_orders
WHERE customer_id = ANY($1::uuid[]) AND status NOT IN ('paid', 'cancelled')
UNION ALL
SELECT 'deal', deal_id, status, amount, currency FROM customer_deals
WHERE customer_id = ANY($1::uuid[]) AND status = 'open'
ORDER BY amount DESC NULLS FIRST, id LIMIT $2
"""


async def find_proposal(connection: Connection, proposal_id: UUID) -> Proposal | None:
    row = await connection.fetchrow(f"{_SELECT} WHERE proposal_id = $1", proposal_id)
    return _proposal(row) if row else None


async def load_proposal(connection: Connection, proposal_id: UUID) -> Proposal:
    proposal = await find_proposal(connection, proposal_id)
    if proposal is None:
        raise ProposalNotFoundError(proposal_id=proposal_id)
    return proposal


async def list_open_of(connection: Connection, customer_ids: Collection[UUID]) -> list[UUID]:
    """The proposals about these customers that nobody has decided yet."""
    rows = await connection.fetch(
        "SELECT proposal_id FROM offboardings"
        " WHERE customer_id = ANY($1::uuid[]) AND status = 'proposed' ORDER BY proposal_id",
        list(customer_ids),
    )
    return [row["proposal_id"] for row in rows]


async def insert_proposal(connection: Connection, proposal: Proposal) -> None:
    """One waits for each customer at most: `ProposalIsOpenError`."""
    with refusing({"offboardings_open_key": ProposalIsOpenError}):
        await connection.execute(_INSERT, *(getattr(proposal, name) for name in _FIELDS))


async def save_decision(connection: Connection, proposal: Proposal) -> None:
    """The caller holds the customer's lock."""
    await connection.execute(
        "UPDATE offboardings SET status = $2, decided_by = $3, decided_at = $4"
        " WHERE proposal_id = $1",
        proposal.proposal_id,
        proposal.status,
        proposal.decided_by,
        proposal.decided_at,
    )


async def list_proposals(
    connection: Connection,
    status: Status | None,
    customer_id: UUID | None,
    after: Sequence[object] | None,
    limit: int,
) -> list[Proposal]:
    """The latest first."""
    proposed_at, proposal_id = after or (None, None)
    rows = await connection.fetch(_LIST, status, customer_id, proposed_at, proposal_id, limit)
    return [_proposal(row) for row in rows]


async def list_commitments(
    connection: Connection, customer_ids: Collection[UUID]
) -> list[Commitment]:
    """What is open with whom these ids mean, the largest first."""
    rows = await connection.fetch(_COMMITMENTS, list(customer_ids), MOST_COMMITMENTS)
    return [Commitment(**dict(row)) for row in rows]


def _proposal(row: asyncpg.Record) -> Proposal:
    return Proposal(**dict(row))
