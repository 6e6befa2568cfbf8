"""Settings of campaigns, from the environment."""

from collections.abc import Callable
from email.utils import parseaddr
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from shared.auth import own_token
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
    contacts_url: str = Field(validation_alias="CONTACTS_URL")
    contacts_token: SecretStr | None = Field(
        default=None, validation_alias="CAMPAIGNS_CONTACTS_TOKEN"
    )

    @model_validator(mode="after")
    def _can_ask_contacts(self) -> Self:
        if self.contacts_token is None and not self.jwt_algorithm.startswith("HS"):
            raise ValueError(
                "CAMPAIGNS_CONTACTS_TOKEN is needed, with the role integration: a service that"
                " only verifies tokens cannot sign its own"
            )
        return self

    def contacts_token_source(self) -> Callable[[], str]:
        """Who we are to contacts: by the token that we were given, else by one that we sign."""
        if self.contacts_token is not None:
            return self.contacts_token.get_secret_value
        return own_token(self.jwt_key.get_secret_value(), "campaigns", "integration")

    @field_validator("public_url", "contacts_url")
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
