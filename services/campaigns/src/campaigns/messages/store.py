"""SQL of messages: reserving, progress, reactions."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from shared.db import Connection, Pool, rows_affected

from campaigns.messages.domain import (
    Message,
    MessageNotFoundError,
    message_id_of,
    send_id_of,
)
from campaigns.policies.domain import Policy

_COLUMNS = (
    "message_id, send_id, campaign_id, contact_id, customer_id, version, status, next_attempt_at,"
    " step, reason_code, attempts, handed_over_at, sent_at, smtp_code, subject_hash, clicked_links,"
    " clicked_at, unsubscribed_at"
)
_INSERT = """
INSERT INTO messages
    (message_id, send_id, campaign_id, contact_id, customer_id, next_attempt_at, step)
SELECT message_id, send_id, $3, contact_id, customer_id, $6, $7
FROM unnest($1::uuid[], $2::text[], $4::uuid[], $5::uuid[])
    AS new (message_id, send_id, contact_id, customer_id)
ON CONFLICT DO NOTHING
"""
_LOCK_DUE = f"""
SELECT {_COLUMNS} FROM messages WHERE status = 'reserved' AND next_attempt_at <= $1
ORDER BY next_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""
_LOCK = f"SELECT {_COLUMNS} FROM messages WHERE message_id = $1 FOR UPDATE"
_LOCK_LOST = f"""
SELECT {_COLUMNS} FROM messages WHERE status = 'handing-over' AND handed_over_at < $1
ORDER BY handed_over_at LIMIT 500 FOR UPDATE SKIP LOCKED
"""
_RELEASE = """
UPDATE messages SET status = 'reserved', reason_code = NULL, next_attempt_at = $1
WHERE message_id IN (
    SELECT m.message_id FROM messages AS m WHERE m.status = 'held' AND NOT EXISTS (
        SELECT FROM memberships AS s JOIN tickets AS t USING (customer_id)
        WHERE s.contact_id = m.contact_id AND t.severity <= $2
            AND (t.is_open OR t.ended_at > $1::timestamptz - $3::interval)
    ) ORDER BY m.contact_id LIMIT 1000 FOR UPDATE SKIP LOCKED
)
"""
_SAVE_PROGRESS = """
UPDATE messages AS m SET version = n.version, status = n.status, reason_code = n.reason_code,
    attempts = n.attempts, next_attempt_at = n.next_attempt_at, handed_over_at = n.handed_over_at,
    sent_at = n.sent_at, smtp_code = n.smtp_code, subject_hash = n.subject_hash
FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::int[], $6::timestamptz[],
    $7::timestamptz[], $8::timestamptz[], $9::int[], $10::text[]) AS n (message_id, version,
    status, reason_code, attempts, next_attempt_at, handed_over_at, sent_at, smtp_code,
    subject_hash)
WHERE m.message_id = n.message_id
"""
_SAVE_REACTION = """
UPDATE messages SET version = $2, clicked_links = $3, clicked_at = $4, unsubscribed_at = $5
WHERE message_id = $1
"""
_CAMPAIGN_OF = """
SELECT c.purpose, c.subject, c.link_url, c.product_lines
FROM messages AS m JOIN campaigns AS c USING (campaign_id) WHERE m.message_id = $1
"""
_COUNT = """
SELECT status, count(*) AS messages FROM messages WHERE campaign_id = $1 GROUP BY status
"""
_LIST = f"""
SELECT {_COLUMNS} FROM messages
WHERE ($1::uuid IS NULL OR contact_id = $1) AND ($2::uuid IS NULL OR campaign_id = $2)
    AND ($3::uuid IS NULL OR message_id > $3)
ORDER BY message_id LIMIT $4
"""
_LOCK_THESE = f"""
SELECT {_COLUMNS} FROM messages WHERE message_id = ANY($1::uuid[]) ORDER BY message_id FOR UPDATE
"""
_LAUNCHES = """
SELECT m.message_id, c.cause FROM messages AS m JOIN campaigns AS c USING (campaign_id)
WHERE m.message_id = ANY($1::uuid[])
"""
_UNDER_WAY = """
SELECT EXISTS (
    SELECT FROM messages
    WHERE contact_id = ANY($1::uuid[]) AND status = 'handing-over' AND handed_over_at > $2
)
"""

WAITING = ("reserved", "held", "handing-over")


@dataclass(frozen=True, slots=True)
class Content:
    """The campaign's part that reactions to a message need."""

    purpose: Any
    subject: str
    link_url: str | None
    product_lines: tuple[str, ...]


