"""The scan for duplicates: how right it is, and how long it takes.

Right: the 1,000 records of FEBRL's data set 1 become contacts of a real database and the very scan
of the service looks through them; then its cases are held against the truth, which it never sees.
Long: a base of a million generated contacts of whom 5 % are there twice, from a base that has no
blocking keys yet to the last case; in one process, with PostgreSQL beside it.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import psutil
from contacts.people import store as people
from contacts.people.domain import carry_out
from contacts.scans import handlers as scans
from contacts.scans import store as scans_store
from contacts.scans.domain import Scan
from rig import febrl, generated_people, report
from rig.febrl import Pair as SamePerson
from rig.figures import Aim, Figure, Pair
from rig.options import Options
from rig.row import Measured, run
from rig.servers import Servers, durable_servers
from shared.cause import Cause
from shared.db import Pool, open_pool, transaction
from shared.ids import new_id
from shared.telemetry import new_trace

PEOPLE = 1_000_000
QUICK_PEOPLE = 10_000
LONGEST_MINUTES = 10
BEST_F1 = 0.97
BEST_PRECISION = 0.99


@dataclass(frozen=True)
class Quality:
    """The links that a scan made, against those that are true."""

    linked: int
    true: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.linked if self.linked else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.true

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def __str__(self) -> str:
        return (
            f"precision {self.precision:.4f}, recall {self.recall:.4f}, F1 {self.f1:.4f}"
            f" ({self.right:,} of {self.linked:,} links are right, {self.true:,} are true)"
        )


@dataclass(frozen=True)
class Effort:
    """What a scan took; CPU seconds are what a busy machine does not stretch."""

    seconds: float
    cpu_ours: float
    cpu_postgres: float
    scan: Scan


def cause() -> Cause:
    return Cause("user:bench", datetime.now(UTC), "bench", new_trace())


async def scan(pool: Pool) -> Effort:
    """Start a scan of the contacts and do what the service's job does, until it is complete."""
    ours, postgres = psutil.Process(), await _postmaster(pool)
    before = _cpu(ours), _cpu_of_all(postgres)
    began = time.perf_counter()
    started = await scans.start_scan(pool, cause(), new_id(), "contact")
    await scans.run_scans(pool)
    seconds = time.perf_counter() - began
    async with pool.acquire() as connection:
        done = await scans_store.load_scan(connection, started.scan_id)
    if done.status != "completed":
        raise RuntimeError(f"the scan is {done.status}")
    return Effort(seconds, _cpu(ours) - before[0], _cpu_of_all(postgres) - before[1], done)


async def _postmaster(pool: Pool) -> psutil.Process:
    backend: int = await pool.fetchval("SELECT pg_backend_pid()")
    parent = psutil.Process(backend).parent()
    assert parent is not None
    return parent


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _cpu_of_all(postmaster: psutil.Process) -> float:
    ended = postmaster.cpu_times()
    alive = sum(map(_cpu, postmaster.children()))
    return alive + ended.children_user + ended.children_system


async def links(pool: Pool) -> set[SamePerson]:
    """The pairs that the scan suspects."""
    rows = await pool.fetch("SELECT first_id, second_id FROM duplicate_cases WHERE status = 'open'")
    return {frozenset((row["first_id"], row["second_id"])) for row in rows}


def quality(linked: set[SamePerson], true: set[SamePerson]) -> Quality:
    return Quality(len(linked), len(true), len(linked & true))


async def measure_right(servers: Servers) -> Quality:
    """FEBRL's people as contacts, looked through, and only then held against the truth."""
    pool = await open_pool(await servers.database("febrl", "contacts"))
    try:
        ids = await _create_febrl(pool)
        effort = await scan(pool)
        found = quality(await links(pool), febrl.truth(ids))
        report.step(f"FEBRL 1: {effort.scan.pairs_compared:,} pairs compared; {found}")
        return found
    finally:
        await pool.close()


async def _create_febrl(pool: Pool) -> list[UUID]:
    changes = [carry_out(None, command) for command in febrl.creations(datetime.now(UTC))]
    async with transaction(pool) as connection:
        await people.save_changes(connection, cause(), changes)
    return [change.after.state.contact_id for change in changes]


async def measure_long(servers: Servers, number: int) -> tuple[Effort, Quality]:
    url = await servers.database("many", "contacts")
    pool = await open_pool(url)
    try:
        async with pool.acquire() as connection:
            await generated_people.fill(connection, number)
        await servers.checkpoint()
        report.step(f"{number:,} contacts are there")
        effort = await scan(pool)
        rows = await pool.fetch("SELECT one, other FROM persons_twice")
        true: Iterable[SamePerson] = (frozenset((row["one"], row["other"])) for row in rows)
        return effort, quality(await links(pool), set(true))
    finally:
        await pool.close()


async def measure(options: Options) -> Measured:
    number = options.pick(PEOPLE, QUICK_PEOPLE)
    with durable_servers() as servers:
        right = await measure_right(servers)
        effort, generated = await measure_long(servers, number)
    done = effort.scan
    minutes = Aim(LONGEST_MINUTES, "at most", "ours") if number == PEOPLE else None
    figures = [
        Figure("identity.precision", "", [Pair(right.precision)], aim=_least(BEST_PRECISION)),
        Figure("identity.recall", "", [Pair(right.recall)]),
        Figure("identity.f1", "", [Pair(right.f1)], aim=_least(BEST_F1)),
        Figure("identity.scan", "min", [Pair(effort.seconds / 60)], aim=minutes),
        Figure("identity.scan_rate", "records/s", [Pair(number / effort.seconds)]),
    ]
    notes = [
        f"FEBRL data set 1, policy {scans.current_policy().version}: {right}.",
        f"Scan of {number:,} generated contacts, {generated.true:,} of them there twice, without",
        f"keys at its start: {effort.seconds:,.1f} s; CPU seconds {effort.cpu_ours:,.1f} of ours,",
        f"{effort.cpu_postgres:,.1f} of PostgreSQL.",
        f"{done.pairs_compared:,} pairs of {done.blocks:,} blocks compared,",
        f"{done.blocks_too_large:,} blocks left out as too large, {done.cases_opened:,} cases.",
        f"Of these generated people: {generated}.",
    ]
    return Measured(figures, notes)


def _least(bound: float) -> Aim:
    return Aim(bound, "at least", "ours")


if __name__ == "__main__":
    run("identity: the scan for duplicates", __doc__, measure)
