"""The people a campaign may address, and the facts that segments ask about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from shared.contact_points import subject_hash
from shared.contracts.contacts import ContactPoint, ContactState

from campaigns.rules import Value


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """A customer of a person, with the figures of its orders that were not cancelled."""

    customer_id: UUID
    kind: str | None
    lifecycle: str | None
    region: str | None
    industry: str | None
    tags: tuple[str, ...]
    order_count: int
    revenue: Mapping[str, Decimal]
    grade: str | None = None


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """What is known of one person; `consents` are those granted now, as `channel.purpose`."""

    contact_id: UUID
    language: str | None
    customers: tuple[CustomerFacts, ...]
    consents: frozenset[str]
    is_merged: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """A row of the local copy of people: whom to greet, on which days, and where to write to."""

    contact_id: UUID
    given_name: str | None
    family_name: str | None
    salutation: str | None
    language: str | None
    email: str | None
    subject_hash: str | None
    is_merged: bool = False
    key_dates: Mapping[str, str] = field(default_factory=dict[str, str])


def facts_about(
    person: PersonFacts, customer: CustomerFacts | None, asked: frozenset[str]
) -> dict[str, Value]:
    """The values of the facts asked for, seen from one customer of the person.

    What was never earned, ordered or granted is zero or false; other unknown facts are absent.
    """
    known = {name: _fact(person, customer, name) for name in asked}
    return {name: value for name, value in known.items() if value is not None}


def _fact(person: PersonFacts, customer: CustomerFacts | None, name: str) -> Value | None:
    kind, _, rest = name.partition(".")
    if kind == "has_consent":
        return rest in person.consents
    if name == "contact.language":
        return person.language
    return _fact_of_customer(customer, rest) if customer else None


def _fact_of_customer(customer: CustomerFacts, name: str) -> Value | None:
    if name.startswith("revenue."):
        return customer.revenue.get(name.removeprefix("revenue."), Decimal(0))
    if name == "order_count":
        return Decimal(customer.order_count)
    if name == "tags":
        return frozenset(customer.tags)
    return _attribute(customer, name)


def _attribute(customer: CustomerFacts, name: str) -> str | None:
    return {
        "kind": customer.kind,
        "lifecycle": customer.lifecycle,
        "region": customer.region,
        "industry": customer.industry,
        "grade": customer.grade,
    }.get(name)


def person_of(state: ContactState, hash_key: str) -> Person:
    """The person in a snapshot; the primary valid e-mail address is where mail goes.

    A record that is not in use is not written to: whoever was merged has their address as the
    other, and gets each mail once; whoever was put away gets none.
    """
    point = email_of(state.points) if state.record_status == "active" else None
    email = point.normalized if point else None
    return Person(
        contact_id=state.contact_id,
        given_name=state.given_name,
        family_name=state.family_name,
        salutation=state.salutation,
        language=state.language,
        email=email,
        subject_hash=subject_hash(hash_key, "email", email) if email else None,
        is_merged=state.record_status == "merged",
        key_dates={date.kind: date.month_day for date in state.key_dates},
    )


def email_of(points: tuple[ContactPoint, ...]) -> ContactPoint | None:
    """The address that is written to: active, the primary one first, else the first given."""
    valid = [point for point in points if point.type == "email" and point.status == "active"]
    return min(valid, key=lambda point: not point.is_primary, default=None)
