"""One secured system for these tests, with a customer's story already told on it."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from devstack.demo.accounts import Accountant
from devstack.demo.doors import Addresses, Doors
from devstack.demo.quiet import quiet
from devstack.demo.run import TIMEOUT
from devstack.demo.story.cast import Cast
from devstack.demo.story.play import Story, play
from devstack.stack import Stack
from shared.cli import main

from tests.faults import rig as rigs
from tests.faults.rig import Rig
from tests.flows.conftest import fresh_customer

Rapport = Callable[..., tuple[int, str]]

SECONDS_A_TEST_MAY_TAKE = 600  # the first one waits for the system to start


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.timeout(SECONDS_A_TEST_MAY_TAKE))


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rigs.running(tmp_path_factory.mktemp("secured"), secured=True) as running:
        yield running


@pytest.fixture(scope="session")
def stack(rig: Rig) -> Stack:
    return rig.stack


@pytest.fixture(scope="session")
def rapport(stack: Stack) -> Rapport:
    """The `rapport` command as the system's operators give it; answers exit code and output."""

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, arguments, env=stack.environment)
        return done.exit_code, done.output

    return run


@pytest.fixture(scope="session")
async def cast(rig: Rig) -> AsyncIterator[Cast]:
    """The people of a story; operators take the accounts."""
    accountant = Accountant(rig.kafka)
    async with httpx.AsyncClient(timeout=TIMEOUT) as http:
        addresses = Addresses.of_environment(rig.values)
        doors = Doors(http, addresses, rig.values["RAPPORT_JWT_KEY"])

        async def rest() -> object:
            return await quiet(doors, accountant)

        yield Cast(doors, fresh_customer(), rest, lambda _beat: None)
    await accountant.close()


@pytest.fixture(scope="session")
async def story(cast: Cast) -> Story:
    """What happened to one customer, over all services."""
    told = await play(cast)
    await cast.rest()
    return told
