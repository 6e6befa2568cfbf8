"""Key dates by day: an index scan for each of the days, not one over all people."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared.db import Connection

from contacts.occasions.domain import Occasion, days_ahead

OCCASIONS_AHEAD = """
SELECT ahead.day, next.contact_id, next.kind, next.month_day, next.year
FROM unnest($1::date[], $2::text[]) AS ahead (day, month_day)
CROSS JOIN LATERAL (
    SELECT d.contact_id, d.kind, d.month_day, d.year
    FROM key_dates AS d JOIN people AS p USING (contact_id)
    WHERE d.month_day = ahead.month_day AND p.record_status = 'active'
        AND ($3::date IS NULL OR (ahead.day, d.contact_id, d.kind) > ($3, $4::uuid, $5::text))
        AND ($6::text IS NULL OR d.kind = $6)
        AND NOT EXISTS (SELECT FROM restrictions AS r WHERE r.contact_id = d.contact_id)
        AND ($7::text IS NULL OR EXISTS (
            SELECT FROM memberships AS m JOIN customers AS c USING (customer_id)
            WHERE m.contact_id = d.contact_id AND m.until IS NULL AND c.owner_id = $7))
    ORDER BY d.contact_id, d.kind LIMIT $8
) AS next
ORDER BY ahead.day, next.contact_id, next.kind LIMIT $8
"""

Place = tuple[date, UUID, str]
"""Where a list of occasions is ordered: the day, the person, the kind."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which days, and of whose people; what is None does not matter."""

    first: date
    within_days: int
    kind: str | None = None
    owner_id: str | None = None


async def list_occasions(
    connection: Connection, wanted: Wanted, after: Place | None, limit: int
) -> list[Occasion]:
    """Of people in use, who have not asked that nobody processes their record."""
    ahead = days_ahead(wanted.first, wanted.within_days)
    days = [each for each in ahead if after is None or each[0] >= after[0]]
    rows = await connection.fetch(
        OCCASIONS_AHEAD,
        [day for day, _ in days],
        [month_day for _, month_day in days],
        *(after or (None, None, None)),
        wanted.kind,
        wanted.owner_id,
        limit,
    )
    return [Occasion(*row) for row in rows]
