"""Webhooks to 1,000 subscribers: how old facts are when they arrive, and how many can be sent.

A real process of webhooks has 1,000 subscriptions, each to one type of the registry and to an
endpoint with an address of its own, so that a fact goes to about a dozen. Facts of all types, with
the bodies of the examples, are committed to an outbox at 100 a second and go through relay,
Kafka, inbox, log and the signed request (`delay`: commit → received). Then a backlog of them is
drained (`drain`); its limit is a bare aiohttp client that signs and posts as many of the same
bodies to the same endpoints.
"""

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, islice
from typing import Any

import aiohttp
import asyncpg
from rig import report
from rig.facts import cause_of_bench
from rig.figures import Aim, Figure, Pair
from rig.options import Options
from rig.processes import Started, await_answer, free_ports, running, uvicorn
from rig.receiving import address_of
from rig.row import Measured, run
from rig.servers import Servers, durable_servers
from shared.auth import issue_token
from shared.contracts import FACTS
from shared.contracts.examples import example_of
from shared.contracts.readers import DELIVERABLE
from shared.ids import new_id
from shared.messaging.outbox import Fact, append
from shared.migrate import EVENT_PATH
from standardwebhooks import Webhook

SUBSCRIPTIONS = 1000
PER_SECOND = 100
SECONDS = 30
QUICK_SECONDS = 3
BACKLOG = 3000
QUICK_BACKLOG = 300
AT_ONCE = 100
"""Requests that the bare client has under way: more made it no faster."""

PATIENCE = 180.0
JWT_KEY = "a key that is long enough for a benchmark"
TYPES = sorted(name for topic in DELIVERABLE for name in topic.facts)
BODIES = {name: example_of(FACTS[name]) for name in TYPES}


class NotReceivedError(RuntimeError):
    """Not all that was committed arrived."""


def fresh(name: str) -> Fact:
    """A fact of this type about an aggregate that nobody knows yet."""
    fact = FACTS[name]
    return Fact(fact.model_validate({**BODIES[name], fact.topic.key: str(new_id())}), 1)


def fan_out(names: Sequence[str]) -> int:
    """How many requests these facts make."""
    wanted = [TYPES[number % len(TYPES)] for number in range(SUBSCRIPTIONS)]
    asked = {name: wanted.count(name) for name in TYPES}
    return sum(asked[name] for name in names)


@dataclass
class Ground:
    """What the row runs on: an outbox that is relayed, webhooks, and the endpoints."""

    outbox: Any  # an asyncpg connection; its stubs are generic
    http: aiohttp.ClientSession
    webhooks: str
    endpoints: str
    processes: list[Started]
    port: int

    async def commit(self, names: Sequence[str]) -> None:
        async with self.outbox.transaction():
            await append(self.outbox, cause_of_bench(), [fresh(name) for name in names])

    async def received(self, count: int) -> tuple[list[float], float]:
        """The ages of so many facts, and when the last one was there."""
        ages: list[float] = []
        deadline = time.monotonic() + PATIENCE
        while len(ages) < count:
            if time.monotonic() > deadline:
                raise NotReceivedError(f"{len(ages)} of {count} arrived")
            for process in self.processes:
                process.require_alive()
            async with self.http.get(self.endpoints) as answer:
                ages += await answer.json(content_type=None)
            await asyncio.sleep(0.05)
        return ages, time.perf_counter()


@asynccontextmanager
async def ground(servers: Servers) -> AsyncIterator[Ground]:
    await servers.provision_topics()
    outbox_url = await servers.database("outbox", EVENT_PATH)
    port, receiving = free_ports(2)
    environment = {
        "WEBHOOKS_DATABASE_URL": await servers.database("webhooks", "webhooks"),
        "KAFKA_BOOTSTRAP_SERVERS": servers.stack.bootstrap,
        "KAFKA_REPLICATION_FACTOR": "1",
        "RAPPORT_JWT_KEY": JWT_KEY,
        "WEBHOOKS_SEAL_KEY": "a key that seals the secrets of a benchmark",
        "WEBHOOKS_ALLOWED_NETWORKS": "127.0.0.0/8",
        "WEBHOOKS_HTTP_ALLOWED": "true",
    }
    python = uvicorn("", 0)[0]
    relay = [python, "-m", "rig.relaying", outbox_url, servers.stack.bootstrap]
    endpoints = [python, "-m", "rig.receiving", str(receiving), str(SUBSCRIPTIONS)]
    logs = servers.folder
    url, taken = f"http://127.0.0.1:{port}", f"http://{address_of(0)}:{receiving}/taken"
    async with (
        running(endpoints, {}, logs / "endpoints.log") as one,
        running(relay, {}, logs / "relay.log") as two,
        running(uvicorn("webhooks.app:create_app", port), environment, logs / "app.log") as three,
        # A connection a request: one that rests for seconds may be closed while it is used again.
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http,
    ):
        await await_answer(taken, one)
        await await_answer(f"{url}/health/ready", three)
        connection = await asyncpg.connect(outbox_url)
        yield Ground(connection, http, url, taken, [one, two, three], receiving)
        await connection.close()


