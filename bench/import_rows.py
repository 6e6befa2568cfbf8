"""A CSV file through POST /v1/imports until its facts are published, against COPY of the same rows.

Ours is a real process of contacts, with the helper that it starts for so many rows: they stage the
file, check and decide each row, write the customers, their external ids, keys, history and two
facts for each, and relay the facts to Kafka. The peer is PostgreSQL's COPY of the same file into
one table without an index. A million rows would take too long five times: the ratio is of runs of
100,000 rows, the memory of one import of a million.
"""

import asyncio
import csv
import json
import statistics
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import httpx
import psutil
from devstack.demo.doors import Addresses, Caller, Doors, Json
from devstack.demo.gauges import outbox_pending
from devstack.services import SERVICES
from devstack.stack import Stack
from rig import cpu_time, report
from rig.cpu_time import CpuSeconds
from rig.figures import Aim, Figure, Pair
from rig.options import Options
from rig.row import Measured, run
from rig.servers import Servers
from rig.turns import alternate

from devstack import ephemeral

ROWS = 100_000
QUICK_ROWS = 2_000
MANY_ROWS = 1_000_000
QUICK_MANY_ROWS = 5_000
LEAST_RATE = 10_000
"""Rows a second that an import of a million rows is to reach."""

LARGEST_GROWTH = 16
"""Megabytes that an import of a million rows may add to its processes and still count as flat."""

SECONDS = 3600.0
MEGABYTE = 1_000_000
COLUMNS = ("ref", "name", "kind", "region", "industry", "language", "currency")
_SPEC = {
    "entity_type": "customer",
    "source_label": "bench",
    "mode": "upsert",
    "mapping": {
        "ref": "external_id:bench",
        "name": "display_name",
        **{name: name for name in COLUMNS[2:]},
    },
    "constants": {"source": "bench"},
}


def write_file(path: Path, prefix: str, rows: int) -> None:
    """A file of customers whom nobody knows yet."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_rows(prefix, rows))


def _rows(prefix: str, rows: int) -> Iterator[tuple[str, ...]]:
    for n in range(rows):
        name = f"Maschinenfabrik {prefix} {n} GmbH"
        yield f"{prefix}-{n:07}", name, "organization", "Wien", "machinery", "de", "EUR"


@dataclass
class Memory:
    """The resident megabytes of a process and of those below it, sampled until cancelled."""

    process: psutil.Process
    samples: list[float] = field(default_factory=list[float])

    async def sample(self) -> None:
        while True:
            below = self.process.children(recursive=True)
            self.samples.append(sum(map(_resident, (self.process, *below))))
            await asyncio.sleep(0.25)

    @property
    def growth(self) -> float:
        """From the second quarter to the last: the first is when pools and caches fill."""
        quarter = max(1, len(self.samples) // 4)
        second = statistics.median(self.samples[quarter : 2 * quarter] or self.samples)
        return statistics.median(self.samples[-quarter:]) - second

    @property
    def slope(self) -> float:
        """Megabytes a minute over the last three quarters, by least squares."""
        settled = self.samples[len(self.samples) // 4 :]
        minutes = [n * 0.25 / 60 for n in range(len(settled))]
        return statistics.linear_regression(minutes, settled).slope


def _resident(process: psutil.Process) -> float:
    try:
        return process.memory_info().rss / MEGABYTE
    except psutil.NoSuchProcess:
        return 0.0


@dataclass(frozen=True)
class Importing:
    """Contacts, as whoever has a file sees it."""

    stack: Stack
    doors: Doors
    caller: Caller
    cpu: list[CpuSeconds] = field(default_factory=list[CpuSeconds])

    async def seconds_of(self, path: Path) -> float:
        """From the file's first byte in to the last of its facts on Kafka."""
        began, cpu = time.perf_counter(), cpu_time.used(self.stack)
        with path.open("rb") as file:
            answer = await self.caller.send(
                "POST",
                "contacts",
                "/v1/imports",
                files={"file": (path.name, file, "text/csv")},
                data={"spec": json.dumps(_SPEC)},
            )
        await self._completed(answer.json())
        while await outbox_pending(self.doors, "contacts"):
            await asyncio.sleep(0.05)
        seconds = time.perf_counter() - began
        self.cpu.append(cpu_time.between(cpu, cpu_time.used(self.stack)))
        return seconds

    async def _completed(self, begun: Json) -> None:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            seen = await self.caller.get("contacts", f"/v1/imports/{begun['import_id']}")
            if seen["status"] == "completed" and seen["created"] == seen["rows_total"]:
                return
            if seen["status"] not in {"validating", "running"}:
                raise RuntimeError(f"the import did not create every row: {seen}")
            await asyncio.sleep(0.1)
        raise TimeoutError("the import did not end")


