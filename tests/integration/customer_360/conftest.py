"""The service on a database of its own; facts are applied as its consumers would apply them."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
import pytest
import uvicorn
from contacts.app import create_app as create_contacts
from customer_360.app import create_app
from customer_360.histories.asking import Contacts
from customer_360.profiles.versions import TABLES
from fastapi import FastAPI
from shared.auth import Role, issue_token
from shared.contracts.privacy import ANSWERING
from shared.contracts.topic import Event
from shared.db import Pool, open_pool
from shared.messaging.consuming import apply
from shared.messaging.reactions import Consumer

from tests.databases import Databases
from tests.records import cause_of_test, record_of
from tests.unit.customer_360.histories.permissions import HASH_KEY
from tests.unit.customer_360.histories.times import START

OTHERS = (
    "ownerships",
    "merges",
    "timeline",
    "order_horizon",
    "profiles",
    "outbox",
    "parked_keys",
    "parked_events",
    "erased_keys",
    "grade_suggestions",
    "access_requests",
)
JWT_KEY = "a-key-of-the-tests-that-is-long-enough"


def token(*roles: Role) -> str:
    return issue_token(JWT_KEY, "tess", roles or ["sales"])


@dataclass
class Customer360:
    app: FastAPI
    client: httpx.AsyncClient
    pool: Pool
    consumers: dict[str, Consumer]
    versions: "dict[tuple[str, str], count[int]]" = field(default_factory=dict)

    async def happens(self, *events: Event) -> None:
        """Facts arrive; versions count up per key of a topic."""
        await self.arrive([(event, self._next_version(event)) for event in events])

    async def arrive(self, facts: Iterable[tuple[Event, int]]) -> None:
        records = [
            record_of(event, version, cause=cause_of_test(at=START)) for event, version in facts
        ]
        await self.apply(records)

    async def apply(self, records: Sequence[Any]) -> None:
        for consumer in self.consumers.values():
            names = {topic.name for topic in consumer.topics}
            mine = [record for record in records if record.topic in names]
            if mine:
                await apply(self.pool, consumer, mine)

    def _next_version(self, event: Event) -> int:
        key = (event.topic.name, event.record_key)
        return next(self.versions.setdefault(key, count(1)))

    async def get(self, path: str, **params: Any) -> Any:
        response = await self.client.get(path, params=params)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture(scope="session")
async def running(databases: Databases) -> AsyncIterator[Customer360]:
    """One process for all tests. Kafka is not there: they bring their facts themselves."""
    url = await databases.take("customer_360")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CUSTOMER_360_DATABASE_URL", url)
        environment.setenv("RAPPORT_JWT_KEY", JWT_KEY)
        environment.setenv("RAPPORT_HASH_KEY", HASH_KEY)
        environment.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
        app = create_app()
    pool = await open_pool(url)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {token()}"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://360", headers=headers) as client,
    ):
        yield Customer360(app, client, pool, app.state.consumers)
    await pool.close()
    await databases.give_back(url)


@pytest.fixture
async def service(running: Customer360) -> Customer360:
    """The service, knowing nothing."""
    names = ", ".join((*(table.name for table in TABLES), *OTHERS))
    await running.pool.execute(f"TRUNCATE {names}")
    running.versions.clear()
    return running


async def until(condition: Any, seconds: float = 10.0) -> Any:
    """Wait until an async condition answers something true."""
    deadline = time.monotonic() + seconds
    while not (answer := await condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)
    return answer


@pytest.fixture
async def address(service: Customer360) -> AsyncIterator[str]:
    config = uvicorn.Config(service.app, port=0, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    with contextlib.suppress(asyncio.CancelledError):
        serving = asyncio.ensure_future(server.serve())

        async def port() -> Any:
            return server.started and server.servers[0].sockets[0].getsockname()[1]

        yield f"http://127.0.0.1:{await until(port)}"
        server.should_exit = True
        await serving


@pytest.fixture
async def contacts(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FastAPI]:
    url = await databases.take("contacts")
    environment = {
        "CONTACTS_DATABASE_URL": url,
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "RAPPORT_JWT_KEY": JWT_KEY,
        "RAPPORT_HASH_KEY": HASH_KEY,
        **{f"{name.upper().replace('-', '_')}_URL": f"http://{name}" for name in ANSWERING},
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    app = create_contacts()
    app.state.pool = await open_pool(url)
    yield app
    await app.state.pool.close()
    await databases.give_back(url)


def asking(service: Customer360, app: FastAPI) -> httpx.AsyncClient:
    """The 360 asks this contacts; answers a client of it."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    service.app.state.contacts = Contacts("http://contacts", httpx.AsyncClient(transport=transport))
    headers = {"Authorization": f"Bearer {token()}"}
    return httpx.AsyncClient(transport=transport, base_url="http://contacts", headers=headers)
