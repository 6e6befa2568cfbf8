"""The log forgets what is old, and nothing else."""

from collections.abc import Awaitable, Callable

from shared.db import Pool
from shared.ids import new_id
from webhooks.log.store import prune

from tests.integration.webhooks.conftest import Caller, change
from tests.integration.webhooks.endpoint import Endpoint

KEEP_DAYS = 7
_ATTEMPT = """
INSERT INTO attempts (subscription_id, delivery_id, attempted_at, duration_ms)
SELECT subscription_id, delivery_id, created_at, 1 FROM deliveries
"""


async def counts(pool: Pool) -> list[int]:
    return [
        await pool.fetchval(f"SELECT count(*) FROM {table}")
        for table in ("deliveries", "attempts", "events")
    ]


async def test_what_is_older_than_the_log_keeps_is_forgotten(
    erp: Caller, feed: Callable[..., Awaitable[None]], endpoint: Endpoint, pool: Pool
) -> None:
    await erp.subscribe(endpoint, "crm.contacts.*")
    await erp.subscribe(endpoint, "*", services=["contacts"])
    await feed(change(new_id()), change(new_id()))
    await pool.execute("UPDATE deliveries SET created_at = now() - interval '8 days'")
    await pool.execute("UPDATE events SET recorded_at = now() - interval '8 days'")
    await feed(change(new_id()))
    await pool.execute(_ATTEMPT)
    assert await counts(pool) == [6, 6, 3]
    assert await prune(pool, KEEP_DAYS)
    assert await counts(pool) == [2, 2, 1]
    assert not await prune(pool, KEEP_DAYS)


async def test_what_is_being_sent_is_not_forgotten_under_the_senders_hands(
    erp: Caller, feed: Callable[..., Awaitable[None]], endpoint: Endpoint, pool: Pool
) -> None:
    await erp.subscribe(endpoint, "crm.contacts.*")
    await feed(change(new_id()))
    await pool.execute(
        "UPDATE deliveries SET created_at = now() - interval '8 days', is_leased = true"
    )
    await pool.execute("UPDATE events SET recorded_at = now() - interval '8 days'")
    assert not await prune(pool, KEEP_DAYS)
    assert (await counts(pool))[::2] == [1, 1]
