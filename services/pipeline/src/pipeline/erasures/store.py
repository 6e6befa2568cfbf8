"""Finding and redacting what pipeline holds of a person: leads, deals' names, promises."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts.contacts import ErasureRequested, Retained
from shared.db import Connection

NAME = "(erased)"
"""What stands for the name of a deal, or the words of a promise, that told of a person."""

_FIND_LEADS = """
SELECT lead_id FROM leads
WHERE erased_at IS NULL AND (
    contact_id = ANY($1::uuid[]) OR customer_id = ANY($2::uuid[]) OR person_hash = ANY($3::text[])
    OR submission_id = ANY($4::uuid[])
    OR lead_id IN (SELECT i.lead_id FROM lead_intakes AS i WHERE i.intake_id = ANY($4::uuid[])))
ORDER BY lead_id FOR UPDATE
"""
_ERASE_LEADS = """
UPDATE leads SET version = leads.version + 1, erased_at = $2, name = NULL, company = NULL,
    email = NULL, phone = NULL, need = NULL, person_hash = NULL,
    reason_code = CASE WHEN before.is_closed THEN leads.reason_code ELSE 'erased' END,
    status = CASE WHEN before.is_closed THEN leads.status ELSE 'disqualified' END
FROM (
    SELECT lead_id, status IN ('disqualified', 'converted') AS is_closed FROM leads
    WHERE lead_id = ANY($1::uuid[])
) AS before
WHERE leads.lead_id = before.lead_id
RETURNING leads.lead_id, leads.version, leads.campaign_id, before.is_closed
"""
_REDACT_DEALS = f"""
UPDATE deals SET version = version + 1, name = '{NAME}'
WHERE name <> '{NAME}' AND (primary_contact_id = ANY($1::uuid[]) OR customer_id = ANY($2::uuid[])
    OR lead_id = ANY($3::uuid[]))
RETURNING deal_id, customer_id, version
"""
_REDACT_COMMITMENTS = f"""
UPDATE commitments SET version = version + 1, text = '{NAME}'
WHERE text <> '{NAME}' AND (contact_id = ANY($1::uuid[]) OR customer_id = ANY($2::uuid[])
    OR contact_id IS NULL AND deal_id IN (
        SELECT d.deal_id FROM deals AS d WHERE d.primary_contact_id = ANY($1::uuid[])))
RETURNING commitment_id, customer_id, version
"""
_RETAINED = """
SELECT r.category, r.legal_basis, (max(o.ordered_at) + r.kept)::date AS until
FROM orders AS o CROSS JOIN retention_rules AS r
WHERE o.customer_id = ANY($1::uuid[]) AND r.category = 'orders'
GROUP BY r.category, r.legal_basis, r.kept
"""


@dataclass(frozen=True, slots=True)
class ErasedLead:
    """A lead whose person is forgotten; an open one is disqualified by it."""

    lead_id: UUID
    version: int
    campaign_id: UUID | None
    was_closed: bool


@dataclass(frozen=True, slots=True)
class RedactedDeal:
    deal_id: UUID
    customer_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class RedactedCommitment:
    commitment_id: UUID
    customer_id: UUID
    version: int


async def find_leads(connection: Connection, asked: ErasureRequested) -> list[UUID]:
    """Leads of these people, by what they are known by: id, customer, address or form; locked."""
    rows = await connection.fetch(
        _FIND_LEADS,
        asked.contact_ids,
        asked.customer_ids,
        asked.subject_hashes,
        asked.submission_ids,
    )
    return [row["lead_id"] for row in rows]


async def find_leads_of_submissions(
    connection: Connection, submission_ids: Sequence[UUID]
) -> list[UUID]:
    rows = await connection.fetch(_FIND_LEADS, [], [], [], list(submission_ids))
    return [row["lead_id"] for row in rows]


async def erase_leads(
    connection: Connection, lead_ids: Sequence[UUID], at: datetime
) -> list[ErasedLead]:
    rows: list[Any] = await connection.fetch(_ERASE_LEADS, list(lead_ids), at)
    return [ErasedLead(*row) for row in rows]


async def redact_deals(
    connection: Connection, asked: ErasureRequested, lead_ids: Sequence[UUID]
) -> list[RedactedDeal]:
    rows: list[Any] = await connection.fetch(
        _REDACT_DEALS, asked.contact_ids, asked.customer_ids, list(lead_ids)
    )
    return [RedactedDeal(*row) for row in rows]


async def redact_commitments(
    connection: Connection, asked: ErasureRequested
) -> list[RedactedCommitment]:
    """Promises to these people; one that names nobody is to whom its deal is with."""
    rows: list[Any] = await connection.fetch(
        _REDACT_COMMITMENTS, asked.contact_ids, asked.customer_ids
    )
    return [RedactedCommitment(*row) for row in rows]


async def list_retained(connection: Connection, customer_ids: Sequence[UUID]) -> list[Retained]:
    """Orders are kept for the law, without a name: ids, amounts and times."""
    rows = await connection.fetch(_RETAINED, list(customer_ids))
    return [Retained(**dict(row)) for row in rows]
