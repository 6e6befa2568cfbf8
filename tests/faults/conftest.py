"""The rig of the fault tests: one for the session, on servers, topics and databases of its own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from devstack.broker_settings import Listener

from devstack import ports
from tests.conftest import REPORT
from tests.faults import report
from tests.faults import rig as rigs
from tests.faults.log import Log
from tests.faults.rig import Rig

IS_FULL = os.environ.get("FAULTS") == "full"
SECONDS_A_TEST_MAY_TAKE = 1200 if IS_FULL else 600  # the first one waits for the rig
FULL_SEEDS = 20


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.timeout(SECONDS_A_TEST_MAY_TAKE))
    # The oracle's own test folds the log once per type of fact: first, while the log is small.
    items.sort(key=lambda item: item.path.parent == here and item.path.name != "test_oracle.py")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests that take a seed run with one, or with twenty where FAULTS=full; FAULTS_SEED picks."""
    if "seed" in metafunc.fixturenames:
        first = int(os.environ.get("FAULTS_SEED", "1"))
        count = int(os.environ.get("FAULTS_SEEDS", FULL_SEEDS if IS_FULL else 1))
        metafunc.parametrize("seed", range(first, first + count))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process that runs tests for another one has no terminal: it hands its report over."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[REPORT] = list(report.lines())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in report.lines():
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """The broker has a second listener; what it advertises is free for a proxy to listen on."""
    free = ports.ephemeral()
    listener = Listener(port=free["KAFKA_PORT"], advertised=free["POSTGRES_PORT"])
    with rigs.running(tmp_path_factory.mktemp("rig"), listener) as running:
        yield running


@pytest.fixture(scope="session")
def log(rig: Rig) -> Log:
    """What stands on the topics; it is read on, not anew, by each test."""
    return Log(rig.kafka)
