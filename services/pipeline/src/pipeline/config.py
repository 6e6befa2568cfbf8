"""Settings of pipeline."""

from pydantic import Field, SecretStr
from shared.settings import KafkaSettings, ServiceSettings, kafka_of


class Settings(ServiceSettings):
    """Without a default owner, leads are scored and wait for a person to assign them."""

    database_url: SecretStr = Field(validation_alias="PIPELINE_DATABASE_URL")
    kafka: KafkaSettings = Field(default_factory=lambda: kafka_of("pipeline"))
    hash_key: SecretStr = Field(validation_alias="RAPPORT_HASH_KEY", min_length=16)
    default_owner: str | None = Field(
        default=None, validation_alias="PIPELINE_DEFAULT_OWNER", min_length=1
    )
