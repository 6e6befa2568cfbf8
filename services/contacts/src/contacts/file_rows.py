"""What a row says of a customer: its cells by the mapping, checked as the API checks a body."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from contacts.file_layout import ACQUISITION, EXTERNAL_ID, Layout, Tally
from contacts.inputs import AcquisitionIn, CustomerIn

_LISTS = ("tags", "domains")
CUSTOMER_FIELDS = frozenset(
    (
        *(set(CustomerIn.model_fields) - {"external_ids", "acquisition"}),
        *(ACQUISITION + name for name in AcquisitionIn.model_fields),
    )
)


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A row that is a customer; `names` are the customer's in other systems, each with its system.

    `keys` are what it may be only once in a file.
    """

    number: int
    said: CustomerIn
    names: tuple[tuple[str, str], ...]
    keys: tuple[str, ...]


def read_customers(
    layout: Layout, rows: Sequence[tuple[int, list[str]]], tally: Tally
) -> list[CustomerRow]:
    """The good rows; the bad ones go into the tally."""
    good: list[CustomerRow] = []
    for number, cells in rows:
        if is_misshapen(layout, number, cells, tally):
            continue
        said = layout.said_by(cells)
        try:
            good.append(_customer_row(number, said))
        except ValidationError as error:
            reject_invalid(tally, number, error, said)
    return good


def _customer_row(number: int, said: Mapping[str, str]) -> CustomerRow:
    body: dict[str, Any] = {}
    named: list[dict[str, str]] = []
    acquisition: dict[str, str] = {}
    for name, text in said.items():
        if name.startswith(EXTERNAL_ID):
            named.append({"system": name.removeprefix(EXTERNAL_ID), "id": text})
        elif name in _LISTS:
            body[name] = tuple(each.strip() for each in text.split(";") if each.strip())
        elif name.startswith(ACQUISITION):
            acquisition[name.removeprefix(ACQUISITION)] = text
        elif name == "custom":
            body[name] = _object(text)
        else:
            body[name] = text
    if named:
        body["external_ids"] = named
    if acquisition:
        body["acquisition"] = acquisition
    customer = CustomerIn.model_validate(body)
    names = tuple([(each.system, each.id) for each in customer.external_ids])
    keys = tuple([f"{system}:{name}" for system, name in names])
    return CustomerRow(number, customer, names, keys)


def is_misshapen(layout: Layout, number: int, cells: Sequence[str], tally: Tally) -> bool:
    if len(cells) == len(layout.header):
        if "\x00" not in "".join(cells):
            return False
        tally.reject(number, None, "nul-character")
        return True
    kind = "too-few-cells" if len(cells) < len(layout.header) else "too-many-cells"
    tally.reject(number, None, f"{kind}: {len(cells)} instead of {len(layout.header)}")
    return True


def reject_invalid(
    tally: Tally, number: int, error: ValidationError, said: Mapping[str, str]
) -> None:
    """Each wrong field with what is wrong about it, never with its value."""
    for wrong in error.errors(include_input=False, include_url=False):
        name = str(wrong["loc"][0]) if wrong["loc"] else None
        if name == "external_ids":
            names = [each for each in said if each.startswith(EXTERNAL_ID)]
            index = wrong["loc"][1] if len(wrong["loc"]) > 1 else 0
            name = names[int(index)] if names else name
        elif name == "acquisition":
            name = "_".join(map(str, wrong["loc"][:2]))
        tally.reject(number, name, wrong["msg"])


def _object(text: str) -> object:
    """A cell of JSON; a text where it is none, which no check lets pass."""
    try:
        return json.loads(text)
    except ValueError:
        return text
