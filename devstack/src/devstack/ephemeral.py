"""Systems for the length of a `with` block: own folder, own ports; gone when our process is."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from devstack import ports
from devstack import settings as settings_file
from devstack.broker_settings import Listener
from devstack.services import SERVICES, Service
from devstack.settings import State
from devstack.stack import Stack

SECURED = {settings_file.SECURE: "1"}


@contextmanager
def servers(folder: Path, *, durable: bool = False) -> Generator[Stack]:
    """Run PostgreSQL and Kafka alone, on free ports, with their data under `folder`.

    PostgreSQL forgets what was committed when the machine dies, which tests can bear; a `durable`
    one waits for the disk as in production, which is what a benchmark must measure.
    """
    with _running(folder, (), {}, mail=False, durable=durable) as stack:
        yield stack


@contextmanager
def mail(folder: Path) -> Generator[Stack]:
    """Run the mail sink alone, on free ports, with its messages under `folder`."""
    nowhere = {service.url_variable: "postgresql:///" for service in SERVICES}
    environment = {**nowhere, "KAFKA_BOOTSTRAP_SERVERS": "nowhere:9092"}
    with _running(folder, (), environment, mail=True, durable=False) as stack:
        yield stack


@contextmanager
def ground(
    folder: Path, listener: Listener | None = None, *, secured: bool = False
) -> Generator[Stack]:
    """Run durable servers, databases, topics and the mail sink, for services that others start."""
    environment = SECURED if secured else {}
    with _running(folder, (), environment, mail=True, durable=True, listener=listener) as stack:
        stack.create_databases()
        stack.migrate_and_provision(SERVICES)
        yield stack


@contextmanager
def system(
    folder: Path,
    *,
    services: Sequence[Service] = SERVICES,
    environment: Mapping[str, str] | None = None,
    durable: bool = False,
) -> Generator[Stack]:
    """Run the complete system: servers, databases, topics, mail sink and `services`, all ready.

    `environment` may point at servers that run already (KAFKA_BOOTSTRAP_SERVERS, *_DATABASE_URL).
    `durable` is that of `servers`.
    """
    with _running(folder, services, environment or {}, mail=True, durable=durable) as stack:
        yield stack


@contextmanager
def _running(
    folder: Path,
    services: Sequence[Service],
    environment: Mapping[str, str],
    *,
    mail: bool,
    durable: bool = False,
    listener: Listener | None = None,
) -> Generator[Stack]:
    state = State(folder.resolve())
    numbers = {name: str(port) for name, port in ports.ephemeral().items()}
    chosen = settings_file.choose(state, {**numbers, **environment})
    console = Console(stderr=True)
    stack = Stack(state, chosen, console, services, mail=mail, durable=durable, listener=listener)
    stack.start(detached=False)
    try:
        yield stack
    finally:
        stack.stop()
