"""A customer as pipeline knows it, and the names that other systems have for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from shared.contracts.contacts import CustomerState, Lifecycle

Ref: TypeAlias = tuple[str, str]
"""A system, and the id that it gives to a customer."""


@dataclass(frozen=True, slots=True)
class Customer:
    """`told_at` is when the customer became what this version of it says.

    `terms_days` are what it has agreed to pay within; None where nothing was.
    """

    customer_id: UUID
    version: int
    told_at: datetime
    lifecycle: Lifecycle
    owner_id: str | None
    refs: tuple[Ref, ...]
    terms_days: int | None = None


def customer_of(state: CustomerState, version: int, told_at: datetime) -> Customer:
    return Customer(
        customer_id=state.customer_id,
        version=version,
        told_at=told_at,
        lifecycle=state.lifecycle,
        owner_id=state.owner_id,
        refs=tuple((external.system, external.id) for external in state.external_ids),
        terms_days=state.credit.terms_days if state.credit else None,
    )


def newest_of_each(customers: Iterable[Customer]) -> list[Customer]:
    """One per customer, the highest version of it."""
    newest: dict[UUID, Customer] = {}
    for customer in customers:
        known = newest.get(customer.customer_id)
        if known is None or known.version < customer.version:
            newest[customer.customer_id] = customer
    return list(newest.values())
