"""Sending again: by the owner of a subscription, or an admin."""

from uuid import UUID

from shared.db import Pool, transaction, with_retries

from webhooks.endpoints.store import start_afresh
from webhooks.log import store
from webhooks.log.domain import Again
from webhooks.subscriptions.store import load_visible


async def send_again(pool: Pool, subscription_id: UUID, owner: str | None, again: Again) -> int:
    """Queue these deliveries anew, and leave the endpoint alone no longer; answers how many."""
    again.require_bounds()

    async def attempt() -> int:
        async with transaction(pool) as connection:
            await load_visible(connection, subscription_id, owner)
            await start_afresh(connection, subscription_id)
            return await store.send_again(connection, subscription_id, again)

    return await with_retries(attempt)
