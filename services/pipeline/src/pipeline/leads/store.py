"""Leads: saved under their version together with their snapshot, found by person and intake."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from shared.cause import Cause
from shared.contracts.pipeline import LeadAssigned, LeadRepointed, LeadStatus
from shared.db import Connection, Pool, refusing, rows_affected
from shared.errors import StaleVersionError
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from pipeline.leads.commands import CreateLead
from pipeline.leads.domain import WINDOW, Lead, LeadEvent, LeadNotFoundError, folded, snapshot

_COLUMNS = """lead_id, version, status, name, company, email, phone, need, source, channel,
    product_interests, campaign_id, submission_id, person_hash, owner_id, fit, engagement, grade,
    reason_code, customer_id, contact_id, deal_id, received_at, response_due_at,
    first_responded_at, customer_grade"""
_INSERT = f"""
INSERT INTO leads ({_COLUMNS})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
    $21, $22, $23, $24, $25, $26)
"""
_UPDATE = """
UPDATE leads SET version = $3, status = $4, owner_id = $5, fit = $6, engagement = $7, grade = $8,
    reason_code = $9, customer_id = $10, contact_id = $11, deal_id = $12, response_due_at = $13,
    first_responded_at = $14, customer_grade = $15
WHERE lead_id = $1 AND version = $2
"""
_SAVE_OWNERS = """
UPDATE leads SET version = new.version, status = new.status, owner_id = new.owner_id,
    response_due_at = new.response_due_at
FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[])
    AS new (lead_id, version, status, owner_id, response_due_at)
WHERE leads.lead_id = new.lead_id AND leads.version = new.version - 1
"""
_SAVE_REPOINTED = """
UPDATE leads SET version = new.version, customer_id = new.customer_id, contact_id = new.contact_id
FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::uuid[])
    AS new (lead_id, version, customer_id, contact_id)
WHERE leads.lead_id = new.lead_id AND leads.version = new.version - 1
"""
_FIND = f"SELECT {_COLUMNS} FROM leads WHERE lead_id = $1"
_LOCK = f"{_FIND} FOR UPDATE"
_LOCK_THESE = f"""
SELECT {_COLUMNS} FROM leads WHERE lead_id = ANY($1::uuid[]) AND erased_at IS NULL
ORDER BY lead_id FOR UPDATE
"""
_LOCK_OPEN_OF_PERSON = f"""
SELECT {_COLUMNS} FROM leads
WHERE person_hash = $1 AND status NOT IN ('disqualified', 'converted') AND received_at > $2
    AND (product_interests && $3::text[] OR product_interests = $3::text[])
ORDER BY received_at DESC LIMIT 1 FOR UPDATE
"""
_LOCK_OPEN_OF_CONTACT = f"""
SELECT {_COLUMNS} FROM leads
WHERE contact_id = ANY($1::uuid[]) AND status NOT IN ('disqualified', 'converted')
ORDER BY received_at DESC LIMIT 1 FOR UPDATE
"""
_LOCK_OPEN_OF_CONTACTS = f"""
SELECT {_COLUMNS} FROM leads
WHERE contact_id = ANY($1::uuid[]) AND status NOT IN ('disqualified', 'converted')
ORDER BY lead_id FOR UPDATE
"""
_LOCK_UNANSWERED_OF_CUSTOMERS = f"""
SELECT {_COLUMNS} FROM leads
WHERE customer_id = ANY($1::uuid[]) AND status IN ('new', 'assigned') ORDER BY lead_id FOR UPDATE
"""
_LOCK_OPEN_OF_OWNER = f"""
SELECT {_COLUMNS} FROM leads
WHERE owner_id = $1 AND status NOT IN ('disqualified', 'converted')
ORDER BY lead_id LIMIT $2 FOR UPDATE
"""
_LIST = f"""
SELECT {_COLUMNS} FROM leads
WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR owner_id = $2)
    AND ($3::uuid IS NULL
        OR lead_id IN (SELECT i.lead_id FROM lead_intakes AS i WHERE i.intake_id = $3))
    AND ($4::timestamptz IS NULL OR (received_at, lead_id) < ($4, $5::uuid))
