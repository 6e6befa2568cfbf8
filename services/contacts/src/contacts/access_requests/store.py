"""What contacts itself holds of a person, and the bundles, which are kept for a while."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.db import Connection, Pool, rows_affected

from contacts.access_requests.domain import BundleNotFoundError
from contacts.privacy.domain import PrivacyRequest

SECTIONS = {
    # Every column, those to come among them: what is held of a person is told.
    "person": "SELECT p.* FROM people AS p WHERE p.contact_id = ANY($1) ORDER BY p.contact_id",
    "customer": """
        SELECT c.* FROM customers AS c WHERE c.customer_id = ANY($2) ORDER BY c.customer_id""",
    "contact_points": """
        SELECT p.* FROM points AS p WHERE p.contact_id = ANY($1) ORDER BY p.point_id""",
    "postal_addresses": """
        SELECT p.* FROM postal_points AS p WHERE p.contact_id = ANY($1) ORDER BY p.point_id""",
    "key_dates": """
        SELECT kind, month_day, year FROM key_dates
        WHERE contact_id = ANY($1) ORDER BY contact_id, kind""",
    "memberships": """
        SELECT m.customer_id, CASE WHEN c.kind = 'organization' OR m.customer_id = ANY($2)
            THEN c.display_name END AS customer, m.role, m.is_primary, m.since, m.until
        FROM memberships AS m LEFT JOIN customers AS c USING (customer_id)
        WHERE m.contact_id = ANY($1) ORDER BY m.since, m.customer_id""",
    "external_ids": """
        SELECT customer_id, system, id FROM external_ids
        WHERE customer_id = ANY($2) ORDER BY system, id""",
    "consents": """
        SELECT channel, purpose, status, lawful_basis, source, evidence_ref, form_version,
            ip_hash, since, effective_from, expires_at, double_opt_in_at
        FROM consents WHERE contact_id = ANY($1) ORDER BY channel, purpose, since""",
    "suppressions": """
        SELECT channel, scope, reason_code, is_active, changed_at FROM suppressions
        WHERE subject_hash = ANY($3) ORDER BY changed_at, suppression_id""",
    "identity_links": """
        SELECT identifier_type, identifier, source, confidence, linked_at, last_seen_at, unlinked_at
        FROM identity_links WHERE contact_id = ANY($1) ORDER BY linked_at, link_id""",
    "household": """
        SELECT m.household_id, h.name, m.since, h.head_contact_id = m.contact_id AS is_head
        FROM household_members AS m JOIN households AS h USING (household_id)
        WHERE m.contact_id = ANY($1) ORDER BY m.since, m.household_id""",
    "partner": """
        SELECT p.* FROM partners AS p WHERE p.customer_id = ANY($2) ORDER BY p.partner_id""",
    "sells_for_partners": """
        SELECT r.partner_id, p.program, r.role, r.status, r.registered_at, r.certificates
        FROM partner_reps AS r JOIN partners AS p USING (partner_id)
        WHERE r.contact_id = ANY($1) ORDER BY r.registered_at, r.partner_id""",
    "history": """
        SELECT changed_at, part, split_part(actor, ':', 1) AS changed_by, fields
        FROM record_changes WHERE about = ANY($1 || $2) ORDER BY change_id""",
    "privacy_requests": """
        SELECT request_id, kind, status, scope, verified_by, reason_code, received_at,
            deadline_at, ended_at
        FROM privacy_requests WHERE contact_ids && $1 OR customer_ids && $2
        ORDER BY received_at, request_id""",
}
_OWN_ADDRESSES = """
SELECT DISTINCT p.normalized FROM points AS p
WHERE p.contact_id = ANY($1::uuid[]) AND NOT EXISTS (
    SELECT FROM points AS o
    WHERE o.normalized = p.normalized AND NOT o.contact_id = ANY($1::uuid[]))
"""
_ANSWERED = """
SELECT request_id FROM privacy_requests AS r
WHERE kind = 'export' AND status = 'in-progress' AND required_acks <@ ARRAY(
    SELECT service FROM privacy_acks AS a WHERE a.request_id = r.request_id)
ORDER BY deadline_at, request_id LIMIT $1
"""
_INSERT = """
INSERT INTO access_bundles (request_id, contact_ids, customer_ids, document, expires_at)
VALUES ($1, $2, $3, $4, $5)
"""


@dataclass(frozen=True, slots=True)
class Bundle:
    """The parts of every service, and until when they are kept."""

    parts: Mapping[str, Any]
    made_at: datetime
    expires_at: datetime


async def list_own_addresses(connection: Connection, contact_ids: Sequence[UUID]) -> set[str]:
    """Addresses of the person that nobody else has: by a shared one, others would be told of."""
    rows = await connection.fetch(_OWN_ADDRESSES, list(contact_ids))
    return {row["normalized"] for row in rows}


async def list_answered(pool: Pool, limit: int) -> list[UUID]:
    """Requests that every service has acknowledged, the one whose deadline comes first first."""
    return [row["request_id"] for row in await pool.fetch(_ANSWERED, limit)]


async def insert_bundle(connection: Connection, request: PrivacyRequest, bundle: Bundle) -> None:
    document = {
        "request_id": str(request.request_id),
        "contact_ids": [str(each) for each in request.whom.contact_ids],
        "made_at": bundle.made_at.isoformat(),
        "expires_at": bundle.expires_at.isoformat(),
        "parts": bundle.parts,
    }
    await connection.execute(
        _INSERT,
        request.request_id,
        request.whom.contact_ids,
        request.whom.customer_ids,
        json.dumps(document, ensure_ascii=False),
        bundle.expires_at,
    )


async def load_bundle(pool: Pool, request_id: UUID, now: datetime) -> str:
    """The document, as JSON; what is over is not given, whether or not it has been deleted."""
    document: str | None = await pool.fetchval(
        "SELECT document FROM access_bundles WHERE request_id = $1 AND expires_at > $2",
        request_id,
        now,
    )
    if document is None:
        raise BundleNotFoundError(request_id=request_id)
    return document


async def delete_expired(pool: Pool, now: datetime) -> int:
    return rows_affected(
        await pool.execute("DELETE FROM access_bundles WHERE expires_at <= $1", now)
    )
