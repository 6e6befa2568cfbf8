"""A real Apache Kafka on this machine: one node, KRaft; Tansu where no jars can be had.

A secured one is Apache Kafka or nothing.
"""

import base64
import json
import signal
import subprocess
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from rich.console import Console
from shared.settings import KafkaSettings

from devstack import child, kafka_jars, ports, tansu, wait
from devstack.broker_settings import Listener, Locks, server_properties
from devstack.errors import DevstackError

HEAP = ("-Xms256m", "-Xmx768m")
VERSION_FILE = "broker.json"
SECURED = "secured"
"""A file beside the log that says that it was made with users and rights."""

QUICK_START = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


@dataclass(frozen=True)
class BrokerVersion:
    """What carries the events."""

    name: str
    version: str


@dataclass(frozen=True)
class Broker:
    """A broker ready to be started by `command`."""

    command: tuple[str, ...]
    version: BrokerVersion


def is_ready(kafka: KafkaSettings) -> bool:
    """Whether a broker answers at the first address and is part of its cluster."""
    host, _, port = kafka.bootstrap_servers.split(",", maxsplit=1)[0].rpartition(":")
    return ports.is_open(int(port), host) and wait.run(_has_brokers(kafka))


async def _has_brokers(kafka: KafkaSettings) -> bool:
    admin = AIOKafkaAdminClient(**kafka.client_options(), request_timeout_ms=3000)
    try:
        await admin.start()
        return bool((await admin.describe_cluster())["brokers"])
    except (KafkaError, OSError):
        return False
    finally:
        await admin.close()


def broker_version(data: Path) -> BrokerVersion:
    """Tell which broker was last prepared with its data under `data`."""
    return BrokerVersion(**json.loads((data / VERSION_FILE).read_text()))


def prepare(
    data: Path,
    port: int,
    controller_port: int,
    console: Console,
    listener: Listener | None = None,
    locks: Locks | None = None,
) -> Broker:
    """Configure the broker with its data under `data`: Apache Kafka, else Tansu, said aloud."""
    data.mkdir(parents=True, exist_ok=True)
    try:
        jars = kafka_jars.jars(console)
    except DevstackError as error:
        if locks is not None:
            raise
        console.print(str(error), style="yellow", markup=False, soft_wrap=True)
        console.print(tansu.NOTICE, style="bold yellow", soft_wrap=True)
        broker = Broker(tuple(tansu.command(port)), BrokerVersion("Tansu", tansu.version()))
    else:
        if locks is not None:
            locks.prepare()
        properties = server_properties(data / "log", port, controller_port, listener, locks)
        broker = _prepare_kafka(data, properties, jars, locks)
    (data / VERSION_FILE).write_text(json.dumps(asdict(broker.version)))
    return broker


def require_same_sort(data: Path, *, is_secured: bool) -> None:
    """A log that was made open has no users, and one that was made closed keeps its ACLs."""
    if not _is_formatted(data) or (data / SECURED).exists() == is_secured:
        return
    made, wanted, other = ("open", 1, "secure") if is_secured else ("secured", 0, "open")
    raise DevstackError(
        f"The Kafka in {data} was made {made}, and stays so. For SECURE={wanted} take another"
        f" folder (RAPPORT_STATE=.rapport-{other}), or remove this one with its data."
    )


def _is_formatted(data: Path) -> bool:
    return (data / "log" / "meta.properties").exists()


def _prepare_kafka(data: Path, settings: str, jars: Path, locks: Locks | None) -> Broker:
    properties = data / "server.properties"
    properties.touch(mode=0o600)
    properties.write_text(settings)
    (data / "log4j2.yaml").write_text(LOG4J)
    java = [str(kafka_jars.java()), *QUICK_START, "-cp", f"{jars}/*"]
    if not _is_formatted(data):
        if locks is not None:
            (data / SECURED).touch()
        _format(java, properties, locks.scram() if locks is not None else [])
    broker = [*java[:1], *HEAP, f"-Dlog4j2.configurationFile={data}/log4j2.yaml", *java[1:]]
    command = child.command([*broker, "kafka.Kafka", str(properties)], signal.SIGKILL)
    return Broker(tuple(command), BrokerVersion("Apache Kafka", kafka_jars.KAFKA_VERSION))


def _format(java: list[str], properties: Path, users: list[str]) -> None:
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    tool = [
        *java,
        "kafka.tools.StorageTool",
        "format",
        f"--cluster-id={cluster_id}",
        "-c",
        str(properties),
        *users,
    ]
    done = subprocess.run(tool, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise DevstackError(f"Kafka's storage could not be formatted:\n{done.stderr}")


LOG4J = """\
Configuration:
  status: warn
  Appenders:
    Console:
      name: out
      PatternLayout:
        pattern: "%d{ISO8601} %-5p %c{1} %m%n"
  Loggers:
    Root:
      level: warn
      AppenderRef:
        - ref: out
    Logger:
      - name: kafka.server.KafkaRaftServer
        level: info
"""
