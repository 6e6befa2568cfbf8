"""Comparing: which traits of two records agree, and how far; what that is worth is the policy's."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

from contacts.matching import levels
from contacts.matching.levels import Level
from contacts.matching.subjects import Address, CustomerTraits, PersonTraits, Traits

Agreement: TypeAlias = Mapping[str, Level]
"""Levels by the name of the trait; what one of the two does not say is absent."""


@dataclass(frozen=True, slots=True)
class Views:
    """The ways to hold two records against each other; the one that says most counts.

    `names` has a second view where given and family name are swapped; `addresses` has one for each
    pair of addresses. What only one of the two has is in none of them.
    """

    traits: Agreement
    names: tuple[Agreement, ...] = ()
    addresses: tuple[Agreement, ...] = ()


def compare(one: Traits, other: Traits) -> Views:
    """Hold two records of one entity type against each other."""
    if isinstance(one, PersonTraits) and isinstance(other, PersonTraits):
        return _people(one, other)
    assert isinstance(one, CustomerTraits)
    assert isinstance(other, CustomerTraits)
    return Views(_known(_customers(one, other)))


def disagreeing(one: Traits, other: Traits) -> list[str]:
    """The kinds of unique identifiers that both have and none of whose values they share."""
    first, second = _by_kind(one), _by_kind(other)
    return sorted(
        kind for kind in first.keys() & second.keys() if first[kind].isdisjoint(second[kind])
    )


def agreeing(one: Traits, other: Traits) -> list[str]:
    """The kinds of unique identifiers of which they share a value."""
    return sorted({kind for kind, _ in one.unique & other.unique})


def _by_kind(traits: Traits) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for kind, value in traits.unique:
        found.setdefault(kind, set()).add(value)
    return found


def _people(one: PersonTraits, other: PersonTraits) -> Views:
    traits: dict[str, Level | None] = {
        "birthday": levels.of_dates(one.birthday, other.birthday),
        "email": levels.of_sets(one.emails, other.emails),
        "phone": levels.of_sets(one.phones, other.phones),
        "customer": "same" if one.customer_ids & other.customer_ids else None,
    }
    pairs = product(one.addresses, other.addresses)
    return Views(
        _known(traits.items()), tuple(_names(one, other)), tuple(_address(*pair) for pair in pairs)
    )


def _names(one: PersonTraits, other: PersonTraits) -> Iterator[Agreement]:
    given = levels.of_words(one.given, other.given)
    family = levels.of_words(one.family, other.family)
    yield _known([("given_name", given), ("family_name", family)])
    if "differs" in (given, family) or None in (given, family):
        crossed = levels.of_words(one.given, other.family), levels.of_words(one.family, other.given)
        yield _known([("swapped_names", levels.worse(*crossed))])


def _address(one: Address, other: Address) -> Agreement:
    return _known(
        [
            ("house", levels.of_codes(one.house, other.house)),
            ("street", levels.of_words(one.street, other.street)),
            ("further", levels.of_words(one.further, other.further)),
            ("locality", levels.of_words(one.locality, other.locality)),
            ("postal_code", levels.of_codes(one.postal_code, other.postal_code)),
            ("region", levels.of_marks(one.region, other.region)),
        ]
    )


def _customers(one: CustomerTraits, other: CustomerTraits) -> Iterator[tuple[str, Level | None]]:
    if "organization" in (one.kind, other.kind):
        yield "company", levels.of_companies(one.name, other.name)
    else:
        yield "full_name", levels.of_companies(one.name, other.name)
    yield "kind", "same" if one.kind == other.kind else "differs"
    yield "legal_form", levels.of_marks(one.legal_form, other.legal_form)
    yield "region", levels.of_marks(one.region, other.region)
    yield "domain", levels.of_marks(one.domain, other.domain)


def _known(items: Iterable[tuple[str, Level | None]]) -> Agreement:
    return {name: level for name, level in items if level is not None}
