"""What each of the six services costs at rest, in a system that has worked before.

Some history goes through first, so that caches and pools are as large as work makes them. Then
nothing is asked of the services but what devstack itself asks, which is nothing. CPU time and
resident memory are those of the operating system, per process.
"""

import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil
from devstack.demo.accounts import Accountant
from devstack.demo.customers import import_customers
from devstack.demo.doors import Addresses, Doors
from devstack.demo.orders import publish_orders
from devstack.demo.purchases import read_purchases
from devstack.demo.quiet import quiet
from devstack.services import SERVICES
from devstack.stack import Stack
from rig import report
from rig.figures import Aim, Figure, Pair
from rig.history import of_first
from rig.options import Options
from rig.row import Measured, run
from shared.settings import KafkaSettings

from devstack import ephemeral

SECONDS = 60
QUICK_SECONDS = 3
SECONDS_TO_SETTLE = 30
QUICK_SECONDS_TO_SETTLE = 3
CUSTOMERS = 2_000
QUICK_CUSTOMERS = 50
MEGABYTE = 1_000_000
CPU, MEMORY = "cpu", "memory"


async def measure(options: Options) -> Measured:
    with (
        TemporaryDirectory(prefix="rapport-bench-") as name,
        ephemeral.system(Path(name), durable=True) as stack,
    ):
        await _work(stack, options.fixed(CUSTOMERS, QUICK_CUSTOMERS))
        await asyncio.sleep(options.fixed(SECONDS_TO_SETTLE, QUICK_SECONDS_TO_SETTLE))
        running = stack.supervisor.processes()
        services = {each.name: psutil.Process(running[each.name].pid) for each in SERVICES}
        seconds = options.pick(SECONDS, QUICK_SECONDS)
        runs: list[dict[tuple[str, str], float]] = []
        for turn in range(1, options.runs + 1):
            runs.append(await _watch(services, seconds))
            report.step(f"run {turn}/{options.runs}")
    figures = [_figure(service.name, what, runs) for service in SERVICES for what in (CPU, MEMORY)]
    return Measured(figures, [f"{seconds} s a run, after the history of some customers."])


async def _work(stack: Stack, customers: int) -> None:
    """Let the system do something, and wait until it is at rest again."""
    purchases = of_first(customers, read_purchases())
    kafka = KafkaSettings(bootstrap_servers=stack.bootstrap, replication_factor=1)
    accountant = Accountant(kafka)
    async with httpx.AsyncClient(timeout=60) as http:
        key = stack.environment["RAPPORT_JWT_KEY"]
        doors = Doors(http, Addresses.of_environment(stack.environment), key)
        importer = doors.caller("bench", "integration")
        refs = {purchase.customer_ref for purchase in purchases}
        await import_customers(doors, importer, refs, lambda _: None)
        await publish_orders(kafka, purchases, lambda _: None)
        await quiet(doors, accountant)
    await accountant.close()


async def _watch(
    services: dict[str, psutil.Process], seconds: float
) -> dict[tuple[str, str], float]:
    """Percent of a core and megabytes of each service over so many seconds."""
    before, began = {name: _cpu_seconds(each) for name, each in services.items()}, time.monotonic()
    await asyncio.sleep(seconds)
    took = time.monotonic() - began
    seen: dict[tuple[str, str], float] = {}
    for name, process in services.items():
        seen[name, CPU] = 100 * (_cpu_seconds(process) - before[name]) / took
        seen[name, MEMORY] = process.memory_info().rss / MEGABYTE
    return seen


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _figure(service: str, what: str, runs: list[dict[tuple[str, str], float]]) -> Figure:
    unit, bound = {CPU: ("% of a core", 1), MEMORY: ("MB", 120)}[what]
    pairs = [Pair(seen[service, what]) for seen in runs]
    return Figure(f"idle.{what}.{service}", unit, pairs, aim=Aim(bound, "at most", "ours"))


if __name__ == "__main__":
    run("idle: the six services at rest", __doc__, measure)
