"""Settings of service-desk, all from the environment."""

from pydantic import Field, SecretStr
from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    database_url: SecretStr = Field(validation_alias="SERVICE_DESK_DATABASE_URL")
