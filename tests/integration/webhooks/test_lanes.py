"""What waits behind another of its aggregate goes as soon as that one is done."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from shared.db import Pool, transaction
from shared.ids import new_id
from webhooks.deliveries import store
from webhooks.deliveries.domain import Answer, conclude
from webhooks.deliveries.handlers import settle
from webhooks.deliveries.store import Room

from tests.integration.pipeline.waiting import until_somebody_waits_for_a_lock
from tests.integration.webhooks.conftest import Caller, change
from tests.integration.webhooks.endpoint import Endpoint

ROOM = Room({}, in_all=10, of_each=10)
LEASE = 60.0


async def test_what_is_put_off_while_the_one_before_it_ends_does_not_wait(
    erp: Caller, feed: Callable[..., Awaitable[None]], endpoint: Endpoint, pool: Pool
) -> None:
    await erp.subscribe(endpoint, "crm.contacts.*")
    customer_id = new_id()
    await feed(change(customer_id), change(customer_id, 2))
    [first] = await store.claim(pool, ROOM, LEASE)
    await pool.execute("UPDATE deliveries SET due_at = now() WHERE NOT is_leased")
    ended = conclude(first, Answer(datetime.now(UTC), 1, status_code=200), 0)
    async with transaction(pool) as connection:
        assert await store.claim_within(connection, ROOM, LEASE) == []
        settling = asyncio.create_task(settle(pool, [ended]))
        await until_somebody_waits_for_a_lock(pool)
    await settling
    [second] = await store.claim(pool, ROOM, LEASE)
    assert second.delivery_id > first.delivery_id
