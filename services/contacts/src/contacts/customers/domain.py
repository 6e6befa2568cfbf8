"""Customers: the parties we do business with, and the one table of how their lifecycle moves."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias, assert_never
from uuid import UUID

from shared.contracts.contacts import (
    CustomerCreated,
    CustomerLifecycleChanged,
    CustomerOwnerChanged,
    CustomerState,
    CustomerUpdated,
    ExternalId,
    Lifecycle,
)
from shared.errors import ConflictError, InvalidError, NotFoundError

from contacts import changes

Trigger: TypeAlias = Literal[
    "by-hand", "deal-won", "order-confirmed", "deal-reopened", "new-interest"
]

LIFECYCLE: Mapping[tuple[Lifecycle, Lifecycle], frozenset[Trigger]] = {
    ("prospect", "customer"): frozenset({"by-hand", "deal-won", "order-confirmed"}),
    ("prospect", "disqualified"): frozenset({"by-hand"}),
    ("disqualified", "prospect"): frozenset({"by-hand", "new-interest"}),
    ("customer", "dormant"): frozenset({"by-hand"}),
    ("dormant", "customer"): frozenset({"by-hand", "deal-won", "order-confirmed"}),
    ("dormant", "churned"): frozenset({"by-hand"}),
    ("customer", "churned"): frozenset({"by-hand"}),
    ("churned", "customer"): frozenset({"by-hand", "deal-won"}),
    ("customer", "offboarded"): frozenset({"by-hand"}),
    ("dormant", "offboarded"): frozenset({"by-hand"}),
    ("offboarded", "prospect"): frozenset({"by-hand"}),
    ("customer", "prospect"): frozenset({"deal-reopened"}),
}
"""Every move there is and what may cause it. The last one takes a won deal back."""


class CustomerNotFoundError(NotFoundError):
    """There is no such customer."""


class CustomerIdIsTakenError(ConflictError):
    """This id (or Idempotency-Key) belongs to a customer with other content."""


class ExternalIdIsTakenError(ConflictError):
    """Another customer has this external id."""


class ExternalIdsOfSeveralError(ConflictError):
    """These external ids belong to several customers."""


class LifecycleMoveError(ConflictError):
    """The lifecycle does not allow this move."""


class ApprovalMissingError(InvalidError):
    """Offboarding and its reversal need the approval of a second person."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer as it is published, and its version."""

    state: CustomerState
    version: int


@dataclass(frozen=True, slots=True)
class CreateCustomer:
    """`profile` holds fields of `CustomerState`, checked at the door."""

    customer_id: UUID
    profile: Mapping[str, Any]
    at: datetime
    import_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class UpdateCustomer:
    """External ids in `profile` are added to those that are there."""

    profile: Mapping[str, Any]
    import_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ChangeOwner:
    owner_id: str
    reason_code: str


@dataclass(frozen=True, slots=True)
class MoveLifecycle:
    """A person moves the customer; `approved_by` is a second person's name."""

    to: Lifecycle
    reason_code: str
    at: datetime
    decided_by: str
    approved_by: str | None = None


@dataclass(frozen=True, slots=True)
class FollowFact:
    """A fact elsewhere moves the customer, where the table has such a move; else nothing."""

    trigger: Trigger
    to: Lifecycle
    at: datetime
    cause_type: str
    cause_id: UUID


Command: TypeAlias = CreateCustomer | UpdateCustomer | ChangeOwner | MoveLifecycle | FollowFact
CustomerEvent: TypeAlias = (
    CustomerState
    | CustomerCreated
    | CustomerUpdated
    | CustomerLifecycleChanged
    | CustomerOwnerChanged
)
CustomerChange: TypeAlias = changes.Change[Customer]


def carry_out(before: Customer | None, *commands: Command) -> CustomerChange:
    """What these commands, one after the other, make of a customer."""
    return changes.carry_out(before, commands, decide, evolve)


def decide(customer: Customer | None, command: Command) -> Sequence[CustomerEvent]:
    """The facts that follow from a command; none for a repeat. Raises the refusals above."""
    if isinstance(command, CreateCustomer):
        return _create(customer, command)
    if customer is None:
        raise CustomerNotFoundError
    match command:
        case UpdateCustomer():
            return _update(customer.state, command)
        case ChangeOwner():
            return _change_owner(customer.state, command)
        case MoveLifecycle():
            return _move(customer.state, command)
        case FollowFact():
            return _follow(customer.state, command)
        case _:
            assert_never(command)


