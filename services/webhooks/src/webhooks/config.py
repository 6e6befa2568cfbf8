"""Settings of webhooks, from the environment."""

from ipaddress import ip_network

from pydantic import Field, SecretStr, field_validator
from shared.settings import KafkaSettings, ServiceSettings, kafka_of

from webhooks.egress import Egress, Network

SHORTEST_KEY = 32


class Settings(ServiceSettings):
    """What webhooks needs beside what every service needs.

    `seal_key` closes the secrets of subscriptions in the database; what `former_seal_keys` closed
    (separated by commas) can still be opened. `allowed_networks` are CIDR ranges, separated by
    commas, that requests may go into although they are not public; `http_is_allowed` lets URLs
    without TLS pass.
    """

    database_url: SecretStr = Field(validation_alias="WEBHOOKS_DATABASE_URL")
    kafka: KafkaSettings = Field(default_factory=lambda: kafka_of("webhooks"))
    seal_key: SecretStr = Field(validation_alias="WEBHOOKS_SEAL_KEY", min_length=SHORTEST_KEY)
    former_seal_keys: SecretStr = Field(
        default=SecretStr(""), validation_alias="WEBHOOKS_FORMER_SEAL_KEYS"
    )
    allowed_networks: str = Field(default="", validation_alias="WEBHOOKS_ALLOWED_NETWORKS")
    http_is_allowed: bool = Field(default=False, validation_alias="WEBHOOKS_HTTP_ALLOWED")
    ca_file: str | None = Field(default=None, validation_alias="WEBHOOKS_CA_FILE")
    timeout_seconds: float = Field(
        default=15.0, validation_alias="WEBHOOKS_TIMEOUT_SECONDS", gt=0, le=60
    )
    keep_days: int = Field(default=7, validation_alias="WEBHOOKS_KEEP_DAYS", ge=4, le=90)

    @field_validator("allowed_networks")
    @classmethod
    def _are_networks(cls, text: str) -> str:
        networks_in(text)
        return text

    @field_validator("former_seal_keys")
    @classmethod
    def _are_long(cls, keys: SecretStr) -> SecretStr:
        if any(len(key) < SHORTEST_KEY for key in parts_of(keys.get_secret_value())):
            raise ValueError(f"each of WEBHOOKS_FORMER_SEAL_KEYS has {SHORTEST_KEY} characters")
        return keys

    @property
    def egress(self) -> Egress:
        """Where requests may go."""
        return Egress(networks_in(self.allowed_networks), http_is_allowed=self.http_is_allowed)

    @property
    def seal_keys(self) -> list[str]:
        """The key in use, then those before it."""
        former = parts_of(self.former_seal_keys.get_secret_value())
        return [self.seal_key.get_secret_value(), *former]


def parts_of(text: str) -> list[str]:
    """The parts of a list that is separated by commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def networks_in(text: str) -> tuple[Network, ...]:
    """CIDR ranges in a list; raises `ValueError` for what is none."""
    return tuple(ip_network(part) for part in parts_of(text))
