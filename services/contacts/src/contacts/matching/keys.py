"""Blocking keys: records are compared only where they share one, so never all with all.

Each pass needs two traits to agree (or one that hardly two people share), so that blocks stay small
in a base of millions; together the passes survive an error, a blank or a swap in any trait. A key
is a hash: nothing can be read from it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Protocol, TypeVar, assert_never
from uuid import UUID

from contacts.changes import Ahead
from contacts.matching.subjects import CustomerTraits, PersonTraits, Traits
from contacts.matching.text import has_digit, signature
from contacts.records import Recorded, is_present

KEYS_VERSION = 1
"""Raise it with any change of these rules or of what they rest on: the next scan makes all anew."""


_REMEMBERED = 1 << 12
"""Records whose keys are at hand: what was just saved is looked for among the others next."""

StateT_co = TypeVar("StateT_co", bound=Recorded, covariant=True)
StateT = TypeVar("StateT", bound=Recorded)


class Versioned(Protocol[StateT_co]):
    """An aggregate, of which matching looks at the snapshot."""

    @property
    def state(self) -> StateT_co: ...


class Changed(Protocol[StateT_co]):
    """An aggregate before and after."""

    @property
    def before(self) -> Versioned[StateT_co] | None: ...
    @property
    def after(self) -> Versioned[StateT_co]: ...
    @property
    def ahead(self) -> Ahead | None: ...


@dataclass(frozen=True, slots=True)
class KeyChanges:
    """Which keys records got and lost, as (key, record); those of new records apart.

    `new` are these records: whoever made them looks for their duplicates next.
    """

    new: list[Traits] = field(default_factory=list[Traits])
    first: list[tuple[int, UUID]] = field(default_factory=list[tuple[int, UUID]])
    added: list[tuple[int, UUID]] = field(default_factory=list[tuple[int, UUID]])
    gone: list[tuple[int, UUID]] = field(default_factory=list[tuple[int, UUID]])


def keys_of_changes(
    changes: Iterable[Changed[StateT]], traits_of: Callable[[StateT], Traits]
) -> KeyChanges:
    """What these changes do to the keys: nothing where no trait changed."""
    result = KeyChanges()
    for change in changes:
        if (ahead := change.ahead) is not None:
            result.new.append(ahead.traits)
            result.first.extend([(key, ahead.traits.entity_id) for key in ahead.keys])
            continue
        after = traits_of(change.after.state)
        entity_id = after.entity_id
        new = keys_of(after) if is_present(change.after.state) else frozenset[int]()
        if change.before is None:
            result.new.append(after)
            result.first.extend([(key, entity_id) for key in new])
            continue
        old = _keys_before(change.before, traits_of)
        result.added.extend((key, entity_id) for key in new - old)
        result.gone.extend((key, entity_id) for key in old - new)
    return result


def _keys_before(
    before: Versioned[StateT], traits_of: Callable[[StateT], Traits]
) -> frozenset[int]:
    """Nobody is taken for a record that is gone."""
    return keys_of(traits_of(before.state)) if is_present(before.state) else frozenset()


@lru_cache(_REMEMBERED)
def keys_of(traits: Traits) -> frozenset[int]:
    """The keys of a record as PostgreSQL keeps them: signed, 64 bits."""
    match traits:
        case PersonTraits():
            return frozenset(_hash("contact", *parts) for parts in _of_person(traits))
        case CustomerTraits():
            return frozenset(_hash("customer", *parts) for parts in _of_customer(traits))
        case _:
            assert_never(traits)


def _of_person(person: PersonTraits) -> Iterator[tuple[str, ...]]:
    yield from (("email", each) for each in person.emails)
    yield from (("phone", each) for each in person.phones)
    names = [signature(name) for name in (person.given, person.family) if name]
    if len(names) > 1:
        yield ("names", *sorted(names))
    if person.birthday:
        yield from (("name-birthday", name, person.birthday) for name in names)
    for address in person.addresses:
        road = signature(address.street)
        if road:
            yield from (("name-street", name, road) for name in names)
        if road and person.birthday:
            yield ("street-birthday", road, person.birthday)
        if road and address.house and address.postal_code:
            yield ("house", address.house, road, address.postal_code)


def _of_customer(customer: CustomerTraits) -> Iterator[tuple[str, ...]]:
    """Words with digits stand in a company's key as they are: branch 12 is not branch 13."""
    yield from (("unique", *each) for each in customer.unique)
    if customer.domain:
        yield ("domain", customer.domain)
    words = sorted(word if has_digit(word) else signature(word) for word in customer.name.split())
    yield ("name", "".join(words))


def _hash(*parts: str) -> int:
    digest = blake2b("\x1f".join(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