def _message_of(row: asyncpg.Record) -> Message:
    values: dict[str, Any] = dict(row)
    values["clicked_links"] = tuple(values["clicked_links"])
    return Message(**values)


async def insert_reserved(
    connection: Connection,
    campaign_id: UUID,
    step: str,
    people: Sequence[tuple[UUID, UUID | None]],
    at: datetime,
) -> None:
    """Reserve a message for each person and customer; those that have one keep it."""
    send_ids = [send_id_of(campaign_id, step, contact_id, 1) for contact_id, _ in people]
    await connection.execute(
        _INSERT,
        [message_id_of(send_id) for send_id in send_ids],
        send_ids,
        campaign_id,
        [contact_id for contact_id, _ in people],
        [customer_id for _, customer_id in people],
        at,
        step,
    )


async def lock_due(connection: Connection, now: datetime, limit: int) -> list[Message]:
    """Reserved messages whose time has come; another process takes others."""
    return [_message_of(row) for row in await connection.fetch(_LOCK_DUE, now, limit)]


async def lock_message(connection: Connection, message_id: UUID) -> Message:
    """Raises `MessageNotFoundError`."""
    row = await connection.fetchrow(_LOCK, message_id)
    if row is None:
        raise MessageNotFoundError(message_id=message_id)
    return _message_of(row)


async def lock_messages(connection: Connection, message_ids: Sequence[UUID]) -> list[Message]:
    return [_message_of(row) for row in await connection.fetch(_LOCK_THESE, message_ids)]


async def load_launches(
    connection: Connection, message_ids: Sequence[UUID]
) -> dict[UUID, dict[str, str]]:
    """The requests that these messages continue."""
    rows = await connection.fetch(_LAUNCHES, message_ids)
    return {row["message_id"]: json.loads(row["cause"] or "{}") for row in rows}


async def lock_lost(connection: Connection, handed_over_before: datetime) -> list[Message]:
    """Messages whose sender has died on the way."""
    return [_message_of(row) for row in await connection.fetch(_LOCK_LOST, handed_over_before)]


async def release_held(connection: Connection, policy: Policy, now: datetime) -> int:
    """Back to reserved, where no critical ticket is open any more for any of their customers.

    Answers how many that were.
    """
    status = await connection.execute(_RELEASE, now, policy.critical_severity, policy.release_delay)
    return rows_affected(status)


async def save_progress(connection: Connection, messages: Sequence[Message]) -> None:
    """Write what the gate and the mail server made of locked messages."""
    columns: list[list[object]] = [
        [message.message_id for message in messages],
        [message.version for message in messages],
        [message.status for message in messages],
        [message.reason_code for message in messages],
        [message.attempts for message in messages],
        [message.next_attempt_at for message in messages],
        [message.handed_over_at for message in messages],
        [message.sent_at for message in messages],
        [message.smtp_code for message in messages],
        [message.subject_hash for message in messages],
    ]
    await connection.execute(_SAVE_PROGRESS, *columns)


async def save_reaction(connection: Connection, message: Message) -> None:
    """Write what the person made of a locked message."""
    await connection.execute(
        _SAVE_REACTION,
        message.message_id,
        message.version,
        message.clicked_links,
        message.clicked_at,
        message.unsubscribed_at,
    )


async def load_content(database: Connection | Pool, message_id: UUID) -> Content:
    """Raises `MessageNotFoundError`."""
    row = await database.fetchrow(_CAMPAIGN_OF, message_id)
    if row is None:
        raise MessageNotFoundError(message_id=message_id)
    return Content(row["purpose"], row["subject"], row["link_url"], tuple(row["product_lines"]))


async def count_by_status(database: Connection | Pool, campaign_id: UUID) -> dict[str, int]:
    rows = await database.fetch(_COUNT, campaign_id)
    return {row["status"]: row["messages"] for row in rows}


async def count_waiting(connection: Connection, campaign_id: UUID) -> dict[str, int]:
    """How many are neither sent nor refused."""
    counts = await count_by_status(connection, campaign_id)
    return {status: counts[status] for status in WAITING if counts.get(status)}


async def list_messages(
    pool: Pool,
    contact_id: UUID | None,
    campaign_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> list[Message]:
    rows = await pool.fetch(_LIST, contact_id, campaign_id, after, limit)
    return [_message_of(row) for row in rows]


async def is_mail_under_way(
    pool: Pool, contact_ids: Sequence[UUID], handed_over_after: datetime
) -> bool:
    """Whether a mail to one of these may still be on its way to the mail server."""
    return await pool.fetchval(_UNDER_WAY, contact_ids, handed_over_after) is True
