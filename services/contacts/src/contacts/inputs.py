"""What may be said of customers and people, by HTTP or in a file: one check for both doors."""

from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Self, TypeAlias
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)
from shared.contracts.contacts import Acquisition, CustomerKind, ExternalId, KeyDateKind, PointType
from shared.http.requests import Code, Currency, Text

from contacts.postal_points import PostalAddress

Language: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")
]


_LEAP_YEAR = 2000
"""A year that has every day."""


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _known_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("not a time zone of the IANA database, such as Europe/Vienna")
    return name


Timezone: TypeAlias = Annotated[str, AfterValidator(_known_zone)]
Country: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Money: TypeAlias = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=4)]
Domain: TypeAlias = Annotated[
    str,
    StringConstraints(
        to_lower=True,
        max_length=253,
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$",
    ),
]
Domains: TypeAlias = Annotated[
    tuple[Domain, ...],
    Field(max_length=20, description="Host names that are the customer's: `example.com`."),
]


def _with_version(custom: dict[str, Any]) -> dict[str, Any]:
    if type(custom.get("schema_version")) is not int:
        raise ValueError("schema_version says, as a whole number, which names these are")
    return custom


Custom: TypeAlias = Annotated[
    dict[Code, bool | int | Annotated[float, Field(allow_inf_nan=False)] | Text],
    Field(
        max_length=50,
        description="What your installation says besides; with `schema_version`, a number of your"
        " own that tells which names these are. It takes the place of what was said before.",
    ),
    AfterValidator(_with_version),
]
Tags: TypeAlias = Annotated[tuple[Code, ...], Field(max_length=50)]


class _Input(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def given(self) -> dict[str, Any]:
        """What was said, and nothing of what was not; an explicit null counts as said."""
        values = vars(self)
        return {name: values[name] for name in self.model_fields_set}


class ExternalIdIn(BaseModel):
    """How another system names the customer."""

    model_config = ConfigDict(frozen=True)

    system: Code
    id: Text


ExternalIds: TypeAlias = Annotated[tuple[ExternalIdIn, ...], Field(max_length=20)]


class AcquisitionIn(BaseModel):
    """How the customer was won over, and what that cost."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: Code
    campaign_id: UUID | None = None
    cost: Money | None = None
    currency: Currency | None = None

    @model_validator(mode="after")
    def _is_money(self) -> Self:
        if self.cost is not None and self.currency is None:
            raise ValueError("a cost needs its currency")
        return self


class _CustomerInput(_Input):
    legal_name: Text | None = None
    tax_id: Text | None = None
    territory_code: Code | None = None
    region: Text | None = None
    industry: Text | None = None
    size_band: Text | None = None
    language: Language | None = None
    currency: Currency | None = None
    timezone: Timezone | None = None
    website: Text | None = None
    tags: Tags = ()
    external_ids: ExternalIds = ()
    registration_no: Text | None = None
    annual_revenue: Annotated[Money | None, Field(description="In the customer's currency.")] = None
    domains: Domains = ()
    team_id: Code | None = None
    acquisition: AcquisitionIn | None = None
    custom: Custom | None = None

    def given(self) -> dict[str, Any]:
        said = super().given()
        if self.acquisition is not None:
            said["acquisition"] = Acquisition(**dict(self.acquisition))
        if "external_ids" in said:
            named = [ExternalId(system=each.system, id=each.id) for each in self.external_ids]
            said["external_ids"] = tuple(named)
        return said


class CustomerIn(_CustomerInput):
    """A new customer."""

    kind: CustomerKind
    display_name: Text
    source: Text = "manual"
    owner_id: Code | None = None
    queue: Annotated[
        Code | None,
        Field(description="Where it waits for an owner; `unassigned`, where neither is said."),
    ] = None

    @model_validator(mode="after")
    def _has_one_place(self) -> Self:
        if self.owner_id is not None and self.queue is not None:
            raise ValueError("a customer has an owner or waits in a queue, not both")
        return self

    def given(self) -> dict[str, Any]:
        said = super().given()
        said["source"] = self.source
        return said


class CustomerPatch(_CustomerInput):
    """Fields to change; null empties a field. External ids are added, never taken away."""

    kind: CustomerKind = "organization"
    display_name: Text = ""


class PersonIn(_Input):
    """What is said of a person beside points and memberships."""

    given_name: Text | None = None
    family_name: Text | None = None
    salutation: Text | None = None
    job_title: Text | None = None
    department: Text | None = None
    language: Language | None = None
    timezone: Timezone | None = None


class PointIn(BaseModel):
    """A way to reach a person; it is stored as written and in its normal form."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: PointType
    value: Text
    is_primary: bool = False


class PostalIn(BaseModel):
    """Where a person is reached by post; one line or a locality at least."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lines: Annotated[tuple[Text, ...], Field(max_length=5)] = ()
    locality: Text | None = None
    postal_code: Text | None = None
    region: Text | None = None
    country: Country | None = None
    is_primary: bool = False

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if not self.lines and self.locality is None and self.postal_code is None:
            raise ValueError("a line, a locality or a postal code is needed")
        return self

    @property
    def address(self) -> PostalAddress:
        said = self.model_dump(exclude={"is_primary"})
        return PostalAddress(**said)


class KeyDateIn(BaseModel):
    """A day that counts for a person; the year, where it is known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    month_day: Annotated[str, StringConstraints(pattern=r"^\d{2}-\d{2}$")]
    year: Annotated[int, Field(ge=1850, le=2200)] | None = None

    @field_validator("month_day")
    @classmethod
    def _is_in_the_calendar(cls, month_day: str) -> str:
        month, day = month_day.split("-")
        date(_LEAP_YEAR, int(month), int(day))
        return month_day


class NamedKeyDateIn(KeyDateIn):
    """The same with its kind."""

    kind: KeyDateKind


class MembershipIn(BaseModel):
    """A person's part in a customer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    customer_id: UUID
    role: Text | None = None
    is_primary: bool = False


class ContactIn(PersonIn):
    """A new person; a name or a point at least."""

    points: Annotated[tuple[PointIn, ...], Field(max_length=20)] = ()
    postal_points: Annotated[tuple[PostalIn, ...], Field(max_length=20)] = ()
    key_dates: Annotated[tuple[NamedKeyDateIn, ...], Field(max_length=10)] = ()
    memberships: Annotated[tuple[MembershipIn, ...], Field(max_length=20)] = ()
