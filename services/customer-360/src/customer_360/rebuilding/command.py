"""`customer-360 rebuild`: what operators run when the view must be derived anew."""

import asyncio
import logging
import os
import sys
import time
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import click
import structlog
from aiokafka import AIOKafkaConsumer
from dotenv import load_dotenv
from rich.console import Console
from rich.table import Table
from shared.settings import from_environment

from customer_360.config import Settings
from customer_360.rebuilding import parity, schemas
from customer_360.rebuilding.errors import DifferencesError, NothingToSwitchError, RebuildError
from customer_360.rebuilding.following import Share
from customer_360.rebuilding.parity import Compared
from customer_360.rebuilding.processes import build_shares, parent_is_gone
from customer_360.rebuilding.progress import Gauge, TopicProgress
from customer_360.rebuilding.running import Rebuild, rebuilding
from customer_360.rebuilding.showing import showing
from customer_360.rebuilding.switching import switch, tell_profiles

DEFAULT_ENV_FILE = Path(".rapport/env")
RATE_SECONDS = 1.0

console = Console()

processes_option = click.option("--processes", default=1, show_default=True, type=click.IntRange(1))
sample_option = click.option("--sample", default=parity.SAMPLE, show_default=True)
accept_option = click.option("--accept-differences", is_flag=True, help="Switch all the same.")


@click.group()
def main() -> None:
    """Operate customer-360. Settings come from the environment, or from RAPPORT_ENV_FILE."""


@main.group()
def rebuild() -> None:
    """Build the projection anew from the topics, beside the live one, and put it in its place."""
    load_dotenv(os.environ.get("RAPPORT_ENV_FILE", DEFAULT_ENV_FILE))
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


@rebuild.command()
@processes_option
@sample_option
@accept_option
def run(*, processes: int, sample: int, accept_differences: bool) -> None:
    """Build, compare, switch: all of it. What was begun before goes on."""
    _do(_build(processes))
    _do(_switch(sample, accept_differences=accept_differences))


@rebuild.command()
@processes_option
def build(*, processes: int) -> None:
    """Begin a rebuild, or go on with it, until it has caught up with the live projection."""
    _do(_build(processes))


@rebuild.command("switch")
@sample_option
@accept_option
def switch_command(*, sample: int, accept_differences: bool) -> None:
    """Compare, and put the rebuilt projection in the place of the live one."""
    _do(_switch(sample, accept_differences=accept_differences))


@rebuild.command()
def status() -> None:
    """Show how far a rebuild is."""
    _do(_status())


@rebuild.command()
def abort() -> None:
    """Drop what is being built; the live projection is not touched."""
    _do(_drop(schemas.NEXT))


@rebuild.command()
def drop() -> None:
    """Drop the projection that the last switch replaced (else the next rebuild does)."""
    _do(_drop(schemas.PREVIOUS))


@rebuild.command(hidden=True)
@click.argument("index", type=int)
@click.argument("of", type=int)
def share(index: int, of: int) -> None:
    """Build one share of the partitions; `build` starts this."""
    _do(_build_share(Share(index, of)))


def _do(work: Coroutine[Any, Any, None]) -> None:
    refused: BaseException | None = None
    try:
        asyncio.run(work)
    except* RebuildError as group:
        refused = group
    while isinstance(refused, BaseExceptionGroup):
        refused = refused.exceptions[0]
    if refused is not None:
        raise click.ClickException(f"{type(refused).__name__}: {refused.__doc__}")


async def _build(processes: int) -> None:
    settings = from_environment(Settings)
    await _finish_last_switch(settings)
    async with rebuilding(settings, begin=True) as one, showing(one, console):
        if processes > 1:
            await build_shares(processes)
        await one.build()


async def _build_share(share: Share) -> None:
    async with rebuilding(from_environment(Settings), share) as one:
        building = asyncio.ensure_future(one.build())
        watching = asyncio.ensure_future(parent_is_gone())
        await asyncio.wait({building, watching}, return_when=asyncio.FIRST_COMPLETED)
        watching.cancel()
        if not building.done():
            building.cancel()
            sys.exit(1)
        await building


async def _switch(sample: int, *, accept_differences: bool) -> None:
    settings = from_environment(Settings)
    async with rebuilding(settings) as one:
        await _compare(one, sample, accept_differences=accept_differences)
        switched = await switch(one)
    console.print(
        f"Switched: consumers waited {switched.consumers_waited * 1000:,.0f} ms, readers"
        f" {switched.readers_waited * 1000:,.0f} ms ({switched.attempts} attempts)."
    )
    await _finish_last_switch(settings)


async def _compare(one: Rebuild, sample: int, *, accept_differences: bool) -> None:
    found = await parity.compare(one, sample)
    console.print(_table_of(found))
    if accept_differences or all(table.is_equal for table in found):
        return
    raise DifferencesError


async def _finish_last_switch(settings: Settings) -> None:
    """Tell the profiles of the last switch, also where an earlier process died before it could."""
    url = settings.database_url.get_secret_value()
    connection = await asyncpg.connect(url)
    try:
        if await schemas.state_of(connection) == "switched":
            await tell_profiles(url)
    finally:
        await connection.close()


async def _drop(schema: str) -> None:
    connection = await asyncpg.connect(from_environment(Settings).database_url.get_secret_value())
    try:
        if schema == schemas.NEXT and await schemas.state_of(connection) != "building":
            raise NothingToSwitchError
        await schemas.drop(connection, schema)
    finally:
        await connection.close()
    console.print(f"Dropped {schema}.")


async def _status() -> None:
    settings = from_environment(Settings)
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    try:
        state = await schemas.state_of(connection)
        kept = "kept" if await schemas.is_kept(connection) else "dropped"
        console.print(f"rebuild: {state}; the projection before the last switch: {kept}")
        if state == "building":
            async with AIOKafkaConsumer(**settings.kafka.client_options()) as reader:
                await _show_progress(Gauge(reader), connection)
    finally:
        await connection.close()


async def _show_progress(gauge: Gauge, connection: Any) -> None:
    before, began = await gauge.read(connection), time.monotonic()
    await asyncio.sleep(RATE_SECONDS)
    now, seconds = await gauge.read(connection), time.monotonic() - began
    rate = (_applied(now) - _applied(before)) / seconds
    table = Table("topic", "applied", "of", "lag")
    for topic in now:
        table.add_row(topic.topic, f"{topic.applied:,}", f"{topic.total:,}", f"{topic.lag:,}")
    lag = sum(topic.lag for topic in now)
    left = f"{lag / rate:,.0f} s left" if rate else "it does not move"
    console.print(table, f"{_applied(now):,} applied, {rate:,.0f} records/s, {left}")


def _applied(topics: Sequence[TopicProgress]) -> int:
    return sum(topic.applied for topic in topics)


def _table_of(found: Sequence[Compared]) -> Table:
    table = Table("table", "live rows", "rebuilt rows", "compared", "differing", "")
    for one in found:
        numbers = (one.live, one.rebuilt, one.compared, one.differing)
        shown = [f"{number:,}" for number in numbers]
        table.add_row(one.table, *shown, "" if one.is_equal else "DIFFERS")
    return table