def evolve(customer: Customer | None, event: CustomerEvent) -> Customer:
    """A snapshot brings the values; each fact raises the version."""
    if isinstance(event, CustomerState):
        return Customer(event, customer.version if customer else 0)
    assert customer is not None
    state = customer.state
    match event:
        case CustomerLifecycleChanged():
            moved = {"lifecycle": event.to_lifecycle, "lifecycle_since": event.since}
            state = state.model_copy(update=moved)
        case CustomerOwnerChanged():
            state = state.model_copy(update={"owner_id": event.to_owner_id})
        case CustomerCreated() | CustomerUpdated():
            pass  # the snapshot before it brought the values
        case _:
            assert_never(event)
    return Customer(state, customer.version + 1)


def _create(customer: Customer | None, command: CreateCustomer) -> Sequence[CustomerEvent]:
    if customer is not None:
        if customer.version == 1 and _differing(customer.state, command.profile):
            raise CustomerIdIsTakenError(customer_id=command.customer_id)
        return []
    state = CustomerState(
        customer_id=command.customer_id,
        lifecycle="prospect",
        lifecycle_since=command.at,
        created_at=command.at,
        **command.profile,
    )
    return [state, _created(state, command.import_id)]


def _created(state: CustomerState, import_id: UUID | None) -> CustomerCreated:
    return CustomerCreated(
        customer_id=state.customer_id,
        kind=state.kind,
        lifecycle=state.lifecycle,
        source=state.source,
        owner_id=state.owner_id,
        territory_code=state.territory_code,
        region=state.region,
        industry=state.industry,
        size_band=state.size_band,
        external_ids=state.external_ids,
        import_id=import_id,
    )


def _update(state: CustomerState, command: UpdateCustomer) -> Sequence[CustomerEvent]:
    profile = dict(command.profile)
    if "external_ids" in profile:
        profile["external_ids"] = _joined(state.external_ids, profile["external_ids"])
    changed = _differing(state, profile)
    if not changed:
        return []
    fact = CustomerUpdated(
        customer_id=state.customer_id,
        changed_fields=tuple(sorted(changed)),
        import_id=command.import_id,
    )
    return [state.model_copy(update=changed), fact]


def _differing(state: CustomerState, profile: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in profile.items() if getattr(state, name) != value}


def _joined(present: Iterable[ExternalId], added: Iterable[ExternalId]) -> tuple[ExternalId, ...]:
    named = {(each.system, each.id): each for each in (*present, *added)}
    return tuple(named[name] for name in sorted(named))


def _change_owner(state: CustomerState, command: ChangeOwner) -> Sequence[CustomerEvent]:
    if state.owner_id == command.owner_id:
        return []
    return [
        CustomerOwnerChanged(
            customer_id=state.customer_id,
            from_owner_id=state.owner_id,
            to_owner_id=command.owner_id,
            reason_code=command.reason_code,
        )
    ]


def _move(state: CustomerState, command: MoveLifecycle) -> Sequence[CustomerEvent]:
    if state.lifecycle == command.to:
        return []
    if "by-hand" not in LIFECYCLE.get((state.lifecycle, command.to), ()):
        raise LifecycleMoveError(from_lifecycle=state.lifecycle, to_lifecycle=command.to)
    if "offboarded" in (state.lifecycle, command.to) and (
        command.approved_by in (None, command.decided_by)
    ):
        raise ApprovalMissingError(field="approved_by")
    return [_moved(state, command.to, command.at, command.reason_code)]


def _follow(state: CustomerState, command: FollowFact) -> Sequence[CustomerEvent]:
    if command.trigger not in LIFECYCLE.get((state.lifecycle, command.to), ()):
        return []
    moved = _moved(state, command.to, command.at, command.trigger)
    cause = {"cause_type": command.cause_type, "cause_id": command.cause_id}
    return [moved.model_copy(update=cause)]


def _moved(
    state: CustomerState, to: Lifecycle, at: datetime, reason_code: str
) -> CustomerLifecycleChanged:
    return CustomerLifecycleChanged(
        customer_id=state.customer_id,
        from_lifecycle=state.lifecycle,
        to_lifecycle=to,
        reason_code=reason_code,
        since=at,
    )
