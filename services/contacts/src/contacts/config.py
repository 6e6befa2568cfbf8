"""Settings of contacts; see services/contacts/README.md for what each is for."""

from datetime import timedelta
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, SecretStr, model_validator
from shared.auth import own_token
from shared.settings import KafkaSettings, ServiceSettings, kafka_of

from contacts.departments import Departments
from contacts.points import PointRules

Hour: TypeAlias = Annotated[int, Field(ge=0, le=23)]


class Settings(ServiceSettings):
    """What contacts needs beyond every service's settings."""

    database_url: SecretStr = Field(validation_alias="CONTACTS_DATABASE_URL")
    kafka: KafkaSettings = Field(default_factory=lambda: kafka_of("contacts"))
    hash_key: SecretStr = Field(validation_alias="RAPPORT_HASH_KEY", min_length=16)
    pipeline_url: str = Field(validation_alias="PIPELINE_URL")
    service_desk_url: str = Field(validation_alias="SERVICE_DESK_URL")
    campaigns_url: str = Field(validation_alias="CAMPAIGNS_URL")
    customer_360_url: str = Field(validation_alias="CUSTOMER_360_URL")
    disclosure_token: SecretStr | None = Field(
        default=None, validation_alias="CONTACTS_DISCLOSURE_TOKEN"
    )
    default_region: str | None = Field(
        default=None, validation_alias="CONTACTS_DEFAULT_REGION", pattern=r"^[A-Z]{2}$"
    )
    merge_window_days: int = Field(
        default=30, validation_alias="CONTACTS_MERGE_WINDOW_DAYS", ge=1, le=365
    )

    auto_merge: bool = Field(default=False, validation_alias="CONTACTS_AUTO_MERGE")
    scan_hour: Hour | Literal["off"] = Field(default=2, validation_alias="CONTACTS_SCAN_HOUR")

    @model_validator(mode="after")
    def _can_ask_departments(self) -> Self:
        if self.disclosure_token is None and not self.jwt_algorithm.startswith("HS"):
            raise ValueError(
                "CONTACTS_DISCLOSURE_TOKEN is needed, with the role disclosure: a service that"
                " only verifies tokens cannot sign its own"
            )
        return self

    @property
    def merge_window(self) -> timedelta:
        """How long a merge can be undone."""
        return timedelta(days=self.merge_window_days)

    @property
    def departments(self) -> Departments:
        """Where the other services tell what they hold of a person, and who we are to them."""
        urls = {
            "pipeline": self.pipeline_url,
            "service-desk": self.service_desk_url,
            "campaigns": self.campaigns_url,
            "customer-360": self.customer_360_url,
        }
        if self.disclosure_token is not None:
            token = self.disclosure_token.get_secret_value
        else:
            token = own_token(self.jwt_key.get_secret_value(), "contacts", "disclosure")
        return Departments({name: url.rstrip("/") for name, url in urls.items()}, token)

    @property
    def point_rules(self) -> PointRules:
        """How this installation reads and hashes addresses."""
        return PointRules(self.hash_key.get_secret_value(), self.default_region)
