"""Real servers for the tests, and a database of its own for each test that asks for one.

Kafka and PostgreSQL come from the environment (TEST_KAFKA_BOOTSTRAP_SERVERS, TEST_DATABASE_URL: an
owner who may create databases), else from containers where a Docker daemon answers and has the
images, else from devstack. Kafka's topics are shared: tests keep apart by keys and group ids.
"""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import asyncpg
import pytest
from shared.messaging.topics import provision_topics
from shared.migrate import migrate
from shared.settings import KafkaSettings

from devstack import ephemeral
from tests import containers

DatabaseFactory = Callable[[str], Awaitable[str]]


@dataclass(frozen=True)
class Servers:
    """Where Kafka and PostgreSQL listen; `admin_url` may create databases."""

    bootstrap: str
    admin_url: str


@dataclass(frozen=True)
class Templates:
    """A migrated database per service package, made at the first demand, copied for each test."""

    admin_url: str
    suffix: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    urls: dict[str, str] = field(default_factory=dict)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def copy(self, package: str) -> str:
        async with self.turn:
            if package not in self.urls:
                self.urls[package] = await self._make(package)
            name = f"{package}_{uuid.uuid4().hex[:12]}"
            template = _name_of(self.urls[package])
            await _execute(self.admin_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return _url_of(self.admin_url, name)

    async def _make(self, package: str) -> str:
        name = f"template_{package}_{self.suffix}"
        await _execute(self.admin_url, f'CREATE DATABASE "{name}"')
        url = _url_of(self.admin_url, name)
        await migrate(url, package)
        return url

    async def drop(self, url: str) -> None:
        await _execute(self.admin_url, f'DROP DATABASE "{_name_of(url)}" WITH (FORCE)')


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with ExitStack() as running:
        bootstrap = os.environ.get("TEST_KAFKA_BOOTSTRAP_SERVERS")
        admin_url = os.environ.get("TEST_DATABASE_URL")
        docker = containers.local_images() if not (bootstrap and admin_url) else None
        if docker is not None:
            bootstrap = bootstrap or running.enter_context(containers.kafka(docker.kafka))
            admin_url = admin_url or running.enter_context(containers.postgres(docker.postgres))
        if not (bootstrap and admin_url):
            folder = running.enter_context(TemporaryDirectory(prefix="rapport-"))
            stack = running.enter_context(ephemeral.servers(Path(folder)))
            bootstrap, admin_url = bootstrap or stack.bootstrap, admin_url or stack.postgres.url
        yield Servers(bootstrap, admin_url)


@pytest.fixture(scope="session")
def kafka_settings(servers: Servers) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=servers.bootstrap, replication_factor=1)


@pytest.fixture(scope="session")
async def topics(kafka_settings: KafkaSettings) -> KafkaSettings:
    """Every topic of the registry, provisioned once for the session."""
    await provision_topics(kafka_settings)
    return kafka_settings


@pytest.fixture(scope="session")
async def templates(servers: Servers) -> AsyncIterator[Templates]:
    made = Templates(servers.admin_url)
    yield made
    for url in made.urls.values():
        await made.drop(url)


@pytest.fixture
async def database(templates: Templates) -> AsyncIterator[DatabaseFactory]:
    """Call it with a package: the URL of a migrated database that lives as long as the test."""
    mine: list[str] = []

    async def make(package: str) -> str:
        mine.append(await templates.copy(package))
        return mine[-1]

    yield make
    for url in mine:
        await templates.drop(url)


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _name_of(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


def _url_of(admin_url: str, name: str) -> str:
    return urlsplit(admin_url)._replace(path=f"/{name}").geturl()
