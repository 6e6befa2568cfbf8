"""What one state folder runs with: ports, secrets and addresses, kept in its `env` file.

A variable of the environment wins over the file; ports and secrets stay as they were first chosen.
Addresses of servers are never remembered: only the environment points away from the own ones.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values
from shared.access import credentials
from shared.contracts.rights import ADMIN
from shared.settings import KafkaSettings

from devstack import ports, tls
from devstack.broker_settings import MECHANISM, Locks
from devstack.errors import DevstackError
from devstack.services import SERVICES

KAFKA_VARIABLES = (
    "KAFKA_BOOTSTRAP_SERVERS",
    "KAFKA_SECURITY_PROTOCOL",
    "KAFKA_SASL_MECHANISM",
    "KAFKA_SASL_USERNAME",
    "KAFKA_SASL_PASSWORD",
    "KAFKA_SASL_PASSWORD_FILE",
    "KAFKA_CA_FILE",
    "KAFKA_CREDENTIALS",
)
SECRETS = (
    "RAPPORT_JWT_KEY",
    "RAPPORT_HASH_KEY",
    "RAPPORT_LINK_KEY",
    "WEBHOOKS_SEAL_KEY",
    "POSTGRES_PASSWORD",
    *(service.password_variable for service in SERVICES),
)
SCAN_HOUR = "CONTACTS_SCAN_HOUR"
"""Nobody waits for the night to see this system do something."""

PASSED_ON = ("RAPPORT_JWT_ALGORITHM",)
SECURE = "SECURE"
SUBSCRIBERS = "RAPPORT_SUBSCRIBERS"
EXAMPLES = "analytics=public,warehouse=confidential"
"""Who may subscribe to a secured system of this machine, unless it is told otherwise."""

SENDER = "Rapport <hello@rapport.example>"
LOOPBACK = "127.0.0.0/8"


@dataclass(frozen=True)
class State:
    """The folder with everything that one system keeps."""

    folder: Path

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] = os.environ) -> "State":
        return cls(Path(environment.get("RAPPORT_STATE", ".rapport")).resolve())

    @property
    def env(self) -> Path:
        return self.folder / "env"

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def kafka(self) -> Path:
        return self.folder / "kafka"

    @property
    def locks(self) -> Locks:
        return Locks(self.kafka / "tls", self.folder / "credentials")

    @property
    def mail(self) -> Path:
        return self.folder / "mail"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def run(self) -> Path:
        return self.folder / "run"


@dataclass(frozen=True)
class Settings:
    """Every variable that the programs of the system get."""

    values: Mapping[str, str]
    own_kafka: bool
    own_databases: frozenset[str]

    def port(self, variable: str) -> int:
        return int(self.values[variable])

    @property
    def is_secured(self) -> bool:
        """Whether our own Kafka lets in only whom it knows."""
        return self.own_kafka and self.values.get(SECURE) == "1"

    @property
    def own_postgres(self) -> bool:
        return bool(self.own_databases)

    @property
    def ports_needed(self) -> dict[str, int]:
        """The ports that our own programs will listen on."""
        needed = {name: self.port(name) for name in ports.DEFAULTS}
        if not self.own_kafka:
            del needed["KAFKA_PORT"], needed["KAFKA_CONTROLLER_PORT"]
        if not self.own_postgres:
            del needed["POSTGRES_PORT"]
        return needed


def load(state: State) -> dict[str, str]:
    """Read the variables of the last start; none before the first."""
    return {
        name: value or "" for name, value in dotenv_values(state.env, interpolate=False).items()
    }


def kept(state: State) -> Settings:
    """Give the settings of the last start."""
    return choose(state, load(state))


def choose(state: State, environment: Mapping[str, str]) -> Settings:
    """Settle every variable from the environment, the file and chance; writes nothing."""
    last = load(state)
    first = {name: str(port) for name, port in ports.DEFAULTS.items()}
    first |= {name: secrets.token_urlsafe(32) for name in SECRETS}
    values = {
        name: environment.get(name) or last.get(name) or value for name, value in first.items()
    }
    _require_numbers(values)
    own_kafka = _choose_kafka(values, environment)
    if own_kafka:
        given = {name: value for name, value in environment.items() if value}
        values |= _choose_security(state.locks, {**last, **given})
    elif environment.get(SECURE) == "1":
        raise _not_ours(values["KAFKA_BOOTSTRAP_SERVERS"])
    own_databases = _choose_databases(values, environment)
    values |= {name: environment.get(name, own) for name, own in _addresses(values).items()}
    values |= {name: environment[name] for name in PASSED_ON if name in environment}
    values[SCAN_HOUR] = environment.get(SCAN_HOUR, "off")
    return Settings(values, own_kafka, frozenset(own_databases))


def _require_numbers(values: Mapping[str, str]) -> None:
    for name in ports.DEFAULTS:
        if not values[name].isdecimal() or not 0 < int(values[name]) < ports.END:
            raise DevstackError(f"{name}={values[name]} is no port: choose one from 1 to 65535.")


def _choose_kafka(values: dict[str, str], environment: Mapping[str, str]) -> bool:
    own = f"{ports.HOST}:{values['KAFKA_PORT']}"
    if environment.get("KAFKA_BOOTSTRAP_SERVERS", own) == own:
        values |= {"KAFKA_BOOTSTRAP_SERVERS": own, "KAFKA_REPLICATION_FACTOR": "1"}
        return True
    values |= {name: environment[name] for name in KAFKA_VARIABLES if name in environment}
    values["KAFKA_REPLICATION_FACTOR"] = environment.get("KAFKA_REPLICATION_FACTOR", "3")
    return False


def _not_ours(bootstrap: str) -> DevstackError:
    return DevstackError(
        f"{SECURE}=1 closes the Kafka of this machine, not {bootstrap}: set KAFKA_SECURITY_PROTOCOL"
        " and the rest as docs/security.md says, without SECURE."
    )


def _choose_security(locks: Locks, wanted: Mapping[str, str]) -> dict[str, str]:
    """Open or closed; who everybody is to a closed Kafka: operators by the plain names."""
    if wanted.get(SECURE) != "1":
        return {SECURE: "0"}
    folder = locks.credentials
    return {
        SECURE: "1",
        SUBSCRIBERS: wanted.get(SUBSCRIBERS) or EXAMPLES,
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_SASL_MECHANISM": MECHANISM,
        "KAFKA_CA_FILE": str(tls.authority_file(locks.tls)),
        "KAFKA_CREDENTIALS": str(folder),
        **_user("KAFKA", folder, ADMIN),
        **{
            name: value
            for service in SERVICES
            for name, value in _user(f"{service.variable}_KAFKA", folder, service.name).items()
        },
    }


def _user(prefix: str, folder: Path, principal: str) -> dict[str, str]:
    return {
        f"{prefix}_SASL_USERNAME": principal,
        f"{prefix}_SASL_PASSWORD_FILE": str(credentials.secret_file(folder, principal)),
    }


def kafka_of(values: Mapping[str, str], principal: str | None = None) -> KafkaSettings:
    """How to reach the system's Kafka: as a principal of a secured one, else as the operators."""
    named = {name: f"KAFKA_{name.upper()}" for name in KafkaSettings.model_fields}
    known = {name: values[variable] for name, variable in named.items() if variable in values}
    if principal is not None and "KAFKA_CREDENTIALS" in values:
        file = credentials.secret_file(Path(values["KAFKA_CREDENTIALS"]), principal)
        known |= {"sasl_username": principal, "sasl_password_file": str(file)}
        known.pop("sasl_password", None)
    return KafkaSettings.model_validate(known)


