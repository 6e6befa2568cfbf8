"""A real Apache Kafka on this machine: one node, KRaft; Tansu where no jars can be had."""

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

from devstack import child, kafka_jars, ports, tansu, wait
from devstack.errors import DevstackError

HEAP = ("-Xms256m", "-Xmx768m")
VERSION_FILE = "broker.json"
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


@dataclass(frozen=True)
class Listener:
    """One more door of the broker: clients that enter at `port` are told to go on at `advertised`.

    With a proxy listening on `advertised`, every connection of such a client passes it.
    """

    port: int
    advertised: int


def is_ready(bootstrap: str) -> bool:
    """Whether a broker answers at the first address of `bootstrap` and is part of its cluster."""
    host, _, port = bootstrap.split(",", maxsplit=1)[0].rpartition(":")
    return ports.is_open(int(port), host) and wait.run(_has_brokers(bootstrap))


async def _has_brokers(bootstrap: str) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=3000)
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
) -> Broker:
    """Configure the broker with its data under `data`: Apache Kafka, else Tansu, said aloud."""
    data.mkdir(parents=True, exist_ok=True)
    try:
        jars = kafka_jars.jars(console)
    except DevstackError as error:
        console.print(str(error), style="yellow", markup=False, soft_wrap=True)
        console.print(tansu.NOTICE, style="bold yellow", soft_wrap=True)
        broker = Broker(tuple(tansu.command(port)), BrokerVersion("Tansu", tansu.version()))
    else:
        properties = _server_properties(data / "log", port, controller_port, listener)
        broker = _prepare_kafka(data, properties, jars)
    (data / VERSION_FILE).write_text(json.dumps(asdict(broker.version)))
    return broker


def _prepare_kafka(data: Path, settings: str, jars: Path) -> Broker:
    properties = data / "server.properties"
    properties.write_text(settings)
    (data / "log4j2.yaml").write_text(LOG4J)
    java = [str(kafka_jars.java()), *QUICK_START, "-cp", f"{jars}/*"]
    if not (data / "log" / "meta.properties").exists():
        _format(java, properties)
    broker = [*java[:1], *HEAP, f"-Dlog4j2.configurationFile={data}/log4j2.yaml", *java[1:]]
    command = child.command([*broker, "kafka.Kafka", str(properties)], signal.SIGKILL)
    return Broker(tuple(command), BrokerVersion("Apache Kafka", kafka_jars.KAFKA_VERSION))


def _format(java: list[str], properties: Path) -> None:
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    tool = [
        *java,
        "kafka.tools.StorageTool",
        "format",
        f"--cluster-id={cluster_id}",
        "-c",
        str(properties),
    ]
    done = subprocess.run(tool, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise DevstackError(f"Kafka's storage could not be formatted:\n{done.stderr}")


# After `kill -9` the broker is let in again when its former session has ended: hence a short one.
def _server_properties(
    log: Path, port: int, controller_port: int, listener: Listener | None
) -> str:
    door, sign, protocol = "", "", ""
    if listener is not None:
        door = f",PROXIED://{ports.HOST}:{listener.port}"
        sign = f",PROXIED://{ports.HOST}:{listener.advertised}"
        protocol = ",PROXIED:PLAINTEXT"
    return f"""\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{ports.HOST}:{controller_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{ports.HOST}:{port},CONTROLLER://{ports.HOST}:{controller_port}{door}
advertised.listeners=PLAINTEXT://{ports.HOST}:{port}{sign}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT{protocol}
log.dirs={log}
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=1000
auto.create.topics.enable=false
default.replication.factor=1
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=12
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
"""


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
