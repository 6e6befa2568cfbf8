"""Settings of campaigns, from the environment."""

from email.utils import parseaddr
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from shared.settings import KafkaSettings, ServiceSettings, kafka_of

_SMTP_SCHEMES = {"smtp", "smtps"}


class Settings(ServiceSettings):
    """What campaigns needs beside what every service needs."""

    database_url: SecretStr = Field(validation_alias="CAMPAIGNS_DATABASE_URL")
    kafka: KafkaSettings = Field(default_factory=lambda: kafka_of("campaigns"))
    hash_key: SecretStr = Field(validation_alias="RAPPORT_HASH_KEY", min_length=16)
    link_key: SecretStr = Field(validation_alias="RAPPORT_LINK_KEY", min_length=16)
    public_url: str = Field(validation_alias="CAMPAIGNS_PUBLIC_URL")
    smtp_url: SecretStr = Field(validation_alias="SMTP_URL")
    sender: str = Field(validation_alias="CAMPAIGNS_SENDER")

    @field_validator("public_url")
    @classmethod
    def _no_trailing_slash(cls, url: str) -> str:
        return url.rstrip("/")

    @field_validator("sender")
    @classmethod
    def _is_address(cls, sender: str) -> str:
        if "@" not in parseaddr(sender)[1]:
            raise ValueError("CAMPAIGNS_SENDER is an address, or a name with an address in <>")
        return sender

    @field_validator("smtp_url")
    @classmethod
    def _is_smtp(cls, url: SecretStr) -> SecretStr:
        parts = urlsplit(url.get_secret_value())
        if parts.scheme not in _SMTP_SCHEMES or not parts.hostname:
            raise ValueError("SMTP_URL is smtp://[user:password@]host:port, or smtps://…")
        return url
