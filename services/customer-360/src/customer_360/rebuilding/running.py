"""A rebuild in this process: its connections, and a follower for each consumer."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import asyncpg
from shared.db import Connection, Pool, open_pool

from customer_360.config import Settings
from customer_360.consumers import MAX_RECORDS, consumers
from customer_360.profiles.pressure import Pressure
from customer_360.rebuilding import schemas
from customer_360.rebuilding.errors import AlreadyRunningError, NothingToSwitchError
from customer_360.rebuilding.following import WHOLE, Follower, Share, start_follower

CAUGHT_UP_WITHIN = 100
"""With fewer new records than this since the last look, the rest is done while consumers wait."""

_ONLY_ONE = "SELECT pg_try_advisory_lock(hashtext('customer-360.rebuild'), $1)"


@dataclass(frozen=True, slots=True)
class Rebuild:
    """The projection that is being built."""

    url: str
    live: Pool
    followers: Sequence[Follower]

    @asynccontextmanager
    async def connect(self) -> AsyncGenerator[Connection]:
        """A connection of its own to the live database, whose statements may take long."""
        connection = await asyncpg.connect(self.url)
        try:
            yield connection
        finally:
            await connection.close()

    async def catch_up(self) -> int:
        """Apply what the live projection has applied by now; answers how many records."""
        async with asyncio.TaskGroup() as tasks:
            caught = [
                tasks.create_task(follower.catch_up(self.live)) for follower in self.followers
            ]
        return sum(task.result() for task in caught)

    async def build(self) -> None:
        """Apply the topics from where the rebuild is until it is where the live projection is."""
        while await self.catch_up() > CAUGHT_UP_WITHIN:
            pass


@asynccontextmanager
async def rebuilding(
    settings: Settings, share: Share = WHOLE, *, begin: bool = False
) -> AsyncGenerator[Rebuild]:
    """The rebuild of this database, for one process per share; with `begin` there may be none yet.

    Raises `NothingToSwitchError`, `OtherVersionError` or `AlreadyRunningError`.
    """
    url = settings.database_url.get_secret_value()
    async with AsyncExitStack() as running:
        guard = await asyncpg.connect(url)
        running.push_async_callback(guard.close)
        await _prepare(guard, share, begin=begin)
        live = await running.enter_async_context(await _pool(url))
        pool = await running.enter_async_context(await _pool(schemas.url_of_next(url)))
        key = settings.hash_key.get_secret_value()
        followers = [
            await start_follower(running, settings.kafka, consumer, pool, share)
            for consumer in consumers(key, Pressure(full_batch=MAX_RECORDS))
        ]
        yield Rebuild(url, live, followers)


async def _prepare(guard: Connection, share: Share, *, begin: bool) -> None:
    if not await guard.fetchval(_ONLY_ONE, 0 if share is WHOLE else share.index + 1):
        raise AlreadyRunningError
    if begin and await schemas.state_of(guard) == "none":
        await schemas.create_next(guard)
    if await schemas.state_of(guard) != "building":
        raise NothingToSwitchError
    await schemas.require_same_version(guard)


async def _pool(url: str) -> Pool:
    return await open_pool(url, max_size=4)
