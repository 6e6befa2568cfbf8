"""Measuring a projection: from a gate that opens to the last record of the log, committed.

Whoever projects stops at its first batch, because the row holds a lock on a table that the batch
wants; so its start and its group's rebalancing are over when the time begins. Who has read and
decoded that batch by then has so much of a start: the same for ours and for the peers.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import asyncpg
from devstack.services import SERVICES

from rig.history import Log, rewind
from rig.processes import Started, free_ports, running, uvicorn
from rig.servers import Servers

SECONDS_TO_GATE = 120.0
SECONDS_TO_END = 1800.0
GROUPS = ["rapport.customer-360.customers", "rapport.customer-360.orders"]
"""The consumers of customer-360 that have something to read of the demo's log."""

_WAITING = """
SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
WHERE datname = current_database() AND NOT granted
"""
_APPLIED = "SELECT coalesce(sum(next_offset), 0)::bigint FROM consumer_positions"
_CUSTOMER_360 = next(service for service in SERVICES if service.name == "customer-360")


class ProjectionStuckError(RuntimeError):
    """A projection did not reach the gate, or not the end."""


@dataclass(frozen=True)
class Course:
    """A way to go: the table at whose lock so many sessions wait for the start, and the end.

    `progress` is a query for one number; all is done when it is `goal`.
    """

    url: str
    gate: str
    waiting: int
    progress: str
    goal: int
    look_every: float = 0.02


@dataclass(frozen=True)
class Contestant:
    """A process that goes the course: a command and its environment."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]


async def seconds_of(servers: Servers, course: Course, contestants: Sequence[Contestant]) -> float:
    """How long these processes together need from the gate to the end."""
    async with AsyncExitStack() as stack:
        connection = await asyncpg.connect(course.url)
        stack.push_async_callback(connection.close)
        gate = connection.transaction()
        await gate.start()
        await connection.execute(f"LOCK TABLE {course.gate} IN ACCESS EXCLUSIVE MODE")
        started = [
            await stack.enter_async_context(
                running(each.command, each.environment, servers.folder / f"{each.name}.log")
            )
            for each in contestants
        ]
        watch = _Watch(connection, started, course.look_every)
        await watch.until(_WAITING, course.waiting, SECONDS_TO_GATE)
        began = time.perf_counter()
        await gate.commit()
        await watch.until(course.progress, course.goal, SECONDS_TO_END)
        return time.perf_counter() - began


@dataclass(frozen=True)
class _Watch:
    """Looks, through a connection of its own, how far the processes came."""

    connection: "asyncpg.Connection[asyncpg.Record]"
    started: Sequence[Started]
    every: float

    async def until(self, query: str, goal: int, seconds: float) -> None:
        """Return when the number that the query gives is `goal`; raise when it does not come."""
        deadline = time.monotonic() + seconds
        seen = 0
        while time.monotonic() < deadline:
            for each in self.started:
                each.require_alive()
            seen = await self.connection.fetchval(query)
            if seen >= goal:
                return
            await asyncio.sleep(self.every)
        said = "\n".join(each.log.read_text()[-2000:] for each in self.started)
        raise ProjectionStuckError(f"{seen} of {goal} after {seconds:.0f} s: {query}\n{said}")


async def our_rate(servers: Servers, log: Log, database: str, processes: int = 1) -> float:
    """Records a second of the log into a fresh 360 by real processes of customer-360."""
    await rewind(servers, GROUPS, log)
    url = await servers.database(database, "customer_360")
    environment = {**servers.stack.environment, "CUSTOMER_360_DATABASE_URL": url}
    contestants = [
        Contestant(f"{database}-{port}", uvicorn(_CUSTOMER_360.factory, port), environment)
        for port in free_ports(processes)
    ]
    # Each batch first looks which keys are parked; a consumer has one batch in hand.
    course = Course(url, "parked_keys", len(GROUPS) * processes, _APPLIED, log.records)
    seconds = await seconds_of(servers, course, contestants)
    await servers.drop(database)
    return log.records / seconds
