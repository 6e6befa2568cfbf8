"""The rig: one whole system whose every process can be killed, frozen, doubled and armed.

Servers and mail sink run under devstack's supervisor, which brings them back after a `kill -9`; the
services are the rig's own children, so that each can be started with another environment. A service
that dies is started again at once, armed with the next of its orders or, after the last, with none,
unless it was told to stay away.
"""

import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from devstack.broker_settings import Listener
from devstack.services import CORE, SERVICES, Service
from devstack.settings import of_one_program
from devstack.stack import Stack
from shared.settings import KafkaSettings

from devstack import child, ephemeral, ports, system
from shared import failpoints

READY_SECONDS = 60.0
LOOK_SECONDS = 0.05
SERVICE = {service.name: service for service in SERVICES}


class RigError(Exception):
    """The rig cannot do what a test asks of it."""


@dataclass
class Process:
    """One process of a service, through all its lives; `log` holds what all of them said."""

    name: str
    service: Service
    port: int
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    popen: "subprocess.Popen[bytes] | None" = None
    is_wanted: bool = True
    orders: deque[str] = field(default_factory=deque[str])
    armed: str = ""
    lives: int = 0
    deaths: list[int] = field(default_factory=list[int])
    turn: threading.RLock = field(default_factory=threading.RLock)

    @property
    def url(self) -> str:
        return f"http://{ports.HOST}:{self.port}"

    @property
    def pid(self) -> int:
        if self.popen is None:
            raise RigError(f"{self.name} does not run")
        return self.popen.pid

    def is_ready(self) -> bool:
        return ports.is_open(self.port) and system.answers(f"{self.url}/health/ready")

    def said(self, text: str) -> int:
        """How often a text stands in its log."""
        return self.log.read_bytes().count(text.encode()) if self.log.exists() else 0


