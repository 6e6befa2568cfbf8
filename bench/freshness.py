"""From the answer to a command until the 360's API shows it, at 200 commands a second.

All five services run. Customers are created at a fixed rate, whether or not the answers keep up;
every so many of them is watched: from the arrival of the answer, that is after the commit, its view
is asked for again and again until it shows. The peer is Kafka alone: the same rate through one
aiokafka producer with the relay's settings to one aiokafka consumer on the same broker, from `send`
to the record's arrival.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from devstack.services import CORE
from rig import report
from rig.commands import CREATED, create_customer
from rig.figures import Aim, Figure, Pair
from rig.http_load import Connection, connected, get
from rig.options import Options
from rig.row import Measured, run
from rig.servers import Servers
from shared.auth import issue_token
from shared.contracts.topic import PARTITIONS
from shared.messaging.relay import producing

from devstack import ephemeral

PER_SECOND = 200
WATCHED = 20
"""One command of so many is watched: looking costs the 360 more than showing."""

LOOK_EVERY = 0.01
PATIENCE = 30.0
SHOWN = 200
SECONDS = 30
QUICK_SECONDS = 4
PEER_SHARE = 3
"""The peer's delays vary little and all are watched: it runs for a third of the time."""

TOPIC = "bench.freshness"


@dataclass(frozen=True)
class Delays:
    """In milliseconds."""

    p50: float
    p99: float

    def __str__(self) -> str:
        return f"{self.p50:.1f} ms, p99 {self.p99:.1f} ms"

    @classmethod
    def of(cls, seconds: list[float]) -> "Delays":
        cuts = statistics.quantiles(seconds, n=100, method="inclusive")
        return cls(cuts[49] * 1000, cuts[98] * 1000)


async def at_rate(number: int, act: Callable[[int], Coroutine[Any, Any, None]]) -> None:
    """Begin so many acts at a fixed rate, without waiting for any; returns when all are done."""
    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for n in range(number):
            await asyncio.sleep(max(0.0, began + n / PER_SECOND - time.perf_counter()))
            tasks.create_task(act(n))


@dataclass(frozen=True)
class Commands:
    """Creates customers, and watches some of them appear."""

    contacts: str
    customer_360: str
    token: str
    free: "asyncio.Queue[Connection]"
    looking: "asyncio.Queue[Connection]"
    numbers: "count[int]"
    seconds: list[float] = field(default_factory=list[float])

    async def act(self, n: int) -> None:
        request = create_customer(f"{self.contacts}/v1/customers", self.token, next(self.numbers))
        connection = await self.free.get()
        body = await connection.expect(CREATED, request)
        answered = time.perf_counter()
        self.free.put_nowait(connection)
        if n % WATCHED == 0:
            await self._watch(json.loads(body)["customer_id"], answered)

    async def _watch(self, customer_id: str, answered: float) -> None:
        request = get(f"{self.customer_360}/v1/customers/{customer_id}", self.token)
        connection = await self.looking.get()
        while not await _is_shown(connection, request):
            if time.perf_counter() - answered > PATIENCE:
                raise TimeoutError(f"customer {customer_id} does not appear")
            await asyncio.sleep(LOOK_EVERY)
        self.seconds.append(time.perf_counter() - answered)
        self.looking.put_nowait(connection)


async def _is_shown(connection: Connection, request: bytes) -> bool:
    """The view may be there before the customer's own snapshot: another topic brings that."""
    status, body = await connection.ask(request)
    return status == SHOWN and json.loads(body)["header"] is not None


def _queue(connections: list[Connection]) -> "asyncio.Queue[Connection]":
    queue: asyncio.Queue[Connection] = asyncio.LifoQueue()  # few stay busy, none grows old
    for connection in connections:
        queue.put_nowait(connection)
    return queue


async def ours(where: tuple[str, str, str], number: int, numbers: "count[int]") -> Delays:
    """Delays of the whole path."""
    contacts, customer_360, token = where
    async with connected(contacts, 64) as writing, connected(customer_360, 32) as reading:
        commands = Commands(
            contacts, customer_360, token, _queue(writing), _queue(reading), numbers
        )
        await at_rate(number, commands.act)
    return Delays.of(commands.seconds)


async def peer(servers: Servers, number: int) -> Delays:
    """Delays of Kafka alone."""
    options = servers.kafka.client_options()
    seconds: list[float] = []
    sent: dict[bytes, float] = {}
    consumer = AIOKafkaConsumer(TOPIC, **options, auto_offset_reset="latest")
    await consumer.start()
    try:
        await consumer.seek_to_end()
        async with producing("bench", options) as producer, asyncio.timeout(300):
            receiving = asyncio.create_task(_receive(consumer, sent, seconds, number))

            async def act(n: int) -> None:
                key = str(n).encode()
                sent[key] = time.perf_counter()
                await producer.send(TOPIC, _BODY, key=key)

            await at_rate(number, act)
            await receiving
    finally:
        await consumer.stop()
    return Delays.of(seconds)


_BODY = b'{"customer_id": "0197b1c2-0000-7000-8000-000000000000", "kind": "organization"}' * 4


async def _receive(
    consumer: Any, sent: dict[bytes, float], seconds: list[float], number: int
) -> None:
    while len(seconds) < number:
        found = await consumer.getmany(timeout_ms=1000)
        now = time.perf_counter()
        seconds += [now - sent[record.key] for batch in found.values() for record in batch]


async def _create_topic(servers: Servers) -> None:
    admin = AIOKafkaAdminClient(**servers.kafka.client_options())
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)])
    await admin.close()


async def measure(options: Options) -> Measured:
    with (
        TemporaryDirectory(prefix="rapport-bench-") as name,
        ephemeral.system(Path(name), services=CORE, durable=True) as stack,
    ):
        servers = Servers(stack, Path(name))
        await _create_topic(servers)
        token = issue_token(stack.environment["RAPPORT_JWT_KEY"], "bench", ("sales",))
        where = stack.url("contacts"), stack.url("customer-360"), token
        return await _measure(options, servers, where)


async def _measure(options: Options, servers: Servers, where: tuple[str, str, str]) -> Measured:
    number = PER_SECOND * options.pick(SECONDS, QUICK_SECONDS)
    numbers = count()
    runs: list[tuple[Delays, Delays]] = []
    for turn in range(options.runs + 1):
        both = await ours(where, number, numbers), await peer(servers, number // PEER_SHARE)
        report.step(f"{f'run {turn}' if turn else 'warm-up'}: ours {both[0]}, peer {both[1]}")
        runs.append(both)
    del runs[0]
    median = [Pair(mine.p50, its.p50) for mine, its in runs]
    worst = [Pair(mine.p99, its.p99) for mine, its in runs]
    against = "produce → consume alone"
    figures = [
        Figure("freshness.p50", "ms", median, against, Aim(40, "at most", "ours")),
        Figure("freshness.p99", "ms", worst, against, Aim(120, "at most", "ours")),
    ]
    watched = number // WATCHED
    return Measured(
        figures, [f"{number:,} commands a run at {PER_SECOND}/s, {watched} of them watched."]
    )


if __name__ == "__main__":
    run("freshness: from commit to the 360's API", __doc__, measure)
