"""Settings of every service: they come from the environment, and no secret has a default."""

import ssl
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.messaging.connections import notice_closed_transports

REQUEST_TIMEOUT_MS = 15_000
"""What a broker may take to answer; aiokafka's 40 s are how long it would take to notice a dead
connection. A consumer that joins its group waits for the others, for 10 s at most."""

SettingsT = TypeVar("SettingsT", bound=BaseSettings)


class KafkaSettings(BaseSettings):
    """How to reach Kafka; SASL and TLS where the broker asks for them."""

    model_config = SettingsConfigDict(env_prefix="KAFKA_", frozen=True)

    bootstrap_servers: str
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = "SCRAM-SHA-512"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    sasl_password_file: Path | None = None
    ca_file: str | None = None
    replication_factor: int = 3

    def client_options(self) -> dict[str, Any]:
        """The connection arguments of every aiokafka client."""
        notice_closed_transports()
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers.split(","),
            "security_protocol": self.security_protocol,
        }
        if self.security_protocol.endswith("SSL"):
            options["ssl_context"] = ssl.create_default_context(cafile=self.ca_file)
        if self.security_protocol.startswith("SASL"):
            options["sasl_mechanism"] = self.sasl_mechanism
            options["sasl_plain_username"] = self.sasl_username
            options["sasl_plain_password"] = self.password()
        return options

    @property
    def principal(self) -> str:
        """Who this client is to the broker."""
        return self.sasl_username or "ANONYMOUS"

    def password(self) -> str | None:
        """The secret as it is now: a file, where one is named, is read at each call."""
        if self.sasl_password_file is not None:
            return self.sasl_password_file.read_text().strip()
        return self.sasl_password.get_secret_value() if self.sasl_password else None


class KafkaUser(BaseSettings):
    """Who one service is to Kafka: `<SERVICE>_KAFKA_SASL_USERNAME`, `…_PASSWORD` or its file."""

    model_config = SettingsConfigDict(frozen=True)

    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    sasl_password_file: Path | None = None


def kafka_of(service: str) -> KafkaSettings:
    """How one service reaches Kafka: as itself where it has variables of its own."""
    prefix = service.upper().replace("-", "_")
    user = KafkaUser(_env_prefix=f"{prefix}_KAFKA_")  # pyright: ignore[reportCallIssue] -- pydantic reads it at run time
    kafka = from_environment(KafkaSettings)
    return kafka.model_copy(update=dict(user)) if user.sasl_username else kafka


class ServiceSettings(BaseSettings):
    """What every service needs; each adds its `database_url` under a name of its own."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    database_url: SecretStr
    jwt_key: SecretStr = Field(validation_alias="RAPPORT_JWT_KEY", min_length=32)
    jwt_algorithm: str = Field(default="HS256", validation_alias="RAPPORT_JWT_ALGORITHM")
    kafka: KafkaSettings = Field(default_factory=lambda: from_environment(KafkaSettings))


def from_environment(settings: type[SettingsT]) -> SettingsT:
    """Read a settings class; raises pydantic's `ValidationError` naming each missing variable."""
    return settings.model_validate({})
