"""Whose an e-mail address or a telephone number is."""

from collections.abc import Collection, Sequence
from uuid import UUID

from shared.db import Connection

_FIND_BY_EMAILS = """
SELECT DISTINCT ON (points.normalized) points.normalized, contact_id
FROM points JOIN people USING (contact_id)
WHERE points.normalized = ANY($1::text[]) AND points.type = 'email' AND points.status = 'active'
    AND people.record_status IN ('active', 'archived')
ORDER BY points.normalized, people.created_at, contact_id
"""


async def lock_email(connection: Connection, normalized: str) -> None:
    """Take turns, until the commit, with whoever looks for a person of this address to make one."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 2))", normalized)


async def find_by_emails(connection: Connection, emails: Sequence[str]) -> dict[str, UUID]:
    """Whose active address each is; of several people the one that was known first."""
    if not emails:
        return {}
    rows = await connection.fetch(_FIND_BY_EMAILS, list(emails))
    return {row["normalized"]: row["contact_id"] for row in rows}


async def find_all_by_phones(
    connection: Connection, numbers: Collection[str]
) -> dict[str, list[UUID]]:
    """Everybody whose active number each of these is."""
    rows = await connection.fetch(
        "SELECT normalized, array_agg(DISTINCT contact_id) AS ids FROM points"
        " JOIN people USING (contact_id) WHERE normalized = ANY($1::text[])"
        " AND type IN ('phone', 'mobile') AND status = 'active'"
        " AND record_status IN ('active', 'archived') GROUP BY normalized",
        list(numbers),
    )
    return {row["normalized"]: row["ids"] for row in rows}


async def is_verified(connection: Connection, contact_id: UUID, email: str) -> bool:
    """Whether the e-mail address is known to be this person's."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM points WHERE contact_id = $1 AND normalized = $2"
        " AND type = 'email' AND verified_at IS NOT NULL)",
        contact_id,
        email,
    )
    return found
