"""The FEBRL data set as people who are created, and, apart from it, who is whose duplicate."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import combinations
from pathlib import Path
from uuid import UUID

from contacts.people.domain import CreatePerson
from contacts.postal_points import NewPostalPoint, PostalAddress
from shared.contracts.contacts import KeyDate
from shared.ids import new_id

FILE = Path(__file__).parent.parent / "data" / "febrl1.csv"
Pair = frozenset[UUID]


def _rows() -> Iterator[dict[str, str]]:
    with FILE.open(newline="") as file:
        yield from csv.DictReader(file, skipinitialspace=True)


def creations(at: datetime) -> list[CreatePerson]:
    """The people in the order of the file: names, postal address, date of birth, and no more."""
    return [_creation(row, at) for row in _rows()]


def _creation(row: dict[str, str], at: datetime) -> CreatePerson:
    names = {"given_name": row["given_name"] or None, "family_name": row["surname"] or None}
    first = f"{row['street_number']} {row['address_1']}".strip()
    address = PostalAddress(
        lines=tuple(line for line in (first, row["address_2"]) if line),
        locality=row["suburb"] or None,
        postal_code=row["postcode"] or None,
        region=row["state"] or None,
        country="AU",
    )
    return CreatePerson(
        new_id(),
        names,
        at,
        postal_points=(NewPostalPoint(address, "0" * 64),),
        key_dates=_birthday(row["date_of_birth"]),
    )


def _birthday(digits: str) -> tuple[KeyDate, ...]:
    if not digits:
        return ()
    date = KeyDate(kind="birthday", month_day=f"{digits[4:6]}-{digits[6:]}", year=int(digits[:4]))
    return (date,)


def truth(contact_ids: Sequence[UUID]) -> set[Pair]:
    """The pairs that are one person; `contact_ids` are of the file's rows, in their order."""
    by_person: dict[str, list[UUID]] = defaultdict(list)
    for row, contact_id in zip(_rows(), contact_ids, strict=True):
        by_person[row["rec_id"].split("-")[1]].append(contact_id)
    return pairs_of(by_person.values())


def pairs_of(groups: Iterable[Sequence[UUID]]) -> set[Pair]:
    """Each with each of its group."""
    return {frozenset(pair) for group in groups for pair in combinations(group, 2)}
