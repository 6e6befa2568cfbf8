"""How the system of one state folder comes up and goes down.

The command line and the tests differ only in the folder, the ports and whether the supervisor
outlives the process that started it.
"""

import os
import subprocess
import sysconfig
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from shared.settings import KafkaSettings

from devstack import kafka, ports, postgres, system
from devstack import settings as settings_file
from devstack.broker_settings import Listener
from devstack.errors import DevstackError, StartError
from devstack.kafka import Broker, BrokerVersion
from devstack.postgres import Postgres
from devstack.services import SERVICES, Service
from devstack.settings import Settings, State
from devstack.supervisor import Program, Supervisor, Tier
from devstack.system import Place

SECONDS_TO_READY = 90
CRASHES_TO_GIVE_UP = 3


def supervisor_of(state: State) -> Supervisor:
    return Supervisor(state.run, state.logs)


@dataclass(frozen=True)
class Stack:
    """One system on this machine; without services and mail it is the servers alone."""

    state: State
    settings: Settings
    console: Console
    services: Sequence[Service] = SERVICES
    mail: bool = True
    durable: bool = True
    listener: Listener | None = None

    @property
    def supervisor(self) -> Supervisor:
        return supervisor_of(self.state)

    @property
    def postgres(self) -> Postgres:
        return system.server_of(self.settings)

    @property
    def bootstrap(self) -> str:
        return self.settings.values["KAFKA_BOOTSTRAP_SERVERS"]

    def kafka_settings(self, principal: str | None = None) -> KafkaSettings:
        """How to reach Kafka as a principal of a secured system; else as its operators."""
        return settings_file.kafka_of(self.settings.values, principal)

    @property
    def environment(self) -> dict[str, str]:
        """What the programs of the system find in their environment."""
        return {**self.settings.values, "RAPPORT_ENV_FILE": str(self.state.env)}

    @property
    def broker_version(self) -> BrokerVersion:
        """What carries the events; of a broker elsewhere only the address is known."""
        if self.settings.own_kafka:
            return kafka.broker_version(self.state.kafka)
        return BrokerVersion(f"Kafka at {self.bootstrap}", "unknown")

    def places(self) -> list[Place]:
        return system.places(self.settings, self.services, mail=self.mail)

    def url(self, name: str) -> str:
        """Give the address of a program by its name, as `devstack status` prints it."""
        return next(place.where for place in self.places() if place.name == name)

    def is_ready(self) -> bool:
        """Whether every program runs and says that it is ready."""
        processes = self.supervisor.processes()
        return all(
            place.name in processes and processes[place.name].is_running and place.is_ready()
            for place in self.places()
        )

    def start(self, *, detached: bool) -> None:
        """Bring everything up, in order; what was begun is stopped again when a step fails."""
        ports.require_free(self._ports_needed())
        if self.settings.own_kafka:
            kafka.require_same_sort(self.state.kafka, is_secured=self.settings.is_secured)
        settings_file.save(self.state, self.settings)
        try:
            self._start(detached=detached)
        except BaseException:
            self.stop()
            raise

    def _start(self, *, detached: bool) -> None:
        with self._step("Preparing PostgreSQL and Kafka"):
            programs = self._programs()
        shared = settings_file.of_one_program(self.environment, None)
        self.supervisor.start(programs, shared, detached=detached)
        with self._step("Starting PostgreSQL and Kafka"):
            self._launch(programs, {Tier.SERVERS})
        if self.services and self.settings.own_databases:
            with self._step("Creating the databases"):
                self.create_databases()
        if self.services:
            with self._step("Migrating the databases, provisioning the topics"):
                self.migrate_and_provision(self.services)
        if self.services or self.mail:
            with self._step("Starting the services"):
                self._launch(programs, {Tier.MAIL, Tier.SERVICES})

    def stop(self) -> None:
        """Stop services, then mail, then Kafka and PostgreSQL; the data stays."""
        self.supervisor.stop()

    def restart(self, name: str) -> None:
        """Stop and start one program, and wait until it is ready."""
        self.supervisor.restart(name)
        self.await_ready([name])

    def _ports_needed(self) -> dict[str, int]:
        needed = self.settings.ports_needed
        if not self.mail:
            del needed["SMTP_PORT"], needed["MAIL_PORT"]
        ours = {service.port_variable for service in self.services}
        others = {service.port_variable for service in SERVICES} - ours
        return {name: port for name, port in needed.items() if name not in others}

    def _step(self, what: str) -> AbstractContextManager[object]:
        return self.console.status(f"{what} …") if self.console.is_terminal else nullcontext()

    def _programs(self) -> list[Program]:
        programs: list[Program] = []
        with ThreadPoolExecutor(2) as threads:
            broker = threads.submit(self._prepare_kafka) if self.settings.own_kafka else None
            if self.settings.own_postgres:
                postgres.prepare(self.state.postgres, self.settings.values["POSTGRES_PASSWORD"])
                programs.append(
                    system.postgres_program(self.state, self.settings, durable=self.durable)
                )
        if broker is not None:
            programs.append(system.kafka_program(broker.result()))
        if self.mail:
            programs.append(system.mail_program(self.state, self.settings))
        return programs + [
            system.service_program(service, self.settings.values) for service in self.services
        ]

    def _prepare_kafka(self) -> Broker:
        number, controller = (
            self.settings.port(n) for n in ("KAFKA_PORT", "KAFKA_CONTROLLER_PORT")
        )
        locks = self.state.locks if self.settings.is_secured else None
        data = self.state.kafka
        return kafka.prepare(data, number, controller, self.console, self.listener, locks)

    def _launch(self, programs: Sequence[Program], tiers: set[Tier]) -> None:
        chosen = [program for program in programs if program.tier in tiers]
        for program in chosen:
            self.supervisor.launch(program)
        self.await_ready([program.name for program in chosen])

    def await_ready(self, names: Sequence[str], *, seconds: float = SECONDS_TO_READY) -> None:
        """Return when each of `names` is ready; raise with the end of its log when one can't be."""
        waiting = {place.name: place for place in self.places() if place.name in names}
        starts_before = {name: p.starts for name, p in self.supervisor.processes().items()}
        deadline = time.monotonic() + seconds
        while waiting:
            processes = self.supervisor.processes()
            for name, place in list(waiting.items()):
                process = processes[name]
                if process.is_running and place.is_ready():
                    del waiting[name]
                elif time.monotonic() > deadline:
                    raise self._start_error(name, f"was not ready within {seconds:.0f} seconds")
                elif process.starts - starts_before[name] >= CRASHES_TO_GIVE_UP:
                    raise self._start_error(name, "ended at once each time it was started")
            time.sleep(0.05)

    def _start_error(self, name: str, why: str) -> StartError:
        return StartError(name, why, self.supervisor.log_of(name))

    def create_databases(self) -> None:
        """Make the database and the role of every service on our own server."""
        for service in SERVICES:
            if service.package in self.settings.own_databases:
                password = self.settings.values[service.password_variable]
                self.postgres.create_database(service.package, password)

    def migrate_and_provision(self, services: Sequence[Service]) -> None:
        """Bring these services' databases to their newest form; make topics, rights and users."""
        commands = [["migrate", service.package] for service in services]
        secure = [["acl", "apply"], ["credentials", "provision"]]
        commands += [["topics"], *(secure if self.settings.is_secured else [])]
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(self.rapport, commands))

    def rapport(self, arguments: Sequence[str]) -> str:
        """Run the `rapport` command with the system's environment; gives what it printed."""
        program = Path(sysconfig.get_path("scripts")) / "rapport"
        done = subprocess.run(  # noqa: S603
            [program, *arguments],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise DevstackError(f"`rapport {' '.join(arguments)}` failed:\n{said}")
        return done.stdout
