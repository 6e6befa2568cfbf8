"""The whole system for the flow tests: every service as a process, on a Kafka of their own.

It runs once for all flows, on ephemeral ports; each test brings its own fresh customer. Kafka's
topics must hold nothing else, so the servers of the other tests are not used here.
"""

import itertools
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from devstack.demo.accounts import Accountant
from devstack.demo.doors import Addresses, Caller, Doors
from devstack.demo.quiet import quiet
from devstack.demo.run import TIMEOUT
from devstack.demo.story.cast import Cast, Customer
from devstack.stack import Stack
from shared.settings import KafkaSettings

from devstack import ephemeral
from tests.flows import examples
from tests.flows.ledger import Ledger
from tests.flows.steps import OWNER_OF_GOOD_LEADS

SECONDS_A_FLOW_MAY_TAKE = 300  # the first one waits for the system to start

_numbers = itertools.count(1000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.timeout(SECONDS_A_FLOW_MAY_TAKE))


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PIPELINE_DEFAULT_OWNER", OWNER_OF_GOOD_LEADS)
        with ephemeral.system(tmp_path_factory.mktemp("system")) as stack:
            yield stack


@pytest.fixture(scope="session")
def kafka(system: Stack) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=system.bootstrap, replication_factor=1)


@pytest.fixture(scope="session")
async def doors(system: Stack) -> AsyncIterator[Doors]:
    values = system.settings.values
    async with httpx.AsyncClient(timeout=TIMEOUT) as http:
        yield Doors(http, Addresses.of_environment(values), values["RAPPORT_JWT_KEY"])


@pytest.fixture(scope="session")
async def accountant(kafka: KafkaSettings) -> AsyncIterator[Accountant]:
    made = Accountant(kafka)
    yield made
    await made.close()


@pytest.fixture(scope="session")
def ledger(kafka: KafkaSettings) -> Ledger:
    return Ledger(kafka)


@pytest.fixture
def admin(doors: Doors) -> Caller:
    return doors.caller("root", "admin")


@pytest.fixture
def cast(doors: Doors, accountant: Accountant) -> Cast:
    """The people of a story about a customer whom nobody knows yet."""

    async def rest() -> object:
        return await quiet(doors, accountant)

    return Cast(doors, fresh_customer(), rest, _keep_quiet)


def _keep_quiet(_beat: str) -> None:
    return


def fresh_customer() -> Customer:
    token, number = uuid.uuid4().hex[:10], next(_numbers)
    return Customer(
        company=f"Harbour Lights {token} Ltd",
        given_name="Nora",
        family_name=f"Lindqvist-{token}",
        email=f"nora.{token}@harbour-lights.example",
        phone=f"+44 20 7946 {number}",
    )


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the examples, in which their commands are run."""
    return examples.copy_of_examples(tmp_path_factory.mktemp("clone"))


@pytest.fixture(scope="session")
def environment(folder: Path, kafka: KafkaSettings) -> dict[str, str]:
    """What a stranger has exported before running an example."""
    return {
        "PATH": examples.programs(folder),
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
    }
