"""SQL of campaigns, and who is in their segments."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from shared.cause import Cause
from shared.db import Connection, Pool, rows_affected
from shared.errors import StaleVersionError
from shared.messaging.outbox import Fact

from campaigns.campaigns.domain import Campaign, CampaignNotFoundError, Plan, snapshot

_PLAN = (
    "name, campaign_type, objective, purpose, segment_ids, subject, body_text, link_url,"
    " product_lines, owner_id, occasion"
)
_COLUMNS = (
    f"campaign_id, version, status, audience_size, launched_at, completed_at, is_reserved,"
    f" reserved_to, {_PLAN}"
)
_FIND = f"SELECT {_COLUMNS} FROM campaigns WHERE campaign_id = $1"
_LOCK_THESE = f"""
SELECT {_COLUMNS} FROM campaigns WHERE campaign_id = ANY($1::uuid[])
ORDER BY campaign_id FOR UPDATE
"""
_LIST = f"""
SELECT {_COLUMNS} FROM campaigns WHERE $1::uuid IS NULL OR campaign_id < $1
ORDER BY campaign_id DESC LIMIT $2
"""
_INSERT = f"""
INSERT INTO campaigns (campaign_id, version, status, {_PLAN})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (campaign_id) DO NOTHING
"""
_SAVE = """
UPDATE campaigns SET version = $2, status = $3, audience_size = $4, launched_at = $5,
    completed_at = $6, cause = coalesce($8, cause)
WHERE campaign_id = $1 AND version = $7
"""
_LOCK_UNFINISHED_OF_OWNER = f"""
SELECT {_COLUMNS} FROM campaigns WHERE owner_id = $1 AND status <> 'completed'
ORDER BY campaign_id LIMIT $2 FOR UPDATE
"""
_SAVE_OWNERS = """
UPDATE campaigns SET version = new.version, owner_id = new.owner_id
FROM unnest($1::uuid[], $2::bigint[], $3::text[]) AS new (campaign_id, version, owner_id)
WHERE campaigns.campaign_id = new.campaign_id AND campaigns.version = new.version - 1
"""
_LOCK_UNRESERVED = f"""
SELECT {_COLUMNS}, cause FROM campaigns WHERE status = 'running' AND NOT is_reserved
ORDER BY campaign_id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_SAVE_PROGRESS = """
UPDATE campaigns SET is_reserved = $2, reserved_to = $3 WHERE campaign_id = $1
"""
_COUNT_AUDIENCE = """
SELECT count(DISTINCT contact_id) FROM segment_members
WHERE segment_id = ANY($1::uuid[]) AND is_in
"""
_AUDIENCE = """
SELECT DISTINCT ON (contact_id) contact_id, customer_id FROM segment_members
WHERE segment_id = ANY($1::uuid[]) AND is_in AND entered_at <= $2
    AND ($3::uuid IS NULL OR contact_id > $3)
ORDER BY contact_id, customer_id NULLS LAST LIMIT $4
"""
_CUSTOMERS = """
SELECT DISTINCT ON (contact_id) contact_id, customer_id FROM memberships
WHERE contact_id = ANY($1::uuid[]) ORDER BY contact_id, is_primary DESC, customer_id
"""


def _campaign_of(row: asyncpg.Record) -> Campaign:
    values: dict[str, Any] = {name: value for name, value in row.items() if name != "cause"}
    plan = {name: values.pop(name) for name in _PLAN.split(", ")}
    plan["segment_ids"] = tuple(plan["segment_ids"])
    plan["product_lines"] = tuple(plan["product_lines"])
    return Campaign(**values, plan=Plan(**plan))


async def find_campaign(connection: Connection, campaign_id: UUID) -> Campaign | None:
    row = await connection.fetchrow(_FIND, campaign_id)
    return _campaign_of(row) if row else None


async def load_campaign(database: Connection | Pool, campaign_id: UUID) -> Campaign:
    """Raises `CampaignNotFoundError`."""
    row = await database.fetchrow(_FIND, campaign_id)
    if row is None:
        raise CampaignNotFoundError(campaign_id=campaign_id)
    return _campaign_of(row)


