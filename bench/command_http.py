"""CreateCustomer over HTTP beside the least that such an endpoint can do.

Ours is a real process of contacts: it checks the token, decides, writes the customer and its two
facts, logs, and meanwhile relays the facts to Kafka and runs its consumers. The peer is
peers/bare_commands.py: the same validation and the same two INSERTs, and nothing else. Both run
under uvicorn with the same settings on the same durable PostgreSQL; the load is the same bytes over
16 connections. The idle one of the two keeps running while the other is measured.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from devstack.services import SERVICES
from rig.commands import CREATED, create_customer
from rig.figures import Aim, Figure
from rig.http_load import rate_of
from rig.options import Options
from rig.processes import await_answer, free_ports, running, uvicorn
from rig.row import Measured, run
from rig.servers import Servers
from rig.turns import alternate
from shared.auth import issue_token

from devstack import ephemeral

REQUESTS = 5_000
QUICK_REQUESTS = 200
CONNECTIONS = 16


@asynccontextmanager
async def _bare_app(servers: Servers) -> AsyncGenerator[str]:
    [port] = free_ports(1)
    environment = {"BARE_DATABASE_URL": await servers.database("bare", "contacts")}
    command = uvicorn("peers.bare_commands:create_app", port)
    async with running(command, environment, servers.folder / "bare.log") as process:
        await await_answer(f"http://127.0.0.1:{port}/health/ready", process)
        yield f"http://127.0.0.1:{port}/v1/customers"


async def measure(options: Options) -> Measured:
    contacts = [service for service in SERVICES if service.name == "contacts"]
    with (
        TemporaryDirectory(prefix="rapport-bench-") as name,
        ephemeral.system(Path(name), services=contacts, durable=True) as stack,
    ):
        servers = Servers(stack, Path(name))
        token = issue_token(stack.environment["RAPPORT_JWT_KEY"], "bench", ("sales",))
        async with _bare_app(servers) as bare:
            return await _measure(options, servers, (stack.url("contacts"), bare, token))


async def _measure(options: Options, servers: Servers, where: tuple[str, str, str]) -> Measured:
    contacts, bare, token = where
    number = options.pick(REQUESTS, QUICK_REQUESTS)
    sent = count(0, number)

    async def rate(url: str) -> float:
        first = next(sent)
        requests = [create_customer(url, token, n) for n in range(first, first + number)]
        await servers.checkpoint()
        return await rate_of(url, requests, CONNECTIONS, CREATED)

    pairs = await alternate(
        options.runs, lambda _: rate(f"{contacts}/v1/customers"), lambda _: rate(bare)
    )
    figure = Figure("command_http", "requests/s", pairs, "bare FastAPI + asyncpg", Aim(0.7))
    return Measured([figure], [f"{number:,} requests a run over {CONNECTIONS} connections."])


if __name__ == "__main__":
    run("command_http: CreateCustomer over HTTP", __doc__, measure)
