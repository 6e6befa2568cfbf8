"""The table of consents."""

from uuid import UUID

import asyncpg
from shared.cause import Cause
from shared.contracts.contacts import Channel
from shared.db import Connection, rows_affected
from shared.errors import StaleVersionError
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from contacts.consents.domain import Command, Consent, Subject, decide, evolve

_SELECT = """
SELECT contact_id, channel, purpose, status, since, source, version, lawful_basis, evidence_ref,
    expires_at
FROM consents
"""
_SAVE = """
INSERT INTO consents AS stored (consent_id, contact_id, channel, purpose, status, since, source,
    version, lawful_basis, evidence_ref, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (consent_id) DO UPDATE SET
    status = excluded.status, since = excluded.since, source = excluded.source,
    version = excluded.version, lawful_basis = excluded.lawful_basis,
    evidence_ref = excluded.evidence_ref, expires_at = excluded.expires_at
WHERE stored.version = excluded.version - 1
"""


async def lock_consent(connection: Connection, consent_id: UUID) -> Consent | None:
    row = await connection.fetchrow(f"{_SELECT} WHERE consent_id = $1 FOR UPDATE", consent_id)
    return _consent(row) if row else None


async def list_consents(connection: Connection, contact_id: UUID) -> list[Consent]:
    rows = await connection.fetch(
        f"{_SELECT} WHERE contact_id = $1 ORDER BY channel, purpose", contact_id
    )
    return [_consent(row) for row in rows]


async def list_granted(connection: Connection, contact_id: UUID, channel: Channel) -> list[Subject]:
    consents = await list_consents(connection, contact_id)
    return [
        consent.subject
        for consent in consents
        if consent.status == "granted" and consent.subject.channel == channel
    ]


async def record(connection: Connection, cause: Cause, command: Command) -> Consent | None:
    """Decide on the consent as it is now; write and publish what follows."""
    consent = await lock_consent(connection, command.subject.consent_id)
    for event in decide(consent, command):
        consent = evolve(consent, event)
        await _save(connection, consent)
        await outbox.append(connection, cause, [Fact(event, consent.version)])
    return consent


async def _save(connection: Connection, consent: Consent) -> None:
    """Raises `StaleVersionError` where somebody made or changed it at the same time."""
    status = await connection.execute(
        _SAVE,
        consent.subject.consent_id,
        consent.subject.contact_id,
        consent.subject.channel,
        consent.subject.purpose,
        consent.status,
        consent.since,
        consent.source,
        consent.version,
        consent.lawful_basis,
        consent.evidence_ref,
        consent.expires_at,
    )
    if rows_affected(status) == 0:
        raise StaleVersionError


def _consent(row: asyncpg.Record) -> Consent:
    return Consent(
        Subject(row["contact_id"], row["channel"], row["purpose"]),
        row["status"],
        row["since"],
        row["source"],
        row["version"],
        row["lawful_basis"],
        row["evidence_ref"],
        row["expires_at"],
    )