async def copy_seconds(url: str, path: Path) -> float:
    """How long COPY of the same file into one table takes."""
    connection = await asyncpg.connect(url)
    columns = ", ".join(f"{name} text" for name in COLUMNS)
    await connection.execute(f"DROP TABLE IF EXISTS copied; CREATE TABLE copied ({columns})")
    began = time.perf_counter()
    await connection.copy_to_table("copied", source=path, format="csv", header=True)
    seconds = time.perf_counter() - began
    await connection.close()
    return seconds


async def measure(options: Options) -> Measured:
    contacts = [service for service in SERVICES if service.name == "contacts"]
    with (
        TemporaryDirectory(prefix="rapport-bench-") as name,
        ephemeral.system(Path(name), services=contacts, durable=True) as stack,
    ):
        async with httpx.AsyncClient(timeout=600) as http:
            key = stack.environment["RAPPORT_JWT_KEY"]
            doors = Doors(http, Addresses.of_environment(stack.environment), key)
            importing = Importing(stack, doors, doors.caller("bench", "integration"))
            pairs = await _rates(options, importing, Servers(stack, Path(name)))
            cpu = list(importing.cpu[1:])  # without the warm-up
            rate, memory = await _many(options, importing, Path(name))
    rows = options.pick(ROWS, QUICK_ROWS)
    many = options.fixed(MANY_ROWS, QUICK_MANY_ROWS)
    growth = [Pair(memory.growth)]
    flat, fast = Aim(LARGEST_GROWTH, "at most", "ours"), Aim(LEAST_RATE, "at least", "ours")
    figures = [
        Figure("import_rows", "rows/s", pairs, "COPY into one table", Aim(0.1)),
        Figure("import_rows.million", "rows/s", [Pair(rate)], aim=fast),
        Figure("import_rows.memory", "MB", growth, aim=flat),
    ]
    notes = [
        f"{rows:,} rows a run for the ratio; memory over one import of {many:,} rows:",
        f"peak {max(memory.samples):,.0f} MB, slope {memory.slope:+.1f} MB a minute.",
        "Growth is from the second quarter of that import to its last.",
        f"{rows:,} rows: {cpu_time.per_unit(cpu, rows, 'row')}",
        f"{many:,} rows: {cpu_time.per_unit(importing.cpu[-1:], many, 'row')}",
    ]
    return Measured(figures, notes)


async def _rates(options: Options, importing: Importing, servers: Servers) -> list[Pair]:
    rows = options.pick(ROWS, QUICK_ROWS)
    url = await servers.database("copied")
    path = servers.folder / "rows.csv"

    async def ours(turn: int) -> float:
        write_file(path, f"run{turn}", rows)
        await servers.checkpoint()
        return rows / await importing.seconds_of(path)

    async def peer(_: int) -> float:
        await servers.checkpoint()
        return rows / await copy_seconds(url, path)

    return await alternate(options.runs, ours, peer)


async def _many(options: Options, importing: Importing, folder: Path) -> tuple[float, Memory]:
    """Rows a second of a large file, and the memory meanwhile."""
    rows = options.fixed(MANY_ROWS, QUICK_MANY_ROWS)
    path = folder / "many.csv"
    write_file(path, "many", rows)
    pid = importing.stack.supervisor.processes()["contacts"].pid
    memory = Memory(psutil.Process(pid))
    sampling = asyncio.create_task(memory.sample())
    try:
        seconds = await importing.seconds_of(path)
    finally:
        sampling.cancel()
        with suppress(asyncio.CancelledError):
            await sampling
    report.step(f"{rows:,} rows in {seconds:,.1f} s, {rows / seconds:,.0f} rows/s")
    return rows / seconds, memory


if __name__ == "__main__":
    run("import_rows: a file of customers", __doc__, measure)
