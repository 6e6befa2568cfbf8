"""Settings of service-desk, all from the environment."""

from pydantic import Field, SecretStr
from shared.settings import KafkaSettings, ServiceSettings, kafka_of


class Settings(ServiceSettings):
    database_url: SecretStr = Field(validation_alias="SERVICE_DESK_DATABASE_URL")
    kafka: KafkaSettings = Field(default_factory=lambda: kafka_of("service-desk"))
