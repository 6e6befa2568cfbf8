"""Subjects: what matching looks at of a customer or a person, in the form in which it is compared.

They are made of published snapshots, so that a record is compared as everybody knows it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from urllib.parse import urlsplit
from uuid import UUID

from shared.contracts.contacts import ContactState, CustomerState, PostalPoint

from contacts.matching.text import company, fold, numbers, street

EntityType: TypeAlias = Literal["customer", "contact"]
Unique: TypeAlias = tuple[str, str]
"""An identifier that one party alone has: its kind (with its system), its value."""


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address: the house apart from the street, further lines as one text."""

    house: str
    street: str
    further: str
    locality: str
    postal_code: str
    region: str


@dataclass(frozen=True, slots=True)
class PersonTraits:
    """A person; empty texts are what is not known. `birthday` is year, month, day as digits."""

    entity_id: UUID
    known_since: datetime
    given: str = ""
    family: str = ""
    birthday: str = ""
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    addresses: tuple[Address, ...] = ()
    customer_ids: frozenset[UUID] = frozenset()
    unique: frozenset[Unique] = frozenset()


@dataclass(frozen=True, slots=True)
class CustomerTraits:
    """A customer; `name` is without the legal form where it is an organization."""

    entity_id: UUID
    known_since: datetime
    kind: Literal["organization", "individual"]
    name: str
    legal_form: str = ""
    region: str = ""
    domain: str = ""
    unique: frozenset[Unique] = frozenset()


Traits: TypeAlias = PersonTraits | CustomerTraits


def entity_type_of(traits: Traits) -> EntityType:
    return "contact" if isinstance(traits, PersonTraits) else "customer"


def person_traits(state: ContactState, unique: Iterable[Unique] = ()) -> PersonTraits:
    """`unique` are identifiers that this person alone has, as others vouch for them."""
    points = [point for point in state.points if point.status == "active"]
    birthday = next((each for each in state.key_dates if each.kind == "birthday"), None)
    return PersonTraits(
        entity_id=state.contact_id,
        known_since=state.created_at,
        given=fold(state.given_name or ""),
        family=fold(state.family_name or ""),
        birthday=f"{birthday.year:04}{birthday.month_day.replace('-', '')}"
        if birthday and birthday.year
        else "",
        emails=frozenset(each.normalized for each in points if each.type == "email"),
        phones=frozenset(each.normalized for each in points if each.type != "email"),
        addresses=tuple(_address(each) for each in state.postal_points if each.status == "active"),
        customer_ids=frozenset(each.customer_id for each in state.memberships if not each.until),
        unique=frozenset(unique),
    )


def _address(point: PostalPoint) -> Address:
    first, *further = (street(line) for line in point.lines) if point.lines else ("",)
    house = " ".join(numbers(first))
    return Address(
        house=house,
        street=" ".join(word for word in first.split() if word not in house.split()),
        further=" ".join(further),
        locality=fold(point.locality or ""),
        postal_code=fold(point.postal_code or "").replace(" ", ""),
        region=fold(point.region or ""),
    )


def customer_traits(state: CustomerState) -> CustomerTraits:
    if state.kind == "organization":
        name, legal_form = company(state.legal_name or state.display_name)
    else:
        name, legal_form = fold(state.display_name), ""
    unique = {(f"external_id:{each.system}", each.id) for each in state.external_ids}
    if state.tax_id:
        unique.add(("tax_id", fold(state.tax_id).replace(" ", "")))
    return CustomerTraits(
        entity_id=state.customer_id,
        known_since=state.created_at,
        kind=state.kind,
        name=name,
        legal_form=legal_form,
        region=fold(state.region or ""),
        domain=_domain(state.website or ""),
        unique=frozenset(unique),
    )


def _domain(website: str) -> str:
    """`https://www.acme.at/shop` → `acme.at`; nothing where it is no address."""
    text = website.strip().casefold()
    if not text:
        return ""
    host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    return host.removeprefix("www.") if "." in host else ""
