"""What may be said of customers and people, by HTTP or in a file: one check for both doors."""

from functools import cache
from typing import Annotated, Any, TypeAlias
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from shared.contracts.contacts import CustomerKind, ExternalId, PointType
from shared.http.requests import Code, Currency, Text

Language: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")
]


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _known_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("not a time zone of the IANA database, such as Europe/Vienna")
    return name


Timezone: TypeAlias = Annotated[str, AfterValidator(_known_zone)]
Tags: TypeAlias = Annotated[tuple[Code, ...], Field(max_length=50)]


class _Input(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def given(self) -> dict[str, Any]:
        """What was said, and nothing of what was not; an explicit null counts as said."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class ExternalIdIn(BaseModel):
    """How another system names the customer."""

    model_config = ConfigDict(frozen=True)

    system: Code
    id: Text


ExternalIds: TypeAlias = Annotated[tuple[ExternalIdIn, ...], Field(max_length=20)]


class _CustomerInput(_Input):
    legal_name: Text | None = None
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

    def given(self) -> dict[str, Any]:
        said = super().given()
        if "external_ids" in said:
            said["external_ids"] = tuple(
                ExternalId(system=named.system, id=named.id) for named in self.external_ids
            )
        return said


class CustomerIn(_CustomerInput):
    """A new customer."""

    kind: CustomerKind
    display_name: Text
    source: Text = "manual"
    owner_id: Code | None = None

    def given(self) -> dict[str, Any]:
        return {**super().given(), "source": self.source}


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


class MembershipIn(BaseModel):
    """A person's part in a customer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    customer_id: UUID
    role: Text | None = None
    is_primary: bool = False


class ContactIn(PersonIn):
    """A new person; a name or a point at least."""

    points: Annotated[tuple[PointIn, ...], Field(max_length=20)] = ()
    memberships: Annotated[tuple[MembershipIn, ...], Field(max_length=20)] = ()