async def subscribe(there: Ground) -> None:
    token = issue_token(JWT_KEY, "bench", ["admin"])
    for number in range(SUBSCRIPTIONS):
        body = {
            "url": f"http://{address_of(number)}:{there.port}/in",
            "types": [TYPES[number % len(TYPES)]],
        }
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{there.webhooks}/v1/subscriptions"
        async with there.http.post(url, json=body, headers=headers) as answer:
            answer.raise_for_status()


async def delays(there: Ground, seconds: int) -> tuple[float, float, float]:
    """p50 and p99 in milliseconds, and requests a second, at a fixed rate of facts."""
    names = list(islice(cycle(TYPES), seconds * PER_SECOND))
    began = time.perf_counter()
    for number, name in enumerate(names):
        await asyncio.sleep(max(0.0, began + number / PER_SECOND - time.perf_counter()))
        await there.commit([name])
    ages, ended = await there.received(fan_out(names))
    cuts = statistics.quantiles(ages, n=100, method="inclusive")
    return cuts[49] * 1000, cuts[98] * 1000, len(ages) / (ended - began)


async def drain(there: Ground, facts: int) -> float:
    """Requests a second while a backlog is sent; the time runs from its commit."""
    names = list(islice(cycle(TYPES), facts))
    began = time.perf_counter()
    await there.commit(names)
    count = fan_out(names)
    _, ended = await there.received(count)
    return count / (ended - began)


async def bare(there: Ground, facts: int) -> float:
    """Requests a second of a client that only signs and posts."""
    names = list(islice(cycle(TYPES), facts))
    count, webhook = fan_out(names), Webhook("whsec_" + "c2VjcmV0" * 5)
    posts = iter(range(count))
    began = time.perf_counter()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http, asyncio.TaskGroup() as tasks:

        async def post_on() -> None:
            for number in posts:
                name, at = names[number % facts], datetime.now(UTC)
                event = {"specversion": "1.0", "type": name, "time": at.isoformat()}
                body = json.dumps({**event, "data": BODIES[name]}, separators=(",", ":"))
                message_id = str(new_id())
                headers = {
                    "webhook-id": message_id,
                    "webhook-timestamp": str(int(at.timestamp())),
                    "webhook-signature": webhook.sign(message_id, at, body),
                }
                url = f"http://{address_of(number % SUBSCRIPTIONS)}:{there.port}/in"
                async with http.post(url, data=body.encode(), headers=headers):
                    pass

        for _ in range(AT_ONCE):
            tasks.create_task(post_on())
    ended = time.perf_counter()
    await there.received(count)
    return count / (ended - began)


async def measure(options: Options) -> Measured:
    with durable_servers() as servers:
        async with ground(servers) as there:
            report.step(f"{SUBSCRIPTIONS:,} subscriptions …")
            await subscribe(there)
            return await _measure(options, there)


async def _measure(options: Options, there: Ground) -> Measured:
    seconds = options.pick(SECONDS, QUICK_SECONDS)
    facts = options.fixed(BACKLOG, QUICK_BACKLOG)
    p50, p99, rates, drains = [], [], [], []
    await drain(there, facts)
    for number in range(1, options.runs + 1):
        half, most, rate = await delays(there, seconds)
        p50.append(Pair(half))
        p99.append(Pair(most))
        rates.append(Pair(rate))
        drains.append(Pair(await drain(there, facts), await bare(there, facts)))
        report.step(
            f"run {number}: p50 {half:.0f} ms, p99 {most:.0f} ms, {rate:,.0f} requests/s;"
            f" backlog {drains[-1].ours:,.0f}/s, bare client {drains[-1].peer:,.0f}/s"
        )
    figures = [
        Figure("webhook_fanout.p50", "ms", p50),
        Figure("webhook_fanout.p99", "ms", p99),
        Figure("webhook_fanout.rate", "requests/s", rates),
        Figure(
            "webhook_fanout.drain", "requests/s", drains, "signed POSTs of bare aiohttp", Aim(0.5)
        ),
    ]
    sustained = figures[-1].ours / PER_SECOND
    return Measured(
        figures,
        [
            f"{len(TYPES)} types; a fact goes to {SUBSCRIPTIONS / len(TYPES):.1f} subscribers.",
            f"At {PER_SECOND} facts/s it could go to {sustained:.0f}.",
        ],
    )


if __name__ == "__main__":
    run("webhook_fanout: facts to 1,000 subscribers over HTTP", __doc__, measure)
