"""What the system consists of: its programs, where each is, and how to tell that it is ready."""

import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

import httpx

from devstack import child, kafka, ports, postgres
from devstack.kafka import Broker
from devstack.postgres import Postgres
from devstack.services import Service
from devstack.settings import Settings, State, kafka_of, of_one_program
from devstack.supervisor import Program, Tier


@dataclass(frozen=True)
class Place:
    """Where a program is found, and how to tell that it is ready."""

    name: str
    tier: Tier
    where: str
    is_ready: Callable[[], bool]
    docs: str = ""


def places(settings: Settings, services: Sequence[Service], *, mail: bool) -> list[Place]:
    """Every program of the system, in the order of starting."""
    found: list[Place] = []
    if settings.own_postgres:
        server = server_of(settings)
        found.append(
            Place("postgres", Tier.SERVERS, f"{ports.HOST}:{server.port}", server.is_ready)
        )
    if settings.own_kafka:
        broker = kafka_of(settings.values)
        where = broker.bootstrap_servers
        found.append(Place("kafka", Tier.SERVERS, where, lambda: kafka.is_ready(broker)))
    if mail:
        view = f"http://{ports.HOST}:{settings.port('MAIL_PORT')}"
        found.append(Place("mail", Tier.MAIL, view, lambda: answers(f"{view}/api/v1/messages")))
    return found + [_place_of(service, settings) for service in services]


def _place_of(service: Service, settings: Settings) -> Place:
    url = url_of(service, settings)
    ready = f"{url}/health/ready"
    return Place(service.name, Tier.SERVICES, url, lambda: answers(ready), docs=f"{url}/docs")


def server_of(settings: Settings) -> Postgres:
    return Postgres(settings.port("POSTGRES_PORT"), settings.values["POSTGRES_PASSWORD"])


def url_of(service: Service, settings: Settings) -> str:
    return f"http://{ports.HOST}:{settings.port(service.port_variable)}"


@cache
def _http() -> httpx.Client:
    """One client for all looks: each new one loads every certificate of the machine first."""
    return httpx.Client(timeout=5, limits=httpx.Limits(max_keepalive_connections=0))


def answers(url: str) -> bool:
    address = urlsplit(url)
    if not ports.is_open(address.port or 80):
        return False
    try:
        return _http().get(url).is_success
    except httpx.HTTPError:
        return False


def postgres_program(state: State, settings: Settings, *, durable: bool) -> Program:
    chosen = postgres.SETTINGS if durable else {**postgres.SETTINGS, **postgres.FAST_BUT_FORGETFUL}
    command = postgres.server_command(state.postgres, settings.port("POSTGRES_PORT"), chosen)
    return Program("postgres", Tier.SERVERS, tuple(command), stop_signal=signal.SIGINT)


def kafka_program(broker: Broker) -> Program:
    return Program("kafka", Tier.SERVERS, broker.command)


def mail_program(state: State, settings: Settings) -> Program:
    numbers = [settings.values["SMTP_PORT"], settings.values["MAIL_PORT"]]
    command = [sys.executable, "-P", "-m", "devstack.mail", str(state.mail), *numbers]
    return Program("mail", Tier.MAIL, tuple(child.command(command)))


def service_program(service: Service, values: Mapping[str, str]) -> Program:
    command = child.command(service_command(service, int(values[service.port_variable])))
    own = of_one_program(values, service.name)
    user = {name: value for name, value in own.items() if name.startswith("KAFKA_SASL_")}
    return Program(service.name, Tier.SERVICES, tuple(command), start_seconds=4, environment=user)


def service_command(service: Service, port: int) -> list[str]:
    """Run one process of a service on a port; the rest it finds in its environment."""
    uvicorn = [sys.executable, "-P", "-m", "uvicorn", service.factory, "--factory"]
    return [*uvicorn, "--no-access-log", "--host", ports.HOST, "--port", str(port)]