ORDER BY received_at DESC, lead_id DESC LIMIT $6
"""
_INSERT_INTAKE = """
INSERT INTO lead_intakes (intake_id, lead_id, received_at) VALUES ($1, $2, $3)
"""
_FIND_INTAKE = "SELECT lead_id FROM lead_intakes WHERE intake_id = $1"
_TAKE_TURNS = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"


@dataclass(frozen=True, slots=True)
class LeadFilter:
    status: LeadStatus | None = None
    owner_id: str | None = None
    submission_id: UUID | None = None


async def record(
    connection: Connection, cause: Cause, lead: Lead, events: Sequence[LeadEvent]
) -> Lead:
    """Save what the events make of the lead, then publish them and the lead as it is now."""
    if not events:
        return lead
    after = folded(lead, events)
    await _save_lead(connection, lead.version, after)
    facts = [Fact(event, version) for version, event in enumerate(events, start=lead.version + 1)]
    await outbox.append(connection, cause, [*facts, Fact(snapshot(after), after.version)])
    return after


async def _save_lead(connection: Connection, from_version: int, lead: Lead) -> None:
    if from_version == 0:
        with refusing({"leads_pkey": StaleVersionError}):
            await connection.execute(_INSERT, *_values(lead))
        return
    status = await connection.execute(
        _UPDATE,
        lead.lead_id,
        from_version,
        lead.version,
        lead.status,
        lead.owner_id,
        lead.fit,
        lead.engagement,
        lead.grade,
        lead.reason_code,
        lead.customer_id,
        lead.contact_id,
        lead.deal_id,
        lead.response_due_at,
        lead.first_responded_at,
        lead.customer_grade,
    )
    if rows_affected(status) == 0:
        raise StaleVersionError(lead_id=lead.lead_id)


async def record_owners(
    connection: Connection, cause: Cause, changes: Sequence[tuple[Lead, LeadAssigned]]
) -> None:
    """Save and publish new owners of locked leads."""
    await _record_changes(
        connection, cause, changes, _SAVE_OWNERS, ("status", "owner_id", "response_due_at")
    )


async def record_repointed(
    connection: Connection, cause: Cause, changes: Sequence[tuple[Lead, LeadRepointed]]
) -> None:
    """Save and publish whom locked leads name now."""
    await _record_changes(
        connection, cause, changes, _SAVE_REPOINTED, ("customer_id", "contact_id")
    )


async def _record_changes(
    connection: Connection,
    cause: Cause,
    changes: Sequence[tuple[Lead, LeadEvent]],
    statement: str,
    fields: Sequence[str],
) -> None:
    """One fact of each of these locked leads: two statements, however many."""
    if not changes:
        return
    after = [(folded(lead, [event]), event) for lead, event in changes]
    names = ("lead_id", "version", *fields)
    columns = [[getattr(lead, name) for lead, _ in after] for name in names]
    status = await connection.execute(statement, *columns)
    if rows_affected(status) != len(after):
        raise StaleVersionError
    told = [Fact(said, lead.version) for lead, event in after for said in (event, snapshot(lead))]
    await outbox.append(connection, cause, told)


async def load_lead(connection: Connection, lead_id: UUID) -> Lead:
    return _found(await connection.fetchrow(_FIND, lead_id), lead_id)


async def lock_lead(connection: Connection, lead_id: UUID) -> Lead:
    return _found(await connection.fetchrow(_LOCK, lead_id), lead_id)


async def lock_snapshots(connection: Connection, lead_ids: Sequence[UUID]) -> list[Fact]:
    """The leads among these ids as they are now, locked, with their versions."""
    leads = await lock_leads(connection, lead_ids)
    return [Fact(snapshot(lead), lead.version) for lead in leads]


async def lock_leads(connection: Connection, lead_ids: Sequence[UUID]) -> list[Lead]:
    """The leads among these ids whose person is not forgotten."""
    return [_lead(row) for row in await connection.fetch(_LOCK_THESE, lead_ids)]


async def lock_open_lead_of_person(connection: Connection, command: CreateLead) -> Lead | None:
    """The lead that this intake belongs to; the caller holds the person's turn."""
    row = await connection.fetchrow(
        _LOCK_OPEN_OF_PERSON,
        command.person_hash,
        command.received_at - WINDOW,
        command.product_interests,
    )
    return _lead(row) if row else None


async def lock_open_lead_of_contact(
    connection: Connection, contact_ids: Sequence[UUID]
) -> Lead | None:
    """The newest open lead of a person, by every id that means them."""
    row = await connection.fetchrow(_LOCK_OPEN_OF_CONTACT, contact_ids)
    return _lead(row) if row else None


async def lock_open_leads_of_contacts(
    connection: Connection, contact_ids: Collection[UUID]
) -> list[Lead]:
    """The open leads that name one of these people."""
    rows = await connection.fetch(_LOCK_OPEN_OF_CONTACTS, list(contact_ids))
    return [_lead(row) for row in rows]


async def lock_unanswered_leads_of_customers(
    connection: Connection, customer_ids: Collection[UUID]
) -> list[Lead]:
    """Their leads that are owed a first answer."""
    rows = await connection.fetch(_LOCK_UNANSWERED_OF_CUSTOMERS, list(customer_ids))
    return [_lead(row) for row in rows]


async def lock_open_leads_of_owner(connection: Connection, owner_id: str, limit: int) -> list[Lead]:
    """Some of the leads that an employee answers for and that are not closed."""
    rows = await connection.fetch(_LOCK_OPEN_OF_OWNER, owner_id, limit)
    return [_lead(row) for row in rows]


async def list_leads(
    pool: Pool, wanted: LeadFilter, after: Sequence[Any] | None, limit: int
) -> list[Lead]:
    """Leads, the last received first."""
    received_at, lead_id = after or (None, None)
    rows = await pool.fetch(
        _LIST, wanted.status, wanted.owner_id, wanted.submission_id, received_at, lead_id, limit
    )
    return [_lead(row) for row in rows]


async def insert_intake(
    connection: Connection, intake_id: UUID, lead_id: UUID, received_at: datetime
) -> None:
    await connection.execute(_INSERT_INTAKE, intake_id, lead_id, received_at)


async def find_intake(connection: Connection, intake_id: UUID) -> UUID | None:
    """The lead that an intake became or was added to."""
    lead_id: UUID | None = await connection.fetchval(_FIND_INTAKE, intake_id)
    return lead_id


async def take_turns(connection: Connection, *subjects: object) -> None:
    """Hold, until the transaction ends, what nobody has a row for yet: an intake, a person.

    Everybody asks in the order intake, person, contact, and for leads' rows after that.
    """
    for subject in subjects:
        if subject is not None:
            await connection.execute(_TAKE_TURNS, f"lead:{subject}")


def _found(row: asyncpg.Record | None, lead_id: UUID) -> Lead:
    if row is None:
        raise LeadNotFoundError(lead_id=lead_id)
    return _lead(row)


def _values(lead: Lead) -> Iterator[object]:
    return (getattr(lead, column.strip()) for column in _COLUMNS.split(","))


def _lead(row: asyncpg.Record) -> Lead:
    columns: dict[str, Any] = dict(row)
    columns["product_interests"] = tuple(columns["product_interests"])
    return Lead(**columns)
