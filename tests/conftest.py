"""Real servers for the tests, and a database of its own for each test that asks for one.

Kafka and PostgreSQL come from the environment (TEST_KAFKA_BOOTSTRAP_SERVERS, TEST_DATABASE_URL: an
owner who may create databases), else from containers where a Docker daemon answers and has the
images, else from devstack. Kafka's topics are shared: tests keep apart by keys and group ids.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from shared.messaging.topics import provision_topics
from shared.settings import KafkaSettings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from devstack import ephemeral
from tests import containers
from tests.databases import Databases

DatabaseFactory = Callable[[str], Awaitable[str]]

WAIT_THE_MOST = ("tests/faults/", "tests/flows/")
REPORT = "faults"
_reports: list[str] = []


class TwoParts(LoadScopeScheduling):
    """Of two processes one has the tests that wait the most, the other all others, in order."""

    def _split_scope(self, nodeid: str) -> str:
        return "waiting" if nodeid.startswith(WAIT_THE_MOST) else "working"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> TwoParts:
    return TwoParts(config, log)


def pytest_testnodedown(node: Any) -> None:
    """Keep what a process that is done has to report."""
    _reports.extend(getattr(node, "workeroutput", {}).get(REPORT, ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _reports:
        terminalreporter.write_line(line)


@dataclass(frozen=True)
class Servers:
    """Where Kafka and PostgreSQL listen; `admin_url` may create databases."""

    bootstrap: str
    admin_url: str


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
async def databases(servers: Servers) -> AsyncIterator[Databases]:
    lent = Databases(servers.admin_url)
    yield lent
    await lent.drop_all()


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[DatabaseFactory]:
    """Call it with a package: the URL of a migrated database that lives as long as the test."""
    mine: list[str] = []

    async def make(package: str) -> str:
        mine.append(await databases.take(package))
        return mine[-1]

    yield make
    for url in mine:
        await databases.give_back(url)