async def lock_snapshots(connection: Connection, campaign_ids: Sequence[UUID]) -> list[Fact]:
    """The campaigns among these ids as they are now, locked, with their versions."""
    campaigns = map(_campaign_of, await connection.fetch(_LOCK_THESE, campaign_ids))
    return [Fact(snapshot(campaign), campaign.version) for campaign in campaigns]


async def list_campaigns(pool: Pool, before: UUID | None, limit: int) -> list[Campaign]:
    return [_campaign_of(row) for row in await pool.fetch(_LIST, before, limit)]


async def insert_campaign(connection: Connection, campaign: Campaign) -> None:
    """Raises `StaleVersionError` where another has just inserted it."""
    plan = campaign.plan
    status = await connection.execute(
        _INSERT,
        campaign.campaign_id,
        campaign.version,
        campaign.status,
        plan.name,
        plan.campaign_type,
        plan.objective,
        plan.purpose,
        plan.segment_ids,
        plan.subject,
        plan.body_text,
        plan.link_url,
        plan.product_lines,
        plan.owner_id,
        plan.occasion,
    )
    if not rows_affected(status.removeprefix("INSERT 0 ")):
        raise StaleVersionError(campaign_id=campaign.campaign_id)


async def save_campaign(
    connection: Connection, campaign: Campaign, known_version: int, launch: Cause | None = None
) -> None:
    """Raises `StaleVersionError` where it has another version; keeps the cause of its launch."""
    status = await connection.execute(
        _SAVE,
        campaign.campaign_id,
        campaign.version,
        campaign.status,
        campaign.audience_size,
        campaign.launched_at,
        campaign.completed_at,
        known_version,
        _written(launch) if launch else None,
    )
    if not rows_affected(status):
        raise StaleVersionError(campaign_id=campaign.campaign_id)


async def lock_unfinished_of_owner(
    connection: Connection, owner_id: str, limit: int
) -> list[Campaign]:
    """Some of the campaigns that an employee answers for and that are not completed."""
    rows = await connection.fetch(_LOCK_UNFINISHED_OF_OWNER, owner_id, limit)
    return [_campaign_of(row) for row in rows]


async def save_owners(connection: Connection, campaigns: Sequence[Campaign]) -> None:
    """New owners of locked campaigns: one statement, however many."""
    status = await connection.execute(
        _SAVE_OWNERS,
        [campaign.campaign_id for campaign in campaigns],
        [campaign.version for campaign in campaigns],
        [campaign.plan.owner_id for campaign in campaigns],
    )
    if rows_affected(status) != len(campaigns):
        raise StaleVersionError


async def lock_unreserved_campaign(connection: Connection) -> Campaign | None:
    """A launched campaign whose people do not all have a message yet."""
    row = await connection.fetchrow(_LOCK_UNRESERVED)
    return _campaign_of(row) if row else None


async def save_progress(
    connection: Connection, campaign_id: UUID, reserved_to: UUID | None, *, is_done: bool
) -> None:
    await connection.execute(_SAVE_PROGRESS, campaign_id, is_done, reserved_to)


async def count_audience(connection: Connection, segment_ids: Sequence[UUID]) -> int:
    return int(await connection.fetchval(_COUNT_AUDIENCE, segment_ids) or 0)


async def list_audience(
    connection: Connection, campaign: Campaign, launched_at: datetime, limit: int
) -> list[tuple[UUID, UUID | None]]:
    """The next people of the segments, each once, with the customer each is addressed for."""
    rows = await connection.fetch(
        _AUDIENCE, campaign.plan.segment_ids, launched_at, campaign.reserved_to, limit
    )
    nameless = [row["contact_id"] for row in rows if row["customer_id"] is None]
    customers = {
        row["contact_id"]: row["customer_id"]
        for row in await connection.fetch(_CUSTOMERS, nameless)
    }
    return [
        (row["contact_id"], row["customer_id"] or customers.get(row["contact_id"])) for row in rows
    ]


def _written(cause: Cause) -> str:
    return json.dumps({"correlation_id": cause.correlation_id, "traceparent": str(cause.trace)})
