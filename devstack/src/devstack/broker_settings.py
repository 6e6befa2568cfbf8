"""`server.properties` of our broker: open to this machine, or closed to whoever has no right."""

from dataclasses import dataclass
from pathlib import Path

from shared.access import credentials
from shared.contracts.rights import ADMIN, BROKER

from devstack import ports, tls

MECHANISM = "SCRAM-SHA-512"
CLIENTS = "CLIENTS"
PROXIED = "PROXIED"


@dataclass(frozen=True)
class Listener:
    """One more door of the broker: clients that enter at `port` are told to go on at `advertised`.

    With a proxy listening on `advertised`, every connection of such a client passes it.
    """

    port: int
    advertised: int


@dataclass(frozen=True)
class Locks:
    """What a secured broker is closed with: certificates, and the super users' secrets."""

    tls: Path
    credentials: Path

    def prepare(self) -> None:
        """Make what is missing; what is there stays."""
        tls.prepare(self.tls)
        for principal in (ADMIN, BROKER):
            credentials.keep_secret(self.credentials, principal)

    def secret(self, principal: str) -> str:
        return credentials.secret_file(self.credentials, principal).read_text()

    def scram(self) -> list[str]:
        """Arguments by which the storage tool lets the super users in before anybody can."""
        return [
            f"--add-scram={MECHANISM}=[name={name},password={self.secret(name)}]"
            for name in (ADMIN, BROKER)
        ]


def server_properties(
    log: Path, port: int, controller_port: int, listener: Listener | None, locks: Locks | None
) -> str:
    """The broker's configuration; with `locks` it is secret and denies by default."""
    doors = [(CLIENTS, port, port), ("CONTROLLER", controller_port, None)]
    if listener is not None:
        doors.append((PROXIED, listener.port, listener.advertised))
    protocol = "SASL_SSL" if locks else "PLAINTEXT"
    controller = "SSL" if locks else "PLAINTEXT"
    lines = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{ports.HOST}:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": CLIENTS,
        "listeners": ",".join(f"{name}://{ports.HOST}:{at}" for name, at, _ in doors),
        "advertised.listeners": ",".join(
            f"{name}://{ports.HOST}:{told}" for name, _, told in doors if told
        ),
        "listener.security.protocol.map": (
            f"{CLIENTS}:{protocol},{PROXIED}:{protocol},CONTROLLER:{controller}"
        ),
        "log.dirs": str(log),
        **_ALONE,
        **(_closed(locks) if locks else {}),
    }
    return "".join(f"{name}={value}\n" for name, value in lines.items())


# After `kill -9` the broker is let in again when its former session has ended: hence a short one.
_ALONE = {
    "broker.session.timeout.ms": "4000",
    "broker.heartbeat.interval.ms": "1000",
    "auto.create.topics.enable": "false",
    "default.replication.factor": "1",
    "group.initial.rebalance.delay.ms": "0",
    "offsets.topic.num.partitions": "12",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
}


def _closed(locks: Locks) -> dict[str, str]:
    """TLS everywhere; clients say who they are by SCRAM, the broker to its controller by TLS."""
    jaas = (
        "org.apache.kafka.common.security.scram.ScramLoginModule required"
        f' username="{BROKER}" password="{locks.secret(BROKER)}";'
    )
    return {
        "sasl.enabled.mechanisms": MECHANISM,
        "sasl.mechanism.inter.broker.protocol": MECHANISM,
        **{
            f"listener.name.{door.lower()}.{MECHANISM.lower()}.sasl.jaas.config": jaas
            for door in (CLIENTS, PROXIED)
        },
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(tls.broker_file(locks.tls)),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(tls.authority_file(locks.tls)),
        "listener.name.controller.ssl.client.auth": "required",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": f"User:{ADMIN};User:{BROKER};User:CN={tls.BROKER}",
    }
