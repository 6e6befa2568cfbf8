"""What this service needs beside what all services need."""

from pydantic import Field, SecretStr, field_validator
from shared.settings import KafkaSettings, ServiceSettings, kafka_of


class Settings(ServiceSettings):
    """The projection's database, and the key of the hashes that name contact points.

    Without `CONTACTS_URL` everything is shown but who changed what.
    """

    database_url: SecretStr = Field(validation_alias="CUSTOMER_360_DATABASE_URL")
    kafka: KafkaSettings = Field(default_factory=lambda: kafka_of("customer-360"))
    hash_key: SecretStr = Field(validation_alias="RAPPORT_HASH_KEY", min_length=16)
    contacts_url: str | None = Field(default=None, validation_alias="CONTACTS_URL")

    @field_validator("contacts_url")
    @classmethod
    def _no_trailing_slash(cls, url: str | None) -> str | None:
        return url.rstrip("/") if url else None
