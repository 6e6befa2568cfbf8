"""Waiting for what another transaction does."""

import asyncio

from shared.db import Pool


async def until_somebody_waits_for_a_lock(pool: Pool) -> None:
    async with asyncio.timeout(10):
        while not await pool.fetchval(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ):
            await asyncio.sleep(0.01)
