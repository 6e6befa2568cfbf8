"""The switch: the rebuilt tables take the place of the live ones in one transaction.

Running services notice nothing but a short wait: PostgreSQL looks the tables' names up anew in
every statement that was prepared before. Where a reader and the switch would wait for each other,
the switch gives way after `PATIENCE` and tries again.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from uuid import UUID

import asyncpg
from shared.db import Connection, transaction

from customer_360.profiles.store import touch
from customer_360.rebuilding import schemas
from customer_360.rebuilding.errors import SwitchBlockedError
from customer_360.rebuilding.gate import hold_consumers
from customer_360.rebuilding.running import Rebuild
from customer_360.rebuilding.schemas import LIVE, MOVED_TABLES, NEXT

ATTEMPTS = 50
PATIENCE = "700ms"
"""How long the switch waits for readers: less than PostgreSQL's deadlock_timeout, so that it is
the switch that gives way and never a reader."""

LONGEST_CATCH_UP = 10.0
TOLD_AT_ONCE = 2000

_TABLES = ", ".join(f"{schema}.{table}" for schema in (LIVE, NEXT) for table in MOVED_TABLES)

# A record that waits in both keeps the id by which operators know it.
_KEEP_PARKED_IDS = f"""
UPDATE {NEXT}.parked_events AS rebuilt
SET parked_id = live.parked_id, attempts = live.attempts, parked_at = live.parked_at
FROM {LIVE}.parked_events AS live
WHERE (live.consumer, live.topic, live.partition, live."offset")
    = (rebuilt.consumer, rebuilt.topic, rebuilt.partition, rebuilt."offset")
"""

_ADD_FORGOTTEN = f"""
INSERT INTO {NEXT}.profiles (customer_id, profile_version)
SELECT customer_id, 0 FROM {LIVE}.profiles ON CONFLICT DO NOTHING
"""

_TAKE = f"""
DELETE FROM {NEXT}.profiles WHERE customer_id IN (
    SELECT customer_id FROM {NEXT}.profiles WHERE customer_id > $1
    ORDER BY customer_id LIMIT {TOLD_AT_ONCE}
) RETURNING customer_id
"""


@dataclass(frozen=True, slots=True)
class Switched:
    """How many seconds consumers and readers waited, and at which attempt it was done."""

    consumers_waited: float
    readers_waited: float
    attempts: int


async def switch(rebuild: Rebuild) -> Switched:
    """Put the rebuilt projection in the place of the live one; raises `SwitchBlockedError`."""
    async with rebuild.connect() as connection:
        await schemas.settle(connection)
        await connection.execute(_ADD_FORGOTTEN)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with connection.transaction():
                    began, locked = await _exchange(connection, rebuild)
            except (asyncpg.LockNotAvailableError, TimeoutError):
                await asyncio.sleep(random.uniform(0.1, 0.5))
            else:
                ended = time.monotonic()
                return Switched(ended - began, ended - locked, attempt)
    raise SwitchBlockedError


async def _exchange(connection: Connection, rebuild: Rebuild) -> tuple[float, float]:
    await rebuild.catch_up()
    await connection.execute("SET LOCAL lock_timeout = '10s'")
    # Stands in nobody's way but autovacuum's, which gives way and then stays away.
    await connection.execute(f"LOCK TABLE {_TABLES} IN SHARE UPDATE EXCLUSIVE MODE")
    began = time.monotonic()
    await hold_consumers(connection)
    async with asyncio.timeout(LONGEST_CATCH_UP):
        await rebuild.catch_up()
    await connection.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
    await connection.execute(_KEEP_PARKED_IDS)
    locked = time.monotonic()
    await connection.execute(f"LOCK TABLE {_TABLES} IN ACCESS EXCLUSIVE MODE")
    await schemas.exchange(connection)
    return began, locked


async def tell_profiles(url: str, told: Callable[[int], None] = lambda _: None) -> None:
    """Raise every profile's version and let its figures be published where they differ now.

    The rebuild's own list of profiles is the list of those still to be told, so this may be stopped
    and run again.
    """
    last = UUID(int=0)
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
        while True:
            async with transaction(pool) as connection:
                customer_ids = [row[0] for row in await connection.fetch(_TAKE, last)]
                await touch(connection, customer_ids)
            if not customer_ids:
                break
            last = max(customer_ids, key=attrgetter("int"))
            told(len(customer_ids))
        async with pool.acquire() as connection:
            await schemas.drop(connection, NEXT)