@dataclass
class Rig:
    """The system, as a test takes hold of it."""

    stack: Stack
    processes: dict[str, Process] = field(default_factory=dict[str, Process])

    @property
    def kafka(self) -> KafkaSettings:
        return self.stack.kafka_settings()

    @property
    def listener(self) -> Listener:
        """Where a service enters that is to reach Kafka through a proxy only."""
        if self.stack.listener is None:
            raise RigError("this rig's broker has no second listener")
        return self.stack.listener

    @property
    def values(self) -> Mapping[str, str]:
        """Ports, secrets and addresses of the system."""
        return self.stack.settings.values

    def database_url(self, service: str) -> str:
        return self.values[SERVICE[service].url_variable]

    def process(self, name: str) -> Process:
        return self.processes[name]

    def add(
        self, service: str, name: str = "", environment: Mapping[str, str] | None = None
    ) -> Process:
        """Start one more process of a service; without a name it is the service's first."""
        port = self.stack.settings.port(SERVICE[service].port_variable)
        if name:
            port = ports.ephemeral()["CONTACTS_PORT"]
        name = name or service
        log = self.stack.state.logs / f"{name}.log"
        process = Process(name, SERVICE[service], port, log, dict(environment or {}))
        self.processes[name] = process
        self._spawn(process)
        return process

    def remove(self, name: str) -> None:
        """Stop a process for good."""
        self.stop(name)
        del self.processes[name]

    def arm(self, name: str, orders: Sequence[str]) -> None:
        """Start a process anew with a failpoint armed (`relay.after-read=kill@3`).

        Each of its next lives gets the next order; the life after the last is an ordinary one.
        """
        process = self.processes[name]
        with process.turn:
            self.stop(name)
            process.orders = deque(orders)
            self.start(name)

    def restart(self, name: str) -> None:
        """Stop a process in an orderly way and start it."""
        with self.processes[name].turn:
            self.stop(name)
            self.start(name)

    def stop(self, name: str, seconds: float = 20.0) -> None:
        """SIGTERM, and stay away until it is started again."""
        process = self.processes[name]
        with process.turn:
            process.is_wanted = False
            if process.popen is None or process.popen.poll() is not None:
                return
            process.popen.send_signal(signal.SIGCONT)
            process.popen.terminate()
            try:
                process.popen.wait(seconds)
            except subprocess.TimeoutExpired:
                process.popen.kill()
                process.popen.wait()

    def start(self, name: str, environment: Mapping[str, str] | None = None) -> None:
        """Start what was stopped; `environment`, where given, holds for all its later lives."""
        process = self.processes[name]
        with process.turn:
            if environment is not None:
                process.environment = dict(environment)
            process.is_wanted = True
            if process.popen is None or process.popen.poll() is not None:
                self._spawn(process)

    def kill(self, name: str) -> None:
        """SIGKILL; the rig starts it again."""
        os.kill(self.processes[name].pid, signal.SIGKILL)

    def freeze(self, name: str) -> None:
        os.kill(self.processes[name].pid, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        os.kill(self.processes[name].pid, signal.SIGCONT)

    def kill_server(self, name: str) -> None:
        """`kill -9` of postgres or kafka; the supervisor starts it again."""
        os.kill(self.stack.supervisor.processes()[name].pid, signal.SIGKILL)

    def await_server(self, name: str, seconds: float = 90.0) -> None:
        self.stack.await_ready([name], seconds=seconds)

    def await_ready(self, names: Sequence[str] = (), seconds: float = READY_SECONDS) -> None:
        """Return when these processes, or all, say that they are ready."""
        wanted = [self.processes[name] for name in names or self.processes]
        self._await(lambda: [p.name for p in wanted if not p.is_ready()], seconds)

    def _await(self, missing: Callable[[], list[str]], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while left := missing():
            if time.monotonic() > deadline:
                tails = "\n".join(self._tail(name) for name in left)
                raise RigError(f"not ready within {seconds:.0f} s: {', '.join(left)}\n{tails}")
            time.sleep(LOOK_SECONDS)

    def _tail(self, name: str) -> str:
        text = self.processes[name].log.read_text(errors="replace")
        return f"--- {name}\n{text[-2000:]}"

    def fired(self, place: str) -> int:
        """How often a failpoint did what it was told, over all processes and lives."""
        return sum(p.said(f"failpoint {place} SIG") for p in self.processes.values())

    def said(self, text: str, service: str = "") -> int:
        """How often a text stands in the logs of a service, or of all."""
        chosen = (p for p in self.processes.values() if service in {"", p.service.name})
        return sum(process.said(text) for process in chosen)

    def _spawn(self, process: Process) -> None:
        command = child.command(
            system.service_command(process.service, process.port), parent=os.getpid()
        )
        process.armed = process.orders.popleft() if process.orders else ""
        order = {failpoints.VARIABLE: process.armed}
        given = of_one_program(self.stack.environment, process.service.name)
        own = {**given, **process.environment, **order, **self._bytecode}
        inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        with process.log.open("ab") as log:
            process.popen = subprocess.Popen(
                command, env={**inherited, **own}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        process.lives += 1

    @property
    def _bytecode(self) -> dict[str, str]:
        """Compiled modules are kept for the next life: half of a start's time."""
        return {"PYTHONPYCACHEPREFIX": str(self.stack.state.folder / "bytecode")}

    def revive(self) -> None:
        """Start again whoever is dead and wanted."""
        for process in list(self.processes.values()):
            with process.turn:
                if process.popen is None or process.popen.poll() is None or not process.is_wanted:
                    continue
                process.deaths.append(process.popen.returncode)
                self._spawn(process)

    def close(self) -> None:
        for name in self.processes:
            self.processes[name].is_wanted = False
        for process in self.processes.values():
            if process.popen is not None and process.popen.poll() is None:
                process.popen.send_signal(signal.SIGCONT)
                process.popen.terminate()
        for name in self.processes:
            self.stop(name)


@contextmanager
def running(
    folder: Path, listener: Listener | None = None, *, secured: bool = False
) -> Iterator[Rig]:
    """Run the servers, the sink and one process of each service of the core, all ready."""
    with ephemeral.ground(folder, listener, secured=secured) as stack:
        if stack.broker_version.name != "Apache Kafka":
            raise RigError(f"These tests want Apache Kafka, and this is {stack.broker_version}.")
        rig, over = Rig(stack), threading.Event()
        watcher = threading.Thread(target=_watch, args=(rig, over), daemon=True)
        try:
            for service in CORE:
                rig.add(service.name)
            watcher.start()
            rig.await_ready()
            yield rig
        finally:
            rig.close()
            over.set()  # only now: the kernel ends a child with the thread that started it
            watcher.join()


def _watch(rig: Rig, over: threading.Event) -> None:
    while not over.wait(LOOK_SECONDS):
        rig.revive()
