"""What an export says of customers and people: as cells of a table, and as a line of JSON.

The columns are the fields of an import, so that the file can be imported again; those that an
import does not know say what else the lists show.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias
from uuid import UUID

from shared.contracts.contacts import (
    Acquisition,
    ContactState,
    CustomerState,
    KeyDate,
    PointType,
    PostalPoint,
)

from contacts.changes import Aggregate
from contacts.file_layout import ACQUISITION, CUSTOMER_EXTERNAL_ID, EXTERNAL_ID
from contacts.ranks import key_date, posted_to, ranked_parts, reached_at

CustomerFormat: TypeAlias = Literal["csv", "jsonl"]
ContactFormat: TypeAlias = Literal["csv", "jsonl", "vcard"]
Customers: TypeAlias = Mapping[UUID, CustomerState]

_CUSTOMER_COLUMNS = (
    "customer_id",
    "kind",
    "display_name",
    "legal_name",
    "tax_id",
    "lifecycle",
    "lifecycle_since",
    "owner_id",
    "queue",
    "source",
    "territory_code",
    "region",
    "industry",
    "size_band",
    "language",
    "currency",
    "timezone",
    "website",
    "registration_no",
    "annual_revenue",
    "team_id",
    "created_at",
    "record_status",
)
_ACQUISITION = tuple(Acquisition.model_fields)
_PERSON_COLUMNS = (
    "contact_id",
    "given_name",
    "family_name",
    "salutation",
    "job_title",
    "department",
    "language",
    "timezone",
    "created_at",
    "record_status",
)
_POINT_COLUMNS: tuple[PointType, ...] = ("email", "phone", "mobile")
_POSTAL_COLUMNS = ("street", "locality", "postal_code", "postal_region", "country")


def customer_columns(systems: Sequence[str]) -> list[str]:
    """The header of a file of customers; `systems` are those that name any."""
    return [
        *_CUSTOMER_COLUMNS,
        "tags",
        "domains",
        *(ACQUISITION + name for name in _ACQUISITION),
        "custom",
        *(EXTERNAL_ID + system for system in systems),
    ]


def customer_cells(state: CustomerState, systems: Sequence[str]) -> list[str]:
    """A customer's row under those columns."""
    return [
        *_texts(state, _CUSTOMER_COLUMNS),
        ";".join(state.tags),
        ";".join(state.domains),
        *_parts(state.acquisition),
        "" if state.custom is None else json.dumps(state.custom, ensure_ascii=False),
        *_external_ids(state, systems),
    ]


def contact_columns(systems: Sequence[str]) -> list[str]:
    """The header of a file of people; `systems` are those that name any customer."""
    return [
        *_PERSON_COLUMNS,
        *_POINT_COLUMNS,
        *_POSTAL_COLUMNS,
        "birthday",
        "customer_name",
        "role",
        *(CUSTOMER_EXTERNAL_ID + system for system in systems),
    ]


def contact_cells(state: ContactState, customers: Customers, systems: Sequence[str]) -> list[str]:
    """A person's row: of each kind of address, and of their customers, the first in rank."""
    points = [next(iter(reached_at(state, kind)), None) for kind in _POINT_COLUMNS]
    part = next(iter(ranked_parts(state)), None)
    customer = customers.get(part.customer_id) if part else None
    return [
        *_texts(state, _PERSON_COLUMNS),
        *(point.normalized if point else "" for point in points),
        *_address(next(iter(posted_to(state)), None)),
        iso_date(key_date(state, "birthday")),
        customer.display_name if customer else "",
        (part.role or "") if part else "",
        *(_external_ids(customer, systems) if customer else [""] * len(systems)),
    ]


def json_line(record: Aggregate) -> str:
    """The record as the API answers it, in one line."""
    said = {**record.state.model_dump(mode="json"), "version": record.version}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")) + "\n"


def iso_date(date: KeyDate | None) -> str:
    """`1815-12-10`; without a year as ISO 8601 used to write it, `--12-10`."""
    if date is None:
        return ""
    return f"{date.year:04}-{date.month_day}" if date.year else f"--{date.month_day}"


def _texts(state: CustomerState | ContactState, names: Sequence[str]) -> list[str]:
    said = state.model_dump(mode="json", include=set(names))
    return ["" if said[name] is None else str(said[name]) for name in names]


def _parts(acquisition: Acquisition | None) -> list[str]:
    if acquisition is None:
        return [""] * len(_ACQUISITION)
    said = acquisition.model_dump(mode="json")
    return ["" if said[name] is None else str(said[name]) for name in _ACQUISITION]


def _external_ids(state: CustomerState, systems: Sequence[str]) -> list[str]:
    named: dict[str, str] = {}
    for each in state.external_ids:
        named.setdefault(each.system, each.id)
    return [named.get(system, "") for system in systems]


def _address(point: PostalPoint | None) -> list[str]:
    if point is None:
        return [""] * len(_POSTAL_COLUMNS)
    place = (point.locality, point.postal_code, point.region, point.country)
    return ["\n".join(point.lines), *(part or "" for part in place)]
