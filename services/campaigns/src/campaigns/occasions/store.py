"""SQL of occasions: where customers stand, and who gets a mail for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from shared.contracts.campaigns import Occasion
from shared.db import Connection

_SAVE = """
INSERT INTO lifecycles (customer_id, version, lifecycle)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[]) ORDER BY 1
ON CONFLICT (customer_id) DO UPDATE SET
    version = excluded.version, lifecycle = excluded.lifecycle
WHERE lifecycles.version < excluded.version
RETURNING customer_id
"""
_RECIPIENTS = """
SELECT DISTINCT ON (c.campaign_id, p.contact_id) c.campaign_id, p.contact_id, m.customer_id
FROM campaigns AS c CROSS JOIN memberships AS m JOIN people AS p USING (contact_id)
WHERE c.status = 'running' AND c.occasion = $1 AND c.launched_at <= $2
    AND m.customer_id = ANY($3::uuid[]) AND NOT p.is_merged
    AND (c.segment_ids = '{}' OR EXISTS (
        SELECT FROM segment_members AS s
        WHERE s.contact_id = p.contact_id AND s.is_in AND s.segment_id = ANY(c.segment_ids)))
    AND NOT EXISTS (
        SELECT FROM messages AS n WHERE n.campaign_id = c.campaign_id
            AND n.contact_id = p.contact_id AND n.next_attempt_at > $4::timestamptz - $5::interval)
ORDER BY c.campaign_id, p.contact_id, m.is_primary DESC, m.customer_id
"""


@dataclass(frozen=True, slots=True)
class Recipients:
    """Whom a campaign writes to, each for which customer."""

    campaign_id: UUID
    people: Sequence[tuple[UUID, UUID | None]]


async def save_lifecycles(
    connection: Connection, told: Mapping[UUID, tuple[int, str]]
) -> set[UUID]:
    """Write where these customers stand, by version, where it is newer; answers whose was."""
    rows = await connection.fetch(
        _SAVE,
        list(told),
        [version for version, _ in told.values()],
        [lifecycle for _, lifecycle in told.values()],
    )
    return {row["customer_id"] for row in rows}


async def list_recipients(
    connection: Connection,
    occasion: Occasion,
    customer_ids: Sequence[UUID],
    came_at: datetime,
    pause: tuple[datetime, timedelta],
) -> list[Recipients]:
    """Of the campaigns that ran when it came; left out is who had their mail within the pause."""
    rows = await connection.fetch(_RECIPIENTS, occasion, came_at, customer_ids, *pause)
    people: dict[UUID, list[tuple[UUID, UUID | None]]] = {}
    for row in rows:
        people.setdefault(row["campaign_id"], []).append((row["contact_id"], row["customer_id"]))
    return [Recipients(campaign_id, each) for campaign_id, each in people.items()]
