"""What a file's row says: its cells by the mapping, checked exactly as the API checks a body."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from shared.contact_points import EmailInvalidError, normalize_email
from shared.contracts.contacts import PointType
from shared.http.requests import Text

from contacts.file_layout import (
    CUSTOMER_EXTERNAL_ID,
    EXTERNAL_ID,
    EntityType,
    Layout,
    Tally,
)
from contacts.inputs import CustomerIn, PersonIn, PointIn

POINT_TYPES: tuple[PointType, ...] = get_args(PointType)
CUSTOMER_FIELDS = frozenset(CustomerIn.model_fields) - {"external_ids"}
PERSON_FIELDS = frozenset({*PersonIn.model_fields, *POINT_TYPES, "role"})
FIELDS: Mapping[EntityType, frozenset[str]] = {
    "customer": CUSTOMER_FIELDS,
    "contact": PERSON_FIELDS,
}


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A row that is a customer; `keys` are what it may be only once in a file."""

    number: int
    said: CustomerIn
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A row that is a person; `customer` is its customer's name in another system."""

    number: int
    said: PersonIn
    points: tuple[PointIn, ...]
    email: str | None
    customer: tuple[str, str] | None
    role: str | None
    keys: tuple[str, ...]


def read_customers(
    layout: Layout, rows: Sequence[tuple[int, list[str]]], tally: Tally
) -> list[CustomerRow]:
    """The good rows; the bad ones go into the tally."""
    good: list[CustomerRow] = []
    for number, cells in rows:
        if _is_misshapen(layout, number, cells, tally):
            continue
        said = layout.said_by(cells)
        try:
            good.append(_customer_row(number, said))
        except ValidationError as error:
            _reject_invalid(tally, number, error, said)
    return good


def _customer_row(number: int, said: Mapping[str, str]) -> CustomerRow:
    body: dict[str, Any] = {}
    named: list[dict[str, str]] = []
    for name, text in said.items():
        if name.startswith(EXTERNAL_ID):
            named.append({"system": name.removeprefix(EXTERNAL_ID), "id": text})
        elif name == "tags":
            body[name] = tuple(tag.strip() for tag in text.split(";") if tag.strip())
        else:
            body[name] = text
    if named:
        body["external_ids"] = named
    keys = tuple(f"{name['system']}:{name['id']}" for name in named)
    return CustomerRow(number, CustomerIn.model_validate(body), keys)


class _Role(BaseModel):
    role: Text | None = None


def read_people(
    layout: Layout, rows: Sequence[tuple[int, list[str]]], tally: Tally
) -> list[PersonRow]:
    """The good rows; the bad ones go into the tally."""
    good: list[PersonRow] = []
    for number, cells in rows:
        if _is_misshapen(layout, number, cells, tally):
            continue
        said = layout.said_by(cells)
        try:
            good.append(_person_row(number, said))
        except ValidationError as error:
            _reject_invalid(tally, number, error, said)
        except EmailInvalidError as error:
            tally.reject(number, "email", error.code())
    return good


def _person_row(number: int, said: Mapping[str, str]) -> PersonRow:
    points = tuple(
        PointIn(type=kind, value=said[kind], is_primary=kind == "email")
        for kind in POINT_TYPES
        if kind in said
    )
    customer = next(
        (
            (name.removeprefix(CUSTOMER_EXTERNAL_ID), text)
            for name, text in said.items()
            if name.startswith(CUSTOMER_EXTERNAL_ID)
        ),
        None,
    )
    person = {name: said[name] for name in PersonIn.model_fields if name in said}
    email = normalize_email(said["email"]) if "email" in said else None
    return PersonRow(
        number,
        PersonIn.model_validate(person),
        points,
        email,
        customer,
        _Role.model_validate(said).role,
        (email,) if email else (),
    )


def _is_misshapen(layout: Layout, number: int, cells: Sequence[str], tally: Tally) -> bool:
    if len(cells) == len(layout.header):
        if "\x00" not in "".join(cells):
            return False
        tally.reject(number, None, "nul-character")
        return True
    kind = "too-few-cells" if len(cells) < len(layout.header) else "too-many-cells"
    tally.reject(number, None, f"{kind}: {len(cells)} instead of {len(layout.header)}")
    return True


def _reject_invalid(
    tally: Tally, number: int, error: ValidationError, said: Mapping[str, str]
) -> None:
    """Each wrong field with what is wrong about it, never with its value."""
    for wrong in error.errors(include_input=False, include_url=False):
        name = str(wrong["loc"][0]) if wrong["loc"] else None
        if name == "external_ids":
            names = [each for each in said if each.startswith(EXTERNAL_ID)]
            index = wrong["loc"][1] if len(wrong["loc"]) > 1 else 0
            name = names[int(index)] if names else name
        tally.reject(number, name, wrong["msg"])
