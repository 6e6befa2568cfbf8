"""Restrictions, and what campaigns holds of a person: copies, submissions, consents."""

from collections.abc import Sequence
from uuid import UUID

from shared.contracts.contacts import ErasureRequested
from shared.db import Connection, rows_affected

_RESTRICT = """
INSERT INTO restrictions (contact_id, request_id)
SELECT contact_id, $1 FROM unnest($2::uuid[]) AS contact_id ON CONFLICT DO NOTHING
"""
_LIFT = "DELETE FROM restrictions WHERE request_id = $1 AND contact_id = $2"
_DELETE_SUBMISSIONS = """
DELETE FROM submissions
WHERE submission_id = ANY($1::uuid[]) OR lower(fields ->> 'email') IN (
    SELECT email FROM people WHERE contact_id = ANY($2::uuid[]) AND email IS NOT NULL)
RETURNING submission_id
"""
_DELETE_CONSENTS = "DELETE FROM consents WHERE contact_id = ANY($1::uuid[])"


async def insert_restrictions(
    connection: Connection, request_id: UUID, contact_ids: Sequence[UUID]
) -> None:
    await connection.execute(_RESTRICT, request_id, list(contact_ids))


async def delete_restriction(connection: Connection, request_id: UUID, contact_id: UUID) -> None:
    await connection.execute(_LIFT, request_id, contact_id)


async def delete_submissions(connection: Connection, asked: ErasureRequested) -> list[UUID]:
    """The forms that are known to be theirs, and those with an address of theirs."""
    rows = await connection.fetch(_DELETE_SUBMISSIONS, asked.submission_ids, asked.contact_ids)
    return [row["submission_id"] for row in rows]


async def delete_consents(connection: Connection, contact_ids: Sequence[UUID]) -> int:
    return rows_affected(await connection.execute(_DELETE_CONSENTS, list(contact_ids)))
