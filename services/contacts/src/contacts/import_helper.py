"""A process of its own for what is much: the service answers and relays meanwhile, on another core.

The helper keeps nothing but what the database keeps: killed anywhere, it leaves the import behind
its last committed block, and whoever looks next goes on there.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from shared.db import Pool

from contacts.file_blocks import BlocksAhead
from contacts.imports.handlers import do_next_block
from contacts.points import PointRules

MANY_ROWS = 20_000
"""Rows left for which a process is worth its start, which takes about two seconds."""

_PROGRAM = ("-P", "-m", "contacts.import_process")

logger = structlog.stdlib.get_logger()


async def run_imports(pool: Pool, rules: PointRules) -> bool:
    """Do block after block, of the import that waited longest, until there is nothing to do.

    Where much is left, a helper takes over as soon as it is up. What it leaves, should it die, is
    done here.
    """
    was_busy = False
    async with AsyncExitStack() as stack:
        helper, ahead = None, stack.enter_context(BlocksAhead())
        while True:
            left = await do_next_block(pool, rules, ahead)
            if left is not None:
                was_busy = True
                if helper is None and left > MANY_ROWS:
                    helper = await stack.enter_async_context(helping())
            elif helper is not None:
                await end_of(helper)
                helper = None
            else:
                return was_busy


@asynccontextmanager
async def helping() -> AsyncGenerator[asyncio.subprocess.Process]:
    """Run a helper with the settings of this process; it ends with the block, or with us."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *_PROGRAM, stdin=asyncio.subprocess.PIPE
    )
    logger.info("import_helper_started", pid=process.pid)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def end_of(helper: asyncio.subprocess.Process) -> None:
    """Wait until it has done what there was, or cannot go on."""
    if code := await helper.wait():
        logger.warning("import_helper_died", pid=helper.pid, code=code)
