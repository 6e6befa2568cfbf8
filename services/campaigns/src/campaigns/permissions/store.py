"""SQL of permissions: consents, suppressions and opt-outs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.contracts.contacts import Channel, ConsentStatus
from shared.db import Connection

_SAVE_CONSENTS = """
INSERT INTO consents (contact_id, channel, purpose, version, status, expires_at, effective_from)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[],
    $6::timestamptz[], $7::timestamptz[])
ORDER BY 1, 2, 3
ON CONFLICT ON CONSTRAINT consents_pkey DO UPDATE SET
    version = excluded.version, status = excluded.status, expires_at = excluded.expires_at,
    effective_from = excluded.effective_from
WHERE consents.version < excluded.version
RETURNING contact_id
"""
_SAVE_SUPPRESSION = """
INSERT INTO suppressions (suppression_id, version, subject_hash, channel, scope, is_active)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (suppression_id) DO UPDATE SET
    version = excluded.version, subject_hash = excluded.subject_hash,
    channel = excluded.channel, is_active = excluded.is_active,
    scope = CASE WHEN excluded.is_active THEN excluded.scope ELSE suppressions.scope END
WHERE suppressions.version < excluded.version
"""
_LOCK_PEOPLE = """
SELECT pg_advisory_xact_lock(key) FROM (
    SELECT DISTINCT hashtextextended('campaigns.permission:' || contact_id, 0) AS key
    FROM unnest($1::uuid[]) AS contact_id ORDER BY key
) AS keys
"""
_INSERT_OPT_OUTS = """
INSERT INTO opt_outs (contact_id, channel, subject_hash, opted_out_at)
SELECT contact_id, $2, $3, $4 FROM unnest($1::uuid[]) AS contact_id ORDER BY contact_id
ON CONFLICT ON CONSTRAINT opt_outs_pkey DO UPDATE SET opted_out_at = excluded.opted_out_at
"""
_COUNT_OPTED_OUT = """
SELECT count(*) FROM opt_outs
WHERE contact_id = ANY($1::uuid[]) AND channel = $2 AND subject_hash = $3
"""
_END_OPT_OUTS = """
DELETE FROM opt_outs AS o
USING unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS g (contact_id, channel, granted_at)
WHERE o.contact_id = g.contact_id AND o.channel = g.channel AND o.opted_out_at < g.granted_at
"""
_LIFT_OPT_OUTS = """
DELETE FROM opt_outs WHERE subject_hash = $1 AND channel = $2 AND opted_out_at < $3
"""


@dataclass(frozen=True, slots=True)
class Consent:
    contact_id: UUID
    channel: Channel
    purpose: str
    version: int
    status: ConsentStatus
    expires_at: datetime | None = None
    effective_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Suppression:
    suppression_id: UUID
    version: int
    subject_hash: str
    channel: Channel
    scope: str
    is_active: bool


async def lock_permissions(connection: Connection, contact_ids: Sequence[UUID]) -> None:
    """Hold these people's permissions until the end of the transaction.

    The send gate and an opt-out take turns by it: what the gate let pass, it let pass before.
    """
    await connection.execute(_LOCK_PEOPLE, contact_ids)


async def save_consents(connection: Connection, consents: Sequence[Consent]) -> set[UUID]:
    """Write the newer of the consents, one per person, channel and purpose; answers whose."""
    rows = await connection.fetch(
        _SAVE_CONSENTS,
        [consent.contact_id for consent in consents],
        [consent.channel for consent in consents],
        [consent.purpose for consent in consents],
        [consent.version for consent in consents],
        [consent.status for consent in consents],
        [consent.expires_at for consent in consents],
        [consent.effective_from for consent in consents],
    )
    return {row["contact_id"] for row in rows}


async def save_suppression(connection: Connection, suppression: Suppression) -> None:
    """Write the suppression where it is newer."""
    await connection.execute(
        _SAVE_SUPPRESSION,
        suppression.suppression_id,
        suppression.version,
        suppression.subject_hash,
        suppression.channel,
        suppression.scope,
        suppression.is_active,
    )


async def have_opted_out(
    connection: Connection, contact_ids: Sequence[UUID], channel: Channel, subject_hash: str
) -> bool:
    """Whether an opt-out of this address is in force for each of these ids of a person."""
    counted: int = await connection.fetchval(_COUNT_OPTED_OUT, contact_ids, channel, subject_hash)
    return counted == len(contact_ids)


async def insert_opt_outs(
    connection: Connection,
    contact_ids: Sequence[UUID],
    channel: Channel,
    subject_hash: str,
    at: datetime,
) -> None:
    """Close the gate for a person, by these ids, on a channel, whatever the purpose.

    `subject_hash` is of the address that said so; it stays closed when others are lifted.
    """
    await connection.execute(_INSERT_OPT_OUTS, contact_ids, channel, subject_hash, at)


async def end_opt_outs(
    connection: Connection, grants: Sequence[tuple[UUID, Channel, datetime]]
) -> None:
    """A consent given after the opt-out takes it back; each by person, channel and time."""
    await connection.execute(
        _END_OPT_OUTS,
        [contact_id for contact_id, _, _ in grants],
        [channel for _, channel, _ in grants],
        [granted_at for _, _, granted_at in grants],
    )


async def lift_opt_outs(
    connection: Connection, subject_hash: str, channel: Channel, lifted_at: datetime
) -> None:
    """Somebody with the right to do so has lifted the suppression of this address."""
    await connection.execute(_LIFT_OPT_OUTS, subject_hash, channel, lifted_at)