def of_one_program(values: Mapping[str, str], service: str | None) -> dict[str, str]:
    """What a program finds in its environment: of Kafka's users only its own, or none."""
    if "KAFKA_CREDENTIALS" not in values:
        return dict(values)
    folder = Path(values["KAFKA_CREDENTIALS"])
    users = ("KAFKA", *(f"{known.variable}_KAFKA" for known in SERVICES))
    hidden = {"KAFKA_CREDENTIALS"}.union(*(_user(prefix, folder, "") for prefix in users))
    shown = {name: value for name, value in values.items() if name not in hidden}
    return shown | (_user("KAFKA", folder, service) if service is not None else {})


def _choose_databases(values: dict[str, str], environment: Mapping[str, str]) -> set[str]:
    own: set[str] = set()
    for service in SERVICES:
        name, password = service.package, values[service.password_variable]
        url = f"postgresql://{name}:{password}@{ports.HOST}:{values['POSTGRES_PORT']}/{name}"
        values[service.url_variable] = environment.get(service.url_variable, url)
        if values[service.url_variable] == url:
            own.add(name)
    return own


def _addresses(values: Mapping[str, str]) -> dict[str, str]:
    services = {
        f"{s.variable}_URL": f"http://{ports.HOST}:{values[s.port_variable]}" for s in SERVICES
    }
    return services | {
        "SMTP_URL": f"smtp://{ports.HOST}:{values['SMTP_PORT']}",
        "CAMPAIGNS_PUBLIC_URL": f"http://{ports.HOST}:{values['CAMPAIGNS_PORT']}",
        "CAMPAIGNS_SENDER": SENDER,
        "WEBHOOKS_ALLOWED_NETWORKS": LOOPBACK,  # subscribers on this machine, without TLS
        "WEBHOOKS_HTTP_ALLOWED": "true",
    }


def save(state: State, settings: Settings) -> None:
    """Write the variables to the state folder's `env`, for its owner's eyes only."""
    state.folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{name}={_quoted(value)}\n" for name, value in sorted(settings.values.items())]
    draft = state.folder / "env.new"
    draft.touch(mode=0o600)
    draft.write_text("".join(lines))
    draft.replace(state.env)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
