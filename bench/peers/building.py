"""One rebuild in a process of its own, which says how long it took and how much memory it used.

It begins anew; with `--switch` it ends with the comparison and the switch, else with the comparison
and all of it dropped.
"""

import asyncio
import json
import sys
import time

import asyncpg
import psutil
import structlog
from customer_360.config import Settings
from customer_360.rebuilding import parity, schemas
from customer_360.rebuilding.running import rebuilding
from customer_360.rebuilding.switching import switch, tell_profiles
from shared.settings import from_environment

SAMPLE_SECONDS = 0.1
TENTH = 10


async def build_once(settings: Settings, *, is_to_switch: bool) -> dict[str, float]:
    memory: list[float] = []
    async with rebuilding(settings, begin=True) as rebuild:
        sampling = asyncio.ensure_future(_sample(memory))
        started = time.perf_counter()
        await rebuild.build()
        seconds = time.perf_counter() - started
        sampling.cancel()
        found = await parity.compare(rebuild)
        if not is_to_switch and not all(table.is_equal for table in found):
            raise RuntimeError(f"the rebuilt projection differs: {found}")
        if is_to_switch:
            await switch(rebuild)
    if is_to_switch:
        await tell_profiles(settings.database_url.get_secret_value())
    early = max(memory[: max(1, len(memory) // TENTH)])
    return {"seconds": seconds, "peak_mb": max(memory), "early_mb": early}


async def _sample(memory: list[float]) -> None:
    process = psutil.Process()
    while True:
        memory.append(process.memory_info().rss / 1e6)
        await asyncio.sleep(SAMPLE_SECONDS)


async def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    settings = from_environment(Settings)
    said = await build_once(settings, is_to_switch="--switch" in sys.argv)
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    await schemas.drop(connection, schemas.NEXT)
    await schemas.drop(connection, schemas.PREVIOUS)
    await connection.close()
    sys.stdout.write(json.dumps(said))


asyncio.run(main())
