"""Gauges of a soak: memory of each life of each process, dead tuples, outboxes, freshness."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression, quantiles
from typing import Any, NamedTuple

import asyncpg
import httpx
from shared.db import is_infrastructure_fault

from tests.faults.rig import SERVICE, Rig

WARM_UP_SECONDS = 60.0
SHORTEST_LIFE = 120.0
"""Seconds that a process must have lived beyond its warm-up for its memory to have a slope."""

_DEAD = """
SELECT relname, n_dead_tup, n_live_tup FROM pg_stat_user_tables
WHERE schemaname = 'public' ORDER BY n_dead_tup DESC LIMIT 3
"""
_OUTBOX = """
SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS age,
    (SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'outbox' AND schemaname = 'public')
        AS dead
FROM (SELECT created_at FROM outbox ORDER BY id LIMIT 1) AS first
"""


class Weight(NamedTuple):
    """The memory of one life of one process at one moment; seconds since the soak began."""

    process: str
    life: int
    at: float
    megabytes: float


class Debris(NamedTuple):
    """Dead tuples of a table at one moment."""

    service: str
    table: str
    at: float
    dead: int


@dataclass
class Gauges:
    """Everything that was measured, in the order of measuring."""

    rig: Rig
    began_at: float = field(default_factory=time.monotonic)
    weights: list[Weight] = field(default_factory=list[Weight])
    debris: list[Debris] = field(default_factory=list[Debris])
    outbox_ages: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])
    missed: int = 0

    def now(self) -> float:
        return time.monotonic() - self.began_at

    async def read(self) -> None:
        """Measure everything once; a database that is away is counted as missed."""
        for process in self.rig.processes.values():
            megabytes = resident_megabytes(process.pid)
            if megabytes is not None:
                weight = Weight(process.name, process.lives, self.now(), megabytes)
                self.weights.append(weight)
        for service in SERVICE:
            try:
                await self._read_database(service)
            except Exception as error:
                if not is_infrastructure_fault(error):
                    raise
                self.missed += 1

    async def _read_database(self, service: str) -> None:
        url = self.rig.database_url(service)
        connection: Any = await asyncpg.connect(url, timeout=5, command_timeout=5)
        try:
            outbox = await connection.fetchrow(_OUTBOX)
            rows = await connection.fetch(_DEAD)
        finally:
            await connection.close(timeout=5)
        self.outbox_ages.append((service, outbox["age"]))
        self.debris.append(Debris(service, "outbox", self.now(), outbox["dead"] or 0))
        for row in rows:
            if row["relname"] != "outbox":
                debris = Debris(service, row["relname"], self.now(), row["n_dead_tup"])
                self.debris.append(debris)

    def slopes(self) -> dict[str, float | None]:
        """MB an hour per process, by least squares: the median over its long enough lives."""
        lives: dict[tuple[str, int], list[Weight]] = defaultdict(list)
        for weight in self.weights:
            lives[weight.process, weight.life].append(weight)
        found: dict[str, list[float]] = {name: [] for name in self.rig.processes}
        for (name, _), weights in lives.items():
            warm = [w for w in weights if w.at - weights[0].at >= WARM_UP_SECONDS]
            if len(warm) > 2 and warm[-1].at - warm[0].at >= SHORTEST_LIFE:
                line = linear_regression([w.at for w in warm], [w.megabytes for w in warm])
                found[name].append(line.slope * 3600)
        return {name: sorted(s)[len(s) // 2] if s else None for name, s in found.items()}

    def heaviest(self) -> dict[str, float]:
        """The most memory that each process ever had, in MB."""
        return {
            name: max((w.megabytes for w in self.weights if w.process == name), default=0.0)
            for name in self.rig.processes
        }

    def most_dead(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Per table: the most dead tuples at any moment, and those at the end."""
        found: dict[tuple[str, str], tuple[int, int]] = {}
        for debris in self.debris:
            most, _ = found.get((debris.service, debris.table), (0, 0))
            found[debris.service, debris.table] = max(most, debris.dead), debris.dead
        return found

    def oldest_in_outbox(self) -> float:
        return max((age for _, age in self.outbox_ages), default=0.0)


def resident_megabytes(pid: int) -> float | None:
    """What a process holds in memory now; None where it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    for line in status.splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return None


@dataclass
class Freshness:
    """Commit → visible in the 360: one customer after the other, whatever happens meanwhile."""

    http: httpx.AsyncClient
    urls: dict[str, str]
    headers: dict[str, str]
    prefix: str
    seconds: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    unanswered: int = 0

    async def run(self) -> None:
        """Probe until cancelled."""
        number = 0
        while True:
            number += 1
            await self._probe(f"{self.prefix}-{number}")

    async def _probe(self, key: str) -> None:
        body = {"kind": "organization", "display_name": f"Probe {key}"}
        headers = {**self.headers, "Idempotency-Key": key}
        while True:
            try:
                made = await self.http.post(
                    f"{self.urls['contacts']}/v1/customers", json=body, headers=headers
                )
            except httpx.TransportError:
                made = None
            if made is not None and made.is_success:
                break
            self.unanswered += 1
            await asyncio.sleep(0.2)
        began = time.monotonic()
        await self._until_seen(made.json()["customer_id"])
        self.seconds.append((began, time.monotonic() - began))

    async def _until_seen(self, customer_id: str) -> None:
        url = f"{self.urls['customer-360']}/v1/customers/{customer_id}"
        while True:
            try:
                seen = await self.http.get(
                    url, params={"min_version": f"{customer_id}:1"}, headers=self.headers
                )
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
            if seen.is_success and not seen.json()["stale"]:
                return
            await asyncio.sleep(0.005)

    def percentiles(self, disturbed: Sequence[tuple[float, float]]) -> dict[str, tuple[float, ...]]:
        """p50 and p99 in ms, of all probes and of those that no disturbance overlapped."""
        calm = [
            took
            for began, took in self.seconds
            if not any(a <= began + took and began <= b for a, b in disturbed)
        ]
        return {"all": _p50_p99([took for _, took in self.seconds]), "undisturbed": _p50_p99(calm)}


def _p50_p99(seconds: Sequence[float]) -> tuple[float, ...]:
    if len(seconds) < 2:
        return ()
    cuts = quantiles(seconds, n=100)
    return round(cuts[49] * 1000, 1), round(cuts[98] * 1000, 1)
