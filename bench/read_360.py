"""The full view of a customer over HTTP, at 10,000 and at 1,000,000 customers.

Two databases of customer-360 on the same durable PostgreSQL, each with a real process of the
service under uvicorn. Customers are drawn by chance from all of them; four connections of this
process each ask for the next view as soon as the last has arrived. What is compared is the p99 of
the large database with that of the small one in the same run.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager

from rig import report
from rig.figures import Aim, Figure, Pair
from rig.filled_360 import fill, some_customers
from rig.http_load import Connection, connected, get
from rig.options import Options
from rig.processes import await_answer, free_ports, running, uvicorn
from rig.row import Measured, run
from rig.servers import Servers, durable_servers
from shared.auth import issue_token

CUSTOMERS, QUICK_CUSTOMERS = 1_000_000, 2_000
FEW_CUSTOMERS, QUICK_FEW_CUSTOMERS = 10_000, 500
REQUESTS, QUICK_REQUESTS = 5_000, 200
CONNECTIONS = 4
OK = 200
KEY = "a-key-of-the-benchmark-that-is-long-enough"


@asynccontextmanager
async def _serving(servers: Servers, port: int, customers: int) -> AsyncGenerator[str]:
    """A process of the service that knows so many customers; gives its database."""
    report.step(f"filling a database with {customers:,} customers")
    name = f"customer_360_{customers}"
    url = await servers.database(name, "customer_360")
    await fill(url, customers)
    await servers.checkpoint()
    environment = {
        "CUSTOMER_360_DATABASE_URL": url,
        "RAPPORT_JWT_KEY": KEY,
        "RAPPORT_HASH_KEY": KEY,
        "KAFKA_BOOTSTRAP_SERVERS": servers.kafka.bootstrap_servers,
    }
    command = uvicorn("customer_360.app:create_app", port)
    async with running(command, environment, servers.folder / f"{name}.log") as process:
        await await_answer(f"http://127.0.0.1:{port}/health/live", process)
        yield url


async def _latencies(port: int, customers: Sequence[str]) -> list[float]:
    """Milliseconds of each view, in order of length."""
    token = issue_token(KEY, "bench", ("reader",))
    address = f"http://127.0.0.1:{port}/v1/customers"
    waiting = iter([get(f"{address}/{customer}", token) for customer in customers])
    found: list[float] = []
    async with connected(address, CONNECTIONS) as opened:
        await asyncio.gather(*(_ask(connection, waiting, found) for connection in opened))
    return sorted(found)


async def _ask(connection: Connection, waiting: Iterator[bytes], found: list[float]) -> None:
    for request in waiting:
        started = time.perf_counter()
        await connection.expect(OK, request)
        found.append((time.perf_counter() - started) * 1000)


async def measure(options: Options) -> Measured:
    few = options.fixed(FEW_CUSTOMERS, QUICK_FEW_CUSTOMERS)
    many = options.pick(CUSTOMERS, QUICK_CUSTOMERS)
    ports = free_ports(2)
    with durable_servers() as servers:
        await servers.provision_topics()
        async with (
            _serving(servers, ports[0], few) as small,
            _serving(servers, ports[1], many) as large,
        ):
            found = await _measure(options, dict(zip(ports, (small, large), strict=True)))
    return _measured(found, options, few, many)


async def _measure(options: Options, served: dict[int, str]) -> list[list[list[float]]]:
    """Per run the latencies at few and at many customers; the first run does not count."""
    number = options.fixed(REQUESTS, QUICK_REQUESTS)
    runs: list[list[list[float]]] = []
    for turn in range(options.runs + 1):
        asked = [
            await _latencies(port, await some_customers(url, number))
            for port, url in served.items()
        ]
        p99 = ", ".join(f"{_quantile(latencies, 0.99):.1f} ms" for latencies in asked)
        report.step(f"run {turn}/{options.runs}: p99 at few, at many: {p99}")
        runs.append(asked)
    return runs[1:]


def _measured(runs: list[list[list[float]]], options: Options, few: int, many: int) -> Measured:
    peer = f"itself at {few:,}"
    figures = []
    for part, quantile, aim in (("p50", 0.5, None), ("p99", 0.99, Aim(1.3, "at most"))):
        pairs = [
            Pair(_quantile(large, quantile), _quantile(small, quantile)) for small, large in runs
        ]
        figures.append(Figure(f"read_360.{part}", "ms", pairs, peer, aim))
    alone = [Pair(pair.ours) for pair in figures[-1].pairs]
    figures.append(Figure("read_360.p99_alone", "ms", alone, aim=Aim(20, "at most", "ours")))
    number = options.fixed(REQUESTS, QUICK_REQUESTS)
    note = f"{number:,} views a run over {CONNECTIONS} connections, at {many:,} customers."
    return Measured(figures, [note])


def _quantile(latencies: list[float], quantile: float) -> float:
    return latencies[min(len(latencies) - 1, int(len(latencies) * quantile))]


if __name__ == "__main__":
    run("read_360: the full view", __doc__, measure)
