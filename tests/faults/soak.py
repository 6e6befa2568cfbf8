"""The soak (`make soak MINUTES=20`): 300 commands a second while everything is killed in turn.

At the end a table and one JSON line; exits 1 if a promise was broken or if nothing was tried.
"""

import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import click
from shared.auth import issue_token
from shared.contracts.external import ERP_ORDERS
from shared.db import is_infrastructure_fault

from tests.faults import counters, report
from tests.faults import rig as rigs
from tests.faults.gauges import Freshness, Gauges
from tests.faults.load import Load, loading
from tests.faults.log import Log
from tests.faults.oracle import judge
from tests.faults.poison import headers_of
from tests.faults.rig import SERVICE, Rig
from tests.faults.soak_report import Outcome, show

RATE = 300.0
LOOK_SECONDS = 5.0
TELL_SECONDS = 15.0
HOLD_SECONDS = 45.0
CALM = (10.0, 25.0)
"""Seconds between one disturbance, once it is over, and the next."""
AFTERMATH = 3.0
"""Seconds in which what has waited is worked off, after everybody is ready again."""


@dataclass
class Soak:
    """One soak under way."""

    rig: Rig
    load: Load
    dice: Random
    gauges: Gauges
    freshness: Freshness
    ends_at: float
    deeds: Counter[str] = field(default_factory=Counter[str])
    disturbed: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    injected: list[str] = field(default_factory=list[str])

    async def run(self) -> None:
        """Everything at once, until the time is up."""
        async with asyncio.TaskGroup() as tasks:
            others = [
                tasks.create_task(self._forever(self.gauges.read, LOOK_SECONDS)),
                tasks.create_task(self._forever(self._tell, TELL_SECONDS)),
                tasks.create_task(self._forever(self._poison, LOOK_SECONDS)),
                tasks.create_task(self._hold_transactions()),
                tasks.create_task(self.freshness.run()),
            ]
            chaos = tasks.create_task(self._disturb())
            await self.load.run(self._is_over, self.ends_at - time.monotonic() + 5)
            await chaos
            for task in others:
                task.cancel()
        await asyncio.to_thread(self.rig.await_ready)

    def _is_over(self) -> bool:
        return time.monotonic() > self.ends_at

    async def _forever(self, act: Callable[[], Awaitable[None]], seconds: float) -> None:
        while True:
            await act()
            await asyncio.sleep(seconds)

    async def _tell(self) -> None:
        left = max(0, self.ends_at - time.monotonic())
        report.tell(
            f"{left:5.0f} s left: {len(self.load.history.commands)} commands,"
            f" {len(self.freshness.seconds)} probes, {len(self.injected)} poisoned; "
            + ", ".join(f"{name} {count}" for name, count in sorted(self.deeds.items()))
        )

    async def _poison(self) -> None:
        key = f"SOAK-{self.load.seed}-{len(self.injected)}"
        self.injected.append(key)
        await self.load.erp.send(ERP_ORDERS.name, key, b'{"order_no": ', headers_of(key, 1))

    async def _disturb(self) -> None:
        """Kill services mostly, and each server first of all once; one at a time, to its end."""
        ways = ["service"] * 6 + ["postgres", "kafka"]
        first = ["service", "kafka", "service", "postgres"]
        while not self._is_over():
            await asyncio.sleep(self.dice.uniform(*CALM))
            way = first.pop(0) if first else self.dice.choice(ways)
            began = time.monotonic()
            await asyncio.to_thread(self._kill, way)
            self.disturbed.append((began, time.monotonic() + AFTERMATH))

    def _kill(self, way: str) -> None:
        if way == "service":
            name = self.dice.choice(sorted(self.rig.processes))
            lives = self.rig.process(name).lives
            self.rig.kill(name)
            while self.rig.process(name).lives == lives:
                time.sleep(rigs.LOOK_SECONDS)
            self.deeds[f"killed {name}"] += 1
        else:
            self.rig.kill_server(way)
            self.deeds[f"killed {way}"] += 1
            self.rig.await_server(way)
        self.rig.await_ready(seconds=120)

    async def _hold_transactions(self) -> None:
        """Somebody forgets a transaction: its xmin keeps dead tuples, in one database at a time."""
        while True:
            await asyncio.sleep(self.dice.uniform(*CALM))
            service = self.dice.choice(sorted(SERVICE))
            try:
                connection: Any = await asyncpg.connect(self.rig.database_url(service), timeout=5)
                await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
                await connection.fetchval("SELECT pg_current_xact_id()::text")
                await asyncio.sleep(HOLD_SECONDS)
                await connection.execute("ROLLBACK")
                await connection.close(timeout=5)
            except Exception as error:
                if not is_infrastructure_fault(error):
                    raise
                self.deeds["held transactions cut off"] += 1
            else:
                self.deeds["held transactions"] += 1


@asynccontextmanager
async def soaking(rig: Rig, seed: int, seconds: float, rate: float) -> AsyncGenerator[Soak]:
    """A soak, ready to run."""
    token = issue_token(rig.values["RAPPORT_JWT_KEY"], "prober", ["sales", "reader"])
    async with loading(rig, seed, rate) as load:
        freshness = Freshness(
            load.client.http,
            load.client.urls,
            {"Authorization": f"Bearer {token}"},
            f"probe-{seed}",
        )
        ends_at = time.monotonic() + seconds
        yield Soak(rig, load, Random(seed), Gauges(rig), freshness, ends_at)


async def _soak(rig: Rig, seed: int, minutes: float, rate: float) -> Outcome:
    log = Log(rig.kafka)
    began = time.monotonic()
    async with soaking(rig, seed, minutes * 60, rate) as soak:
        await soak.run()
        seconds = time.monotonic() - began
        report.tell("the time is up; the oracle waits for rest and judges")
        verdict = await judge(rig, soak.load.history, log, soak.injected)
        await soak.gauges.read()
        parked = await _parked(rig)
        met = counters.count(rig, soak.load.history, log)
    return Outcome(
        seconds=seconds,
        commands=len(soak.load.history.commands),
        outcomes=soak.load.history.outcomes(),
        freshness=soak.freshness.percentiles(soak.disturbed),
        probes=len(soak.freshness.seconds),
        gauges=soak.gauges,
        deeds=soak.deeds,
        met=met,
        injected=len(soak.injected),
        parked=parked,
        verdict=verdict,
    )


async def _parked(rig: Rig) -> int:
    total = 0
    for service in SERVICE:
        connection: Any = await asyncpg.connect(rig.database_url(service))
        total += await connection.fetchval("SELECT count(*) FROM parked_events")
        await connection.close()
    return total


@click.command()
@click.option("--minutes", default=20.0, show_default=True)
@click.option("--rate", default=RATE, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(*, minutes: float, rate: float, seed: int) -> None:
    """Soak a rig of its own, and say what came of it."""
    with tempfile.TemporaryDirectory(prefix="rapport-soak-") as folder:
        report.tell("starting PostgreSQL, Kafka and the five services …")
        with rigs.running(Path(folder)) as rig:
            outcome = asyncio.run(_soak(rig, seed, minutes, rate))
            show(outcome)
    sys.exit(0 if outcome.is_good else 1)


if __name__ == "__main__":
    main()
