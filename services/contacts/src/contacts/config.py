"""Settings of contacts; see services/contacts/README.md for what each is for."""

from pydantic import Field, SecretStr
from shared.settings import KafkaSettings, ServiceSettings, kafka_of

from contacts.points import PointRules


class Settings(ServiceSettings):
    """What contacts needs beyond every service's settings."""

    database_url: SecretStr = Field(validation_alias="CONTACTS_DATABASE_URL")
    kafka: KafkaSettings = Field(default_factory=lambda: kafka_of("contacts"))
    hash_key: SecretStr = Field(validation_alias="RAPPORT_HASH_KEY", min_length=16)
    default_region: str | None = Field(
        default=None, validation_alias="CONTACTS_DEFAULT_REGION", pattern=r"^[A-Z]{2}$"
    )
    merge_window_days: int = Field(
        default=30, validation_alias="CONTACTS_MERGE_WINDOW_DAYS", ge=1, le=365
    )

    @property
    def point_rules(self) -> PointRules:
        """How this installation reads and hashes addresses."""
        return PointRules(self.hash_key.get_secret_value(), self.default_region)
