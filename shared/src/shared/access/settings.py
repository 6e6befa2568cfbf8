"""Who subscribes, and where the principals' secrets are, from the environment."""

from functools import cached_property
from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.contracts.rights import Role, read_subscribers


class AccessSettings(BaseSettings):
    """`credentials` is a folder with a file per principal: its password, for its owner's eyes."""

    model_config = SettingsConfigDict(frozen=True)

    subscribers_line: str = Field(default="", validation_alias="RAPPORT_SUBSCRIBERS")
    credentials: Path | None = Field(default=None, validation_alias="KAFKA_CREDENTIALS")

    @field_validator("subscribers_line")
    @classmethod
    def _is_readable(cls, line: str) -> str:
        read_subscribers(line)
        return line

    @cached_property
    def subscribers(self) -> dict[str, Role]:
        return read_subscribers(self.subscribers_line)
