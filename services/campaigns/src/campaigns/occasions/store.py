"""SQL of occasions: where customers stand, whose day it is, and who gets a mail for it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
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
_WHO_IS_OPEN_TO_IT = """
c.status = 'running' AND c.occasion = $1 AND NOT p.is_merged
    AND (c.segment_ids = '{}' OR EXISTS (
        SELECT FROM segment_members AS s
        WHERE s.contact_id = p.contact_id AND s.is_in AND s.segment_id = ANY(c.segment_ids)))
    AND NOT EXISTS (
        SELECT FROM messages AS n WHERE n.campaign_id = c.campaign_id
            AND n.contact_id = p.contact_id
            AND (n.step = $2 OR n.next_attempt_at > $3::timestamptz - $4::interval))
"""
_OF_CUSTOMERS = f"""
SELECT DISTINCT ON (c.campaign_id, p.contact_id) c.campaign_id, p.contact_id, m.customer_id
FROM campaigns AS c CROSS JOIN memberships AS m JOIN people AS p USING (contact_id)
WHERE {_WHO_IS_OPEN_TO_IT} AND m.customer_id = ANY($5::uuid[]) AND c.launched_at <= $6
ORDER BY c.campaign_id, p.contact_id, m.is_primary DESC, m.customer_id
"""
_WHOSE_DAY_IT_IS = f"""
SELECT c.campaign_id, p.contact_id, (
    SELECT m.customer_id FROM memberships AS m WHERE m.contact_id = p.contact_id
    ORDER BY m.is_primary DESC, m.customer_id LIMIT 1) AS customer_id
FROM campaigns AS c JOIN key_dates AS d ON d.kind = c.occasion JOIN people AS p USING (contact_id)
WHERE {_WHO_IS_OPEN_TO_IT} AND d.month_day = ANY($5::text[])
ORDER BY c.campaign_id, p.contact_id LIMIT $6
"""


@dataclass(frozen=True, slots=True)
class Send:
    """A mail for an occasion; nobody gets it who has had it, or another of it within the pause."""

    occasion: Occasion
    step: str
    now: datetime
    pause: timedelta


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


async def list_people_of(
    connection: Connection, send: Send, customer_ids: Collection[UUID], came_at: datetime
) -> list[Recipients]:
    """Everybody of these customers, for the campaigns that ran when it came."""
    rows = await connection.fetch(_OF_CUSTOMERS, *astuple(send), list(customer_ids), came_at)
    return _by_campaign(rows)


async def list_whose_day_it_is(
    connection: Connection, send: Send, month_days: Sequence[str], limit: int
) -> list[Recipients]:
    """The next few with a key date on one of these days."""
    return _by_campaign(await connection.fetch(_WHOSE_DAY_IT_IS, *astuple(send), month_days, limit))


def _by_campaign(rows: Sequence[asyncpg.Record]) -> list[Recipients]:
    people: dict[UUID, list[tuple[UUID, UUID | None]]] = {}
    for row in rows:
        people.setdefault(row["campaign_id"], []).append((row["contact_id"], row["customer_id"]))
    return [Recipients(campaign_id, each) for campaign_id, each in people.items()]
