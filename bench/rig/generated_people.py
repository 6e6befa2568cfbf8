"""People without end, a part of them twice: copied into the tables of a contacts database.

Names and streets are as unequally frequent as real ones; each other trait is missing in a part. The
second record of a person has one to three errors of a kind that people make. Which are whose is
kept apart, in a table that no scan reads.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID

from contacts.postal_points import PostalAddress
from shared.db import Connection
from shared.ids import new_id

SHARE_OF_DUPLICATES = 0.05
_CHUNK = 20_000
_AT = datetime(2026, 1, 1, tzinfo=UTC)
_ONSETS = [*"bcdfghjklmnprstvwz", "br", "ch", "dr", "fl", "gr", "kl", "pr", "sch", "st", "tr"]
_VOWELS = [*"aeiou", "ai", "ei", "ou", "ie"]
_CODAS = ["", "", "l", "n", "r", "s", "t", "m", "ck", "nd", "rt"]
_DOMAINS = ("example.com", "example.net", "example.org", "mail.example", "post.example")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Person:
    """What a record says; empty texts are what it does not."""

    given: str
    family: str
    birthday: tuple[int, str] | None
    email: str
    phone: str
    house: str
    street: str
    locality: str
    postal_code: str


class Population:
    """The same people for the same seed."""

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.given = self._names(3_000, 3)
        self.family = self._names(60_000, 3)
        self.streets = self._names(20_000, 3)
        self.places = [(name, f"{n:05}") for n, name in enumerate(self._names(8_000, 3), 1000)]

    def _names(self, number: int, syllables: int) -> list[str]:
        names: dict[str, None] = {}
        while len(names) < number:
            length = self.random.randint(2, syllables)
            names["".join(self._syllable() for _ in range(length))] = None
        return sorted(names, key=lambda name: (len(name), name))

    def _syllable(self) -> str:
        draw = self.random.choice
        return draw(_ONSETS) + draw(_VOWELS) + draw(_CODAS)

    def _frequent(self, names: list[Any]) -> Any:
        """The first of 60,000 surnames has 1.2 %, the first hundred have 8 %, as in censuses."""
        return names[int(len(names) * self.random.random() ** 2.5)]

    def person(self) -> Person:
        draw = self.random
        given, family = self._frequent(self.given), self._frequent(self.family)
        place, code = self._frequent(self.places)
        has_address = draw.random() < 0.7  # noqa: PLR2004 -- shares are what they are
        mail = f"{given}.{family}{draw.randint(1, 9999)}@{draw.choice(_DOMAINS)}"
        return Person(
            given=given,
            family=family,
            birthday=self._birthday() if draw.random() < 0.6 else None,  # noqa: PLR2004
            email=mail if draw.random() < 0.8 else "",  # noqa: PLR2004
            phone=f"+43{draw.randint(10**8, 10**10)}" if draw.random() < 0.5 else "",  # noqa: PLR2004
            house=str(draw.randint(1, 200)) if has_address else "",
            street=f"{self._frequent(self.streets)} street" if has_address else "",
            locality=place if has_address else "",
            postal_code=code if has_address else "",
        )

    def _birthday(self) -> tuple[int, str]:
        draw = self.random
        return draw.randint(1930, 2007), f"{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"

    def again(self, person: Person) -> Person:
        """The same person as another door heard of them."""
        for _ in range(self.random.randint(1, 3)):
            person = self.random.choice(_ERRORS)(self, person)
        return person

    def misspelt(self, text: str) -> str:
        if len(text) < 3:  # noqa: PLR2004 -- nothing would be left
            return text
        at = self.random.randrange(1, len(text) - 1)
        kind = self.random.randrange(3)
        if kind == 0:
            return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        if kind == 1:
            return text[:at] + text[at + 1 :]
        return text[:at] + self.random.choice(_LETTERS) + text[at:]


_ERRORS: tuple[Callable[[Population, Person], Person], ...] = (
    lambda all_, one: replace(one, family=all_.misspelt(one.family)),
    lambda all_, one: replace(one, given=all_.misspelt(one.given)),
    lambda _, one: replace(one, given=one.family, family=one.given),
    lambda _, one: replace(one, given=one.given[:1]),
    lambda _, one: replace(one, email=""),
    lambda _, one: replace(one, phone=""),
    lambda _, one: replace(one, birthday=None),
    lambda all_, one: replace(one, street=all_.misspelt(one.street)),
    lambda _, one: replace(one, house="", street="", locality="", postal_code=""),
)


async def fill(connection: Connection, people: int) -> None:
    """Fill an empty, migrated database; the tables of keys stay empty."""
    await connection.execute("CREATE TABLE persons_twice (one uuid, other uuid)")
    records = _records(people)
    while chunk := list(islice(records, _CHUNK)):
        await _copy(connection, [(contact_id, person) for contact_id, person, _ in chunk])
        twice = [(first, contact_id) for contact_id, _, first in chunk if first]
        await connection.copy_records_to_table("persons_twice", records=twice)
    await connection.execute("ANALYZE")


def _records(number: int) -> Iterator[tuple[UUID, Person, UUID | None]]:
    """Each record, with the id of the first record of the same person where it is the second."""
    population = Population()
    earlier: list[tuple[UUID, Person]] = []
    for _ in range(number):
        contact_id = new_id()
        if earlier and population.random.random() < SHARE_OF_DUPLICATES:
            at = population.random.randrange(len(earlier))
            first, person = earlier.pop(at)
            yield contact_id, population.again(person), first
            continue
        person = population.person()
        if len(earlier) < _CHUNK:
            earlier.append((contact_id, person))
        else:
            earlier[population.random.randrange(_CHUNK)] = (contact_id, person)
        yield contact_id, person, None


async def _copy(connection: Connection, records: list[tuple[UUID, Person]]) -> None:
    await connection.copy_records_to_table(
        "people",
        columns=("contact_id", "version", "given_name", "family_name", "created_at"),
        records=[(i, 1, p.given or None, p.family or None, _AT) for i, p in records],
    )
    await connection.copy_records_to_table(
        "points",
        columns=("point_id", "contact_id", "type", "value", "normalized", "is_primary", "status"),
        records=[
            (new_id(), i, kind, value, value, True, "active")
            for i, p in records
            for kind, value in (("email", p.email), ("phone", p.phone))
            if value
        ],
    )
    await connection.copy_records_to_table(
        "key_dates",
        columns=("contact_id", "kind", "year", "month_day"),
        records=[(i, "birthday", *p.birthday) for i, p in records if p.birthday],
    )
    await connection.copy_records_to_table(
        "postal_points",
        columns=(
            "point_id",
            "contact_id",
            "lines",
            "locality",
            "postal_code",
            "normalized",
            "is_primary",
            "status",
        ),
        records=[
            (
                new_id(),
                i,
                [f"{p.house} {p.street}"],
                p.locality,
                p.postal_code,
                _whole(p),
                True,
                "active",
            )
            for i, p in records
            if p.street
        ],
    )


def _whole(person: Person) -> str:
    line = f"{person.house} {person.street}"
    return PostalAddress((line,), person.locality, person.postal_code).normalized
