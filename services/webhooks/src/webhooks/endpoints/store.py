"""How endpoints behave, in PostgreSQL: a row per subscription, written when something changes."""

import random
from collections.abc import Sequence
from uuid import UUID

from shared.db import Connection

from webhooks.endpoints.domain import Behaviour, Health, behave

_INSERT = "INSERT INTO endpoint_health (subscription_id) VALUES ($1)"
_LOAD = """
SELECT failures, failing_since, hold_until, delivered_at FROM endpoint_health
WHERE subscription_id = $1
"""
_START_AFRESH = """
UPDATE endpoint_health SET failures = 0, failing_since = NULL, hold_until = NULL
WHERE subscription_id = $1
"""

# A success of one that is well is noted once a minute: it would be a write for every delivery.
_LOCK_CHANGING = """
SELECT subscription_id, health.failures, failing_since, hold_until, delivered_at
FROM endpoint_health AS health
JOIN unnest($1::uuid[], $2::int[]) AS seen (subscription_id, failures) USING (subscription_id)
WHERE seen.failures > 0 OR health.failures > 0 OR delivered_at IS NULL
    OR delivered_at < now() - interval '1 minute'
ORDER BY subscription_id
FOR UPDATE OF health
"""
_SAVE = """
UPDATE endpoint_health AS health SET failures = after.failures,
    failing_since = after.failing_since, hold_until = after.hold_until,
    delivered_at = after.delivered_at
FROM unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[])
    AS after (subscription_id, failures, failing_since, hold_until, delivered_at)
WHERE health.subscription_id = after.subscription_id
"""


async def insert_health(connection: Connection, subscription_id: UUID) -> None:
    await connection.execute(_INSERT, subscription_id)


async def load_health(connection: Connection, subscription_id: UUID) -> Health:
    row = await connection.fetchrow(_LOAD, subscription_id)
    assert row is not None
    return Health(*row)


async def start_afresh(connection: Connection, subscription_id: UUID) -> None:
    """Forget that the endpoint failed: a person says that it is back."""
    await connection.execute(_START_AFRESH, subscription_id)


async def save_behaviours(connection: Connection, behaviours: Sequence[Behaviour]) -> None:
    """Note what endpoints did, where it changes anything."""
    seen = {each.subscription_id: each for each in behaviours}
    rows = await connection.fetch(
        _LOCK_CHANGING, list(seen), [each.failures for each in seen.values()]
    )
    after = {
        row["subscription_id"]: behave(
            Health(*tuple(row)[1:]), seen[row["subscription_id"]], random.uniform(-1, 1)
        )
        for row in rows
    }
    if after:
        columns = zip(*after.values(), strict=True)
        await connection.execute(_SAVE, list(after), *(list(column) for column in columns))
