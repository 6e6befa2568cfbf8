"""The table of permits, the locks around it, and the one read that decides about a batch.

Whoever asks to send and whoever says no take turns, per person and per address, by advisory locks:
either the asking has seen the no, or the no sees the permit.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from shared.db import Connection, Pool

from contacts.permits.domain import Recipient, Standing

_KEYS = """(
    SELECT DISTINCT key FROM (
        SELECT hashtextextended(contact_id::text, 3) AS key FROM unnest($1::uuid[]) AS contact_id
        UNION ALL
        SELECT hashtextextended(subject_hash, 4) FROM unnest($2::text[]) AS subject_hash
    ) AS named ORDER BY key
) AS keys"""
_LOCK_AGAINST_SENDING = f"SELECT pg_advisory_xact_lock(key) FROM {_KEYS}"
_LOCK_TO_SEND = f"SELECT pg_advisory_xact_lock_shared(key) FROM {_KEYS}"
_STANDINGS = """
SELECT clock_timestamp() AS now, c.status, c.effective_from, c.expires_at, c.token_id,
    c.token_expires_at,
    EXISTS (
        SELECT FROM suppressions AS s
        WHERE s.channel = asked.channel AND s.subject_hash = asked.subject_hash
            AND s.scope IN ('all', asked.purpose) AND s.is_active
    ) AS is_suppressed
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY
    AS asked (contact_id, channel, purpose, subject_hash, place)
LEFT JOIN consents AS c USING (contact_id, channel, purpose)
ORDER BY asked.place
"""
_INSERT = """
INSERT INTO sending_permits (permit_id, sender, contact_ids, subject_hashes, ends_at)
VALUES ($1, $2, $3, $4, clock_timestamp() + make_interval(secs => $5)) RETURNING ends_at
"""
_END = "DELETE FROM sending_permits WHERE permit_id = $1"
_FORGET = """
DELETE FROM sending_permits WHERE permit_id IN (
    SELECT permit_id FROM sending_permits WHERE ends_at <= clock_timestamp()
    ORDER BY permit_id FOR UPDATE SKIP LOCKED
)
"""
_IN_FORCE = """
SELECT permit_id FROM sending_permits
WHERE ends_at > clock_timestamp() AND (contact_ids && $1::uuid[] OR subject_hashes && $2::text[])
"""
_STILL_IN_FORCE = """
SELECT EXISTS (
    SELECT FROM sending_permits
    WHERE permit_id = ANY($1::uuid[]) AND ends_at > clock_timestamp()
)
"""


async def lock_against_sending(
    connection: Connection, contact_ids: Sequence[UUID], subject_hashes: Sequence[str] = ()
) -> None:
    """Until the commit nobody gets a permit for these people and addresses.

    To be called before the first change to what the permits are decided by.
    """
    await connection.execute(_LOCK_AGAINST_SENDING, list(contact_ids), list(subject_hashes))


async def lock_to_send(connection: Connection, recipients: Sequence[Recipient]) -> None:
    """Until the commit nothing changes that decides about these; several may hold it at once."""
    await connection.execute(
        _LOCK_TO_SEND,
        [recipient.contact_id for recipient in recipients],
        [recipient.subject_hash for recipient in recipients],
    )


async def load_standings(connection: Connection, recipients: Sequence[Recipient]) -> list[Standing]:
    """What is known of each recipient, in their order, by one statement."""
    rows = await connection.fetch(
        _STANDINGS,
        [recipient.contact_id for recipient in recipients],
        [recipient.channel for recipient in recipients],
        [recipient.purpose for recipient in recipients],
        [recipient.subject_hash for recipient in recipients],
    )
    return [_standing(row) for row in rows]


async def insert_permit(
    connection: Connection,
    permit_id: UUID,
    sender: str,
    recipients: Sequence[Recipient],
    seconds: float,
) -> datetime:
    """Note who is being written to; answers until when, by the database's clock."""
    ends_at: datetime = await connection.fetchval(
        _INSERT,
        permit_id,
        sender,
        [recipient.contact_id for recipient in recipients],
        [recipient.subject_hash for recipient in recipients],
        seconds,
    )
    return ends_at


async def end_permit(pool: Pool, permit_id: UUID) -> None:
    await pool.execute(_END, permit_id)


async def forget_ended(pool: Pool) -> None:
    """Delete what nobody ended and time has."""
    await pool.execute(_FORGET)


async def list_in_force(
    pool: Pool, contact_ids: Sequence[UUID], subject_hashes: Sequence[str]
) -> list[UUID]:
    """The permits under which any of these may still be written to."""
    rows = await pool.fetch(_IN_FORCE, list(contact_ids), list(subject_hashes))
    return [row["permit_id"] for row in rows]


async def is_any_in_force(pool: Pool, permit_ids: Sequence[UUID]) -> bool:
    return await pool.fetchval(_STILL_IN_FORCE, list(permit_ids)) is True


def _standing(row: asyncpg.Record) -> Standing:
    return Standing(
        now=row["now"],
        is_suppressed=row["is_suppressed"],
        status=row["status"] or "unknown",
        effective_from=row["effective_from"],
        expires_at=row["expires_at"],
        token_id=row["token_id"],
        token_expires_at=row["token_expires_at"],
    )
