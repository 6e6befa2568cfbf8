"""A progress bar while a rebuild builds, on a terminal."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from customer_360.rebuilding.progress import Gauge
from customer_360.rebuilding.running import Rebuild

EVERY_SECONDS = 0.5


@asynccontextmanager
async def showing(rebuild: Rebuild, console: Console) -> AsyncGenerator[None]:
    """Show how far it is while the block runs."""
    columns = (
        TextColumn("Rebuilding"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None, rate=0.0)
        updating = asyncio.ensure_future(_update(rebuild, bar, task))
        try:
            yield
        finally:
            updating.cancel()
            with suppress(asyncio.CancelledError):
                await updating


async def _update(rebuild: Rebuild, bar: Progress, task: TaskID) -> None:
    gauge = Gauge(rebuild.followers[0].reader)
    while True:
        async with rebuild.live.acquire() as connection:
            topics = await gauge.read(connection)
        applied, total = (sum(one.applied for one in topics), sum(one.total for one in topics))
        bar.update(task, completed=applied, total=total, rate=bar.tasks[0].speed or 0.0)
        await asyncio.sleep(EVERY_SECONDS)
