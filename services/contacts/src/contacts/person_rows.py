"""What a row says of a person: its cells by the mapping, checked as the API checks a body."""

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast, get_args

from pydantic import BaseModel, ValidationError
from shared.contact_points import EmailInvalidError, normalize_email
from shared.contracts.contacts import Channel, KeyDateKind, PointType, Purpose
from shared.http.requests import Code, Text

from contacts.countries import country_code
from contacts.file_layout import (
    CUSTOMER_EXTERNAL_ID,
    EXTERNAL_ID,
    OPTED_OUT,
    UNREADABLE,
    Layout,
    Tally,
    numbered,
)
from contacts.file_rows import is_misshapen, reject_invalid
from contacts.inputs import NamedKeyDateIn, PersonIn, PointIn, PostalIn

POINT_TYPES: tuple[PointType, ...] = get_args(PointType)
_MOST_POINTS = 5
_MOST_ADDRESSES = 3
_KEY_DATES: tuple[KeyDateKind, ...] = ("birthday", "anniversary")
_POSTAL = ("street", "locality", "postal_code", "postal_region", "country")
_DAY = re.compile(r"(\d{4}|-)-?(\d{2})-?(\d{2})(?:T.*)?")

PERSON_FIELDS = frozenset({
    *PersonIn.model_fields,
    *(numbered(kind, n) for kind in POINT_TYPES for n in range(1, _MOST_POINTS + 1)),
    *(numbered(part, n) for part in _POSTAL for n in range(1, _MOST_ADDRESSES + 1)),
    *_KEY_DATES,
    "role",
    "customer_name",
    *(OPTED_OUT + channel for channel in get_args(Channel)),
    *(f"{OPTED_OUT}{on}:{what}" for on in get_args(Channel) for what in get_args(Purpose)),
})  # fmt: skip
_YES = frozenset({"true", "yes", "y", "1", "x", "ja", "oui", "sí", "si"})
_NO = frozenset({"false", "no", "n", "0", "nein", "non"})


class CellInvalidError(ValueError):
    """A cell cannot be taken; `name` is its field, `reason` says why without its value."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason


@dataclass(frozen=True, slots=True)
class OptOut:
    """What the person does not want: mail of one purpose, or anything on the channel."""

    channel: Channel
    purpose: Purpose | None


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A row that is a person; `keys` are what it may be only once in a file.

    `external_ids` are the person's names in other systems, `customer` the customer's in one.
    """

    number: int
    said: PersonIn
    points: tuple[tuple[str, PointIn], ...]
    postal_points: tuple[PostalIn, ...]
    key_dates: tuple[NamedKeyDateIn, ...]
    external_ids: tuple[tuple[str, str], ...]
    email: str | None
    customer: tuple[str, str] | None
    customer_name: str | None
    role: str | None
    opt_outs: tuple[OptOut, ...]
    keys: tuple[str, ...]


class _Rest(BaseModel):
    role: Text | None = None
    customer_name: Text | None = None


class _Named(BaseModel):
    system: Code
    id: Text


def read_people(
    layout: Layout, rows: Sequence[tuple[int, list[str]]], tally: Tally
) -> list[PersonRow]:
    """The good rows; the bad ones go into the tally."""
    good: list[PersonRow] = []
    for number, cells in rows:
        if is_misshapen(layout, number, cells, tally):
            continue
        said = layout.said_by(cells)
        if UNREADABLE in said:
            tally.reject(number, None, said[UNREADABLE])
            continue
        try:
            good.append(_person_row(number, said))
        except ValidationError as error:
            reject_invalid(tally, number, error, said)
        except CellInvalidError as wrong:
            tally.reject(number, wrong.name, wrong.reason)
    return good


def _person_row(number: int, said: Mapping[str, str]) -> PersonRow:
    person = {name: said[name] for name in PersonIn.model_fields if name in said}
    rest = _Rest.model_validate(said)
    email = _email(said)
    named = tuple(_external_ids(said, EXTERNAL_ID))
    return PersonRow(
        number=number,
        said=PersonIn.model_validate(person),
        points=tuple(_points(said)),
        postal_points=tuple(_addresses(said)),
        key_dates=tuple(_key_dates(said)),
        external_ids=named,
        email=email,
        customer=next(_external_ids(said, CUSTOMER_EXTERNAL_ID), None),
        customer_name=rest.customer_name,
        role=rest.role,
        opt_outs=tuple(_opt_outs(said)),
        keys=(*(f"{system}:{name}" for system, name in named), *((email,) if email else ())),
    )


def _email(said: Mapping[str, str]) -> str | None:
    try:
        return normalize_email(said["email"]) if "email" in said else None
    except EmailInvalidError as error:
        raise CellInvalidError("email", error.code()) from error


@contextmanager
def _in_cell(name: str) -> Generator[None]:
    """Name the cell, not the part of what is made of it, in which something is wrong."""
    try:
        yield
    except ValidationError as error:
        raise CellInvalidError(name, error.errors(include_input=False)[0]["msg"]) from error


def _external_ids(said: Mapping[str, str], prefix: str) -> Iterator[tuple[str, str]]:
    for name, text in said.items():
        if name.startswith(prefix):
            with _in_cell(name):
                named = _Named(system=name.removeprefix(prefix), id=text)
            yield named.system, named.id


def _points(said: Mapping[str, str]) -> Iterator[tuple[str, PointIn]]:
    """Each with its field; the first e-mail address is the primary one."""
    for kind in POINT_TYPES:
        for n in range(1, _MOST_POINTS + 1):
            name = numbered(kind, n)
            if value := said.get(name):
                with _in_cell(name):
                    is_primary = kind == "email" and n == 1
                    point = PointIn(type=kind, value=value, is_primary=is_primary)
                yield name, point


def _addresses(said: Mapping[str, str]) -> Iterator[PostalIn]:
    """A country whose code nobody knows is a line of the address; one alone is no address."""
    for n in range(1, _MOST_ADDRESSES + 1):
        told = {part: said.get(numbered(part, n)) for part in _POSTAL}
        if not (told["street"] or told["locality"] or told["postal_code"]):
            continue
        country = told["country"] or ""
        code = country_code(country)
        written = [*(told["street"] or "").splitlines(), "" if code else country]
        with _in_cell(numbered("street", n)):
            address = PostalIn(
                lines=tuple(line for line in written if line.strip()),
                locality=told["locality"],
                postal_code=told["postal_code"],
                region=told["postal_region"],
                country=code,
            )
        yield address


def _key_dates(said: Mapping[str, str]) -> Iterator[NamedKeyDateIn]:
    for kind in _KEY_DATES:
        if text := said.get(kind):
            day = _DAY.fullmatch(text)
            if day is None:
                raise CellInvalidError(kind, "date-unreadable")
            year, month, day_of_month = day.groups()
            with _in_cell(kind):
                date = NamedKeyDateIn(
                    kind=kind,
                    month_day=f"{month}-{day_of_month}",
                    year=int(year) if year.isdecimal() else None,
                )
            yield date


def _opt_outs(said: Mapping[str, str]) -> Iterator[OptOut]:
    """Of a cell that is neither a yes nor a no nobody knows what it wants: the row is rejected."""
    for name, text in said.items():
        if not name.startswith(OPTED_OUT):
            continue
        answers = {each.strip().casefold() for each in text.split(";")}
        if answers - _YES - _NO:
            raise CellInvalidError(name, "neither-yes-nor-no")
        if answers & _YES:
            channel, _, purpose = name.removeprefix(OPTED_OUT).partition(":")
            yield OptOut(cast("Channel", channel), cast("Purpose", purpose) if purpose else None)
