"""Ports of this machine: which the system uses, which are free, and whose each is."""

import errno
import socket
from collections.abc import Mapping
from contextlib import ExitStack

from devstack.errors import PortsTakenError

DEFAULTS: Mapping[str, int] = {
    "CUSTOMER_360_PORT": 8100,
    "CONTACTS_PORT": 8101,
    "PIPELINE_PORT": 8102,
    "SERVICE_DESK_PORT": 8103,
    "CAMPAIGNS_PORT": 8104,
    "POSTGRES_PORT": 8105,
    "KAFKA_PORT": 8106,
    "KAFKA_CONTROLLER_PORT": 8107,
    "SMTP_PORT": 8108,
    "MAIL_PORT": 8109,
    "WEBHOOKS_PORT": 8110,
}

HOST = "127.0.0.1"
END = 65536


def owner(variable: str) -> str:
    """Name the program that listens on the port of `variable` as a person would."""
    names = {
        "POSTGRES_PORT": "PostgreSQL",
        "KAFKA_PORT": "Kafka",
        "KAFKA_CONTROLLER_PORT": "Kafka's controller",
        "SMTP_PORT": "the mail sink (SMTP)",
        "MAIL_PORT": "the mail sink (HTTP)",
    }
    return names.get(variable, variable.removesuffix("_PORT").lower().replace("_", "-"))


def another(port: int) -> int:
    """Suggest a port in place of `port`."""
    return port + 1000 if port + 1000 < END else port - 1000


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
    return True


def is_open(port: int, host: str = HOST) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def require_free(wanted: Mapping[str, int]) -> None:
    """Raise one `PortsTakenError` that names every port of `wanted` that is in use."""
    taken = [
        (port, owner(name), name, another(port))
        for name, port in wanted.items()
        if not is_free(port)
    ]
    if taken:
        raise PortsTakenError(taken)


def ephemeral() -> dict[str, int]:
    """Find a free port for each variable of `DEFAULTS`, all different."""
    with ExitStack() as held:
        probes = {name: held.enter_context(socket.socket()) for name in DEFAULTS}
        for probe in probes.values():
            probe.bind((HOST, 0))
        return {name: int(probe.getsockname()[1]) for name, probe in probes.items()}
