"""More processes for one rebuild: each reads its share of the partitions, and ends when done."""

import asyncio
import os
import sys

from customer_360.rebuilding.errors import ShareFailedError
from customer_360.rebuilding.following import Share

PARENT_LOOK_SECONDS = 1.0


async def build_shares(processes: int) -> None:
    """Build with so many processes; they end with this one, however it ends."""
    async with asyncio.TaskGroup() as tasks:
        for index in range(processes):
            tasks.create_task(_run(Share(index, processes)))


async def _run(share: Share) -> None:
    arguments = ("-m", "customer_360.rebuilding", "share", str(share.index), str(share.of))
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments)
    try:
        if await process.wait() != 0:
            raise ShareFailedError(share)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def parent_is_gone() -> None:
    """Return when the process that started this one is no more."""
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(PARENT_LOOK_SECONDS)
