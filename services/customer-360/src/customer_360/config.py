"""What this service needs beside what all services need."""

from pydantic import Field, SecretStr
from shared.settings import KafkaSettings, ServiceSettings, kafka_of


class Settings(ServiceSettings):
    """The projection's database, and the key of the hashes that name contact points."""

    database_url: SecretStr = Field(validation_alias="CUSTOMER_360_DATABASE_URL")
    kafka: KafkaSettings = Field(default_factory=lambda: kafka_of("customer-360"))
    hash_key: SecretStr = Field(validation_alias="RAPPORT_HASH_KEY", min_length=16)
