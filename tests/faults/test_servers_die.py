"""Kafka and PostgreSQL are killed under load, again and again; how long until all is as before?"""

import asyncio
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from tests.faults import counters, report
from tests.faults.catching_up import backlog
from tests.faults.conftest import IS_FULL
from tests.faults.history import History
from tests.faults.holdings import connect
from tests.faults.load import loading
from tests.faults.log import Log
from tests.faults.oracle import judge
from tests.faults.rig import Rig
from tests.faults.timing import Timing, spread, timed, under_load, until_async

SERVERS = ("kafka", "postgres")
RUNS = [[server] * 10 for server in SERVERS] if IS_FULL else [list(SERVERS)]
COMMANDS_BETWEEN = 100
INTERRUPTED = '"event": "relay_interrupted"'
INTERRUPTIONS = "relays-interrupted"
RECOVERS_WITHIN = 60.0


@dataclass(frozen=True)
class Recovery:
    """Seconds since a server's return; `away` is how long it was gone before."""

    away: float
    waiting: int
    first_command: float
    published: float
    visible: float


@pytest.mark.parametrize("run", RUNS, ids=lambda run: "+".join(dict.fromkeys(run)))
async def test_a_server_dies_and_everything_goes_on(rig: Rig, log: Log, run: list[str]) -> None:
    had = counters.count(rig, History(), log)
    interrupted = rig.said(INTERRUPTED)
    began = time.monotonic()
    async with loading(rig, seed=300 + SERVERS.index(run[-1])) as load:
        timing = timed(load)
        async with under_load(load):
            recoveries = [(server, await _kill(rig, server, timing)) for server in run]
        rate = len(timing.answers) / (time.monotonic() - began)
        verdict = await judge(rig, load.history, log)
    met = counters.count(rig, load.history, log)
    met.subtract(had)
    met[INTERRUPTIONS] = rig.said(INTERRUPTED) - interrupted
    met["waiting-at-return"] = sum(r.waiting for _, r in recoveries)
    report.suite("kill -9 under load", "server").note(Counter(run), verdict, met)
    for server in dict.fromkeys(run):
        _tell(server, [r for name, r in recoveries if name == server], rate)
    assert verdict.is_clean, str(verdict)
    assert max(r.visible for _, r in recoveries) < RECOVERS_WITHIN
    needed = {"kafka": ("waiting-at-return",), "postgres": ("unknown-commands", INTERRUPTIONS)}
    assert all(met[counter] > 0 for server in set(run) for counter in needed[server]), met


async def _kill(rig: Rig, server: str, timing: Timing) -> Recovery:
    """One death, and the way back until all that was acknowledged before is seen in the 360."""
    await timing.more(COMMANDS_BETWEEN)
    starts = rig.stack.supervisor.processes()[server].starts
    died_at = time.monotonic()
    await asyncio.to_thread(rig.kill_server, server)
    await until_async(
        lambda: asyncio.to_thread(lambda: rig.stack.supervisor.processes()[server].starts > starts),
        f"{server} is started again",
        RECOVERS_WITHIN,
    )
    await asyncio.to_thread(rig.await_server, server)
    returned_at = time.monotonic()
    async with AsyncExitStack() as stack:
        left = await backlog(await connect(rig, stack))
        first, (published, visible) = await asyncio.gather(
            timing.first(returned_at), left.catch_up(rig.kafka, returned_at)
        )
    recovery = Recovery(returned_at - died_at, left.rows, first, published, visible)
    report.tell(f"{server}: {recovery}")
    return recovery


def _tell(server: str, recoveries: list[Recovery], rate: float) -> None:
    report.tell(f"{server}, {len(recoveries)} deaths, {rate:.0f} commands/s answered:")
    for what in ("away", "first_command", "published", "visible"):
        report.tell(f"  {what:14} {spread([getattr(r, what) for r in recoveries])}")
