"""Subscriptions in PostgreSQL: the row, its patterns, and how its endpoint behaves."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
from shared.db import Connection, refusing, rows_affected
from shared.errors import StaleVersionError

from webhooks.endpoints.store import insert_health
from webhooks.subscriptions.domain import Subscription, SubscriptionNotFoundError, Target

_COLUMNS = """subscription_id, version, owner, url, host, description, types, services, status,
    disabled_reason, secret, former_secret, former_secret_until, created_at, changed_at"""
_FIND = f"SELECT {_COLUMNS} FROM subscriptions WHERE subscription_id = $1"
_LOCK = f"{_FIND} FOR UPDATE"
_LIST = f"""
SELECT {_COLUMNS} FROM subscriptions
WHERE subscription_id > $1 AND ($2::text IS NULL OR owner = $2) AND status <> 'deleted'
ORDER BY subscription_id LIMIT $3
"""
_INSERT = f"""
INSERT INTO subscriptions ({_COLUMNS})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
"""
_SAVE = """
UPDATE subscriptions SET version = $2, owner = $3, url = $4, host = $5, description = $6,
    types = $7, services = $8, status = $9, disabled_reason = $10, secret = $11,
    former_secret = $12, former_secret_until = $13, created_at = $14, changed_at = $15
WHERE subscription_id = $1 AND version = $16
"""
_FORGET_PATTERNS = "DELETE FROM subscription_patterns WHERE subscription_id = $1"
_SAVE_PATTERNS = """
INSERT INTO subscription_patterns (subscription_id, pattern)
SELECT $1, pattern FROM unnest($2::text[]) AS pattern ON CONFLICT DO NOTHING
"""


async def find_subscription(connection: Connection, subscription_id: UUID) -> Subscription | None:
    row = await connection.fetchrow(_FIND, subscription_id)
    return _subscription(row) if row else None


async def lock_subscription(connection: Connection, subscription_id: UUID) -> Subscription:
    row = await connection.fetchrow(_LOCK, subscription_id)
    if row is None:
        raise SubscriptionNotFoundError(subscription_id=subscription_id)
    return _subscription(row)


async def load_visible(
    connection: Connection, subscription_id: UUID, owner: str | None
) -> Subscription:
    """One that this owner may see, or anybody's where `owner` is None; deleted ones are gone."""
    found = await find_subscription(connection, subscription_id)
    if found is None or found.status == "deleted" or owner not in {None, found.owner}:
        raise SubscriptionNotFoundError(subscription_id=subscription_id)
    return found


async def list_subscriptions(
    connection: Connection, owner: str | None, after: UUID, limit: int
) -> list[Subscription]:
    rows = await connection.fetch(_LIST, after, owner, limit)
    return [_subscription(row) for row in rows]


async def insert_subscription(connection: Connection, subscription: Subscription) -> None:
    known = subscription.subscription_id
    with refusing({"subscriptions_pkey": StaleVersionError}, subscription_id=known):
        await connection.execute(_INSERT, *_values(subscription))
    await insert_health(connection, known)
    await _save_patterns(connection, subscription)


async def save_subscription(
    connection: Connection, subscription: Subscription, old_version: int
) -> None:
    status = await connection.execute(_SAVE, *_values(subscription), old_version)
    if rows_affected(status) == 0:
        raise StaleVersionError(subscription_id=subscription.subscription_id)
    await _save_patterns(connection, subscription)


async def _save_patterns(connection: Connection, subscription: Subscription) -> None:
    known, types = subscription.subscription_id, list(subscription.target.types)
    await connection.execute(_FORGET_PATTERNS, known)
    await connection.execute(_SAVE_PATTERNS, known, types)


def _values(subscription: Subscription) -> Sequence[Any]:
    target = subscription.target
    return (
        subscription.subscription_id,
        subscription.version,
        subscription.owner,
        target.url,
        target.host,
        target.description,
        list(target.types),
        list(target.services),
        subscription.status,
        subscription.disabled_reason,
        subscription.secret,
        subscription.former_secret,
        subscription.former_secret_until,
        subscription.created_at,
        subscription.changed_at,
    )


def _subscription(row: asyncpg.Record) -> Subscription:
    columns: dict[str, Any] = dict(row.items())
    target = Target(
        url=columns.pop("url"),
        host=columns.pop("host"),
        types=tuple(columns.pop("types")),
        services=tuple(columns.pop("services")),
        description=columns.pop("description"),
    )
    return Subscription(target=target, **columns)
