"""SQL of attributions, and the touches that they share a deal among."""

from datetime import datetime, timedelta
from uuid import UUID

from shared.db import Connection

from campaigns.attributions.domain import Attribution, Touch

_LOCK = """
SELECT deal_id, version, deal_version, customer_id, currency, amount, touch_count, computed_at
FROM attributions WHERE deal_id = $1 FOR UPDATE
"""
_SAVE = """
INSERT INTO attributions
    (deal_id, version, deal_version, customer_id, currency, amount, touch_count, computed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (deal_id) DO UPDATE SET
    version = excluded.version, deal_version = excluded.deal_version,
    customer_id = excluded.customer_id, currency = excluded.currency, amount = excluded.amount,
    touch_count = excluded.touch_count, computed_at = excluded.computed_at
"""
_TOUCHES = """
WITH touching AS (
    SELECT message_id, campaign_id, sent_at, clicked_at FROM messages
    WHERE customer_id = $1 AND sent_at IS NOT NULL
    UNION
    SELECT m.message_id, m.campaign_id, m.sent_at, m.clicked_at
    FROM memberships AS s JOIN messages AS m USING (contact_id)
    WHERE s.customer_id = $1 AND m.sent_at IS NOT NULL
)
SELECT campaign_id, message_id, sent_at AS touched_at FROM touching
WHERE sent_at BETWEEN $2::timestamptz - $3::interval AND $2
UNION ALL
SELECT campaign_id, message_id, clicked_at FROM touching
WHERE clicked_at BETWEEN $2::timestamptz - $3::interval AND $2
ORDER BY touched_at
"""


async def lock_attribution(connection: Connection, deal_id: UUID) -> Attribution | None:
    row = await connection.fetchrow(_LOCK, deal_id)
    return Attribution(**row) if row else None


async def list_touches(
    connection: Connection, customer_id: UUID, until: datetime, window: timedelta
) -> tuple[Touch, ...]:
    """Each mail to the customer's people and each click of theirs, within the window."""
    rows = await connection.fetch(_TOUCHES, customer_id, until, window)
    return tuple(Touch(**row) for row in rows)


async def save_attribution(connection: Connection, attribution: Attribution) -> None:
    await connection.execute(
        _SAVE,
        attribution.deal_id,
        attribution.version,
        attribution.deal_version,
        attribution.customer_id,
        attribution.currency,
        attribution.amount,
        attribution.touch_count,
        attribution.computed_at,
    )
