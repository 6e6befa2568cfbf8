"""Debezium's PostgreSQL connector with its outbox event router, in Kafka Connect standalone.

Its rows come from a table of the same columns as Rapport's outbox; topic, key, body and headers are
the same columns (the headers as one header, which the router can do). Producer and poll settings
are those of Rapport's relay where Debezium has them.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
from devstack.kafka import LOG4J
from devstack.kafka_jars import KAFKA_VERSION, LOGGING, Bundle, jars, java
from rich.console import Console
from rig.processes import await_answer, free_ports, running
from rig.servers import Servers

DEBEZIUM = Bundle(
    "Debezium 3.7.0 and Kafka Connect",
    f"debezium-3.7.0-connect-{KAFKA_VERSION}",
    (
        ("io.debezium", "debezium-connector-postgres", "3.7.0.Final"),
        ("org.apache.kafka", "connect-runtime", KAFKA_VERSION),
        LOGGING,
    ),
    50_000_000,
)
CONNECTOR = "outbox"
SLOT = "bench_outbox"
SECONDS = 120.0


@dataclass(frozen=True)
class Connect:
    """Kafka Connect with the one connector."""

    url: str
    log: Path

    async def stop(self) -> None:
        """Take the connector's task down; the worker and its compiled code stay warm."""
        await self._put("stop")
        await self._until("STOPPED", [])

    async def resume(self) -> None:
        await self._put("resume")

    async def await_running(self) -> None:
        await self._until("RUNNING", ["RUNNING"])

    async def _put(self, wish: str) -> None:
        async with httpx.AsyncClient(timeout=30) as http:
            answer = await http.put(f"{self.url}/connectors/{CONNECTOR}/{wish}")
            answer.raise_for_status()

    async def _until(self, state: str, tasks: list[str]) -> None:
        deadline = time.monotonic() + SECONDS
        said: object = None
        async with httpx.AsyncClient(timeout=30) as http:
            while time.monotonic() < deadline:
                answer = await http.get(f"{self.url}/connectors/{CONNECTOR}/status")
                said = answer.json()
                if answer.is_success and _states(answer.json()) == (state, tasks):
                    return
                await asyncio.sleep(0.1)
        raise TimeoutError(f"the connector is not {state}: {said}\n{self.log.read_text()[-3000:]}")


def _states(status: dict[str, object]) -> tuple[str, list[str]]:
    connector, tasks = status["connector"], status["tasks"]
    assert isinstance(connector, dict)
    assert isinstance(tasks, list)
    return connector["state"], [task["state"] for task in tasks]


def fetch(console: Console) -> Path:
    """The jars; raises devstack's error where they cannot be had."""
    return jars(console, DEBEZIUM)


@asynccontextmanager
async def connected(servers: Servers, url: str, libraries: Path) -> AsyncGenerator[Connect]:
    """Run Connect with the connector on the database of `url`, whose role may replicate."""
    folder = servers.folder / "connect"
    folder.mkdir()
    [port] = free_ports(1)
    files = {
        "worker.properties": _worker(servers.stack.bootstrap, folder, port),
        "connector.properties": _connector(url),
        "log4j2.yaml": LOG4J,
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    command = _command(folder, libraries)
    async with running(command, {}, folder / "connect.log") as process:
        where = f"http://127.0.0.1:{port}"
        await await_answer(f"{where}/connectors/{CONNECTOR}/status", process)
        connect = Connect(where, process.log)
        await connect.await_running()
        yield connect


def _command(folder: Path, libraries: Path) -> Sequence[str]:
    options = ["-Xms256m", "-Xmx1g", f"-Dlog4j2.configurationFile={folder}/log4j2.yaml"]
    program = "org.apache.kafka.connect.cli.ConnectStandalone"
    properties = [str(folder / "worker.properties"), str(folder / "connector.properties")]
    return [str(java()), *options, "-cp", f"{libraries}/*", program, *properties]


def _worker(bootstrap: str, folder: Path, port: int) -> str:
    return f"""\
bootstrap.servers={bootstrap}
listeners=http://127.0.0.1:{port}
key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.storage.StringConverter
header.converter=org.apache.kafka.connect.storage.StringConverter
offset.storage.file.filename={folder}/offsets
plugin.discovery=service_load
producer.linger.ms=2
producer.batch.size=131072
producer.enable.idempotence=true
producer.acks=all
producer.max.in.flight.requests.per.connection=5
"""


def _connector(url: str) -> str:
    address = urlsplit(url)
    return f"""\
name={CONNECTOR}
connector.class=io.debezium.connector.postgresql.PostgresConnector
plugin.name=pgoutput
database.hostname={address.hostname}
database.port={address.port}
database.user={address.username}
database.password={unquote(address.password or "")}
database.dbname={address.path.removeprefix("/")}
slot.name={SLOT}
publication.autocreate.mode=filtered
topic.prefix=bench
table.include.list=public.outbox
snapshot.mode=no_data
tombstones.on.delete=false
poll.interval.ms=20
transforms=outbox
transforms.outbox.type=io.debezium.transforms.outbox.EventRouter
transforms.outbox.table.field.event.id=event_id
transforms.outbox.table.field.event.key=key
transforms.outbox.table.field.event.payload=payload
transforms.outbox.route.by.field=topic
transforms.outbox.route.topic.replacement=${{routedByValue}}
transforms.outbox.table.fields.additional.placement=headers:header:headers
"""
