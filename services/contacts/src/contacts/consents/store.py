"""The table of consents. Every change of one takes its turn with whoever asks to send."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from shared.cause import Cause
from shared.contracts.contacts import Channel, Purpose
from shared.db import Connection, rows_affected
from shared.errors import StaleVersionError
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from contacts.consents.commands import Command, Consent, Evidence, Subject
from contacts.consents.domain import decide, evolve, with_evidence
from contacts.history.domain import Changed
from contacts.history.store import record_changes
from contacts.permits.store import lock_against_sending

_FIELDS = (
    "consent_id",
    "contact_id",
    "channel",
    "purpose",
    "status",
    "since",
    "source",
    "version",
    "lawful_basis",
    "evidence_ref",
    "form_version",
    "ip_hash",
    "effective_from",
    "expires_at",
    "double_opt_in_at",
    "token_id",
    "token_expires_at",
)
_TOLD = (
    "status",
    "since",
    "source",
    "lawful_basis",
    "effective_from",
    "expires_at",
    "double_opt_in_at",
)
_COLUMNS = ", ".join(_FIELDS)
_SELECT = f"SELECT {_COLUMNS} FROM consents"
_SAVE = f"""
INSERT INTO consents AS stored ({_COLUMNS})
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[],
    $6::timestamptz[], $7::text[], $8::bigint[], $9::text[], $10::text[], $11::text[],
    $12::text[], $13::timestamptz[], $14::timestamptz[], $15::timestamptz[], $16::uuid[],
    $17::timestamptz[]) AS new ({_COLUMNS})
ON CONFLICT (consent_id) DO UPDATE SET
    status = excluded.status, since = excluded.since, source = excluded.source,
    version = excluded.version, lawful_basis = excluded.lawful_basis,
    evidence_ref = excluded.evidence_ref, form_version = excluded.form_version,
    ip_hash = excluded.ip_hash, effective_from = excluded.effective_from,
    expires_at = excluded.expires_at, double_opt_in_at = excluded.double_opt_in_at,
    token_id = excluded.token_id, token_expires_at = excluded.token_expires_at
WHERE stored.version < excluded.version
"""
_LOCK_EXPIRED = f"""
{_SELECT} WHERE status = 'granted' AND expires_at <= $1
ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""


async def lock_consent(connection: Connection, consent_id: UUID) -> Consent | None:
    row = await connection.fetchrow(f"{_SELECT} WHERE consent_id = $1 FOR UPDATE", consent_id)
    return _consent(row) if row else None


async def list_consents(connection: Connection, contact_id: UUID) -> list[Consent]:
    rows = await connection.fetch(
        f"{_SELECT} WHERE contact_id = $1 ORDER BY channel, purpose", contact_id
    )
    return [_consent(row) for row in rows]


async def list_granted(
    connection: Connection, contact_ids: Collection[UUID], channel: Channel
) -> list[Subject]:
    """What these people have granted on a channel."""
    rows = await connection.fetch(
        f"{_SELECT} WHERE contact_id = ANY($1::uuid[]) AND channel = $2 AND status = 'granted'",
        list(contact_ids),
        channel,
    )
    return [_consent(row).subject for row in rows]


async def find_opposed(
    connection: Connection, contact_ids: Collection[UUID], purpose: Purpose
) -> set[UUID]:
    """Those of these people who said no to a purpose, on whatever channel."""
    rows = await connection.fetch(
        "SELECT DISTINCT contact_id FROM consents WHERE contact_id = ANY($1::uuid[])"
        " AND purpose = $2 AND status IN ('denied', 'withdrawn')",
        list(contact_ids),
        purpose,
    )
    return {row["contact_id"] for row in rows}


async def lock_consents(connection: Connection, consent_ids: Sequence[UUID]) -> list[Consent]:
    rows = await connection.fetch(
        f"{_SELECT} WHERE consent_id = ANY($1::uuid[]) ORDER BY consent_id FOR UPDATE", consent_ids
    )
    return [_consent(row) for row in rows]


async def lock_expired(connection: Connection, now: datetime, limit: int) -> list[Consent]:
    """Consents whose time is over and whom nobody has told so; another process takes others."""
    return [_consent(row) for row in await connection.fetch(_LOCK_EXPIRED, now, limit)]


async def record(connection: Connection, cause: Cause, command: Command) -> Consent | None:
    """Decide on the consent as it is now; write and publish what follows."""
    return (await record_all(connection, cause, [command]))[0]


async def record_all(
    connection: Connection, cause: Cause, commands: Sequence[Command]
) -> list[Consent | None]:
    """Decide each on its own consent as it is now, one command a consent; in four statements."""
    subjects = [command.subject for command in commands]
    await lock_against_sending(connection, [subject.contact_id for subject in subjects])
    locked = await lock_consents(connection, [subject.consent_id for subject in subjects])
    return await record_locked(connection, cause, locked, commands)


async def record_locked(
    connection: Connection, cause: Cause, locked: Sequence[Consent], commands: Sequence[Command]
) -> list[Consent | None]:
    """Decide on consents that are locked; what is not among them is unknown."""
    known = {consent.subject.consent_id: consent for consent in locked}
    changed: dict[UUID, Consent] = {}
    facts: list[Fact] = []
    for command in commands:
        consent = known.get(command.subject.consent_id)
        for event in decide(consent, command):
            consent = with_evidence(evolve(consent, event), command)
            changed[command.subject.consent_id] = consent
            facts.append(Fact(event, consent.version))
    await save_consents(connection, list(changed.values()))
    entries = [_entry(known.get(key), after, cause) for key, after in changed.items()]
    await record_changes(connection, entries)
    await outbox.append(connection, cause, facts)
    known |= changed
    return [known.get(command.subject.consent_id) for command in commands]


def _entry(before: Consent | None, after: Consent, cause: Cause) -> Changed:
    subject = after.subject
    return Changed(
        about=subject.contact_id,
        part=f"consent:{subject.channel}:{subject.purpose}",
        version=after.version,
        before=_told(before) if before else {},
        after=_told(after),
        cause=cause,
    )


def _told(consent: Consent) -> dict[str, Any]:
    """What a history tells of a consent; the question's token is nobody's business."""
    return {name: getattr(consent, name) for name in _TOLD} | asdict(consent.evidence)


async def save_consents(connection: Connection, consents: Sequence[Consent]) -> None:
    """Raises `StaleVersionError` where somebody made or changed one at the same time."""
    if not consents:
        return
    columns = [list(column) for column in zip(*map(_row, consents), strict=True)]
    if rows_affected(await connection.execute(_SAVE, *columns)) != len(consents):
        raise StaleVersionError


def _row(consent: Consent) -> tuple[object, ...]:
    subject, evidence = consent.subject, consent.evidence
    return (
        subject.consent_id,
        subject.contact_id,
        subject.channel,
        subject.purpose,
        consent.status,
        consent.since,
        consent.source,
        consent.version,
        consent.lawful_basis,
        evidence.proof_ref,
        evidence.form_version,
        evidence.ip_hash,
        consent.effective_from,
        consent.expires_at,
        consent.double_opt_in_at,
        consent.token_id,
        consent.token_expires_at,
    )


def _consent(row: asyncpg.Record) -> Consent:
    return Consent(
        Subject(row["contact_id"], row["channel"], row["purpose"]),
        row["status"],
        row["since"],
        row["source"],
        row["version"],
        row["lawful_basis"],
        Evidence(row["evidence_ref"], row["form_version"], row["ip_hash"]),
        row["effective_from"],
        row["expires_at"],
        row["double_opt_in_at"],
        row["token_id"],
        row["token_expires_at"],
    )
