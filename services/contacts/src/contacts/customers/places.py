"""Who answers for a customer: exactly one employee, or the people of exactly one queue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from shared.contracts.contacts import CustomerOwnerChanged, CustomerQueued, CustomerState

from contacts.records import require_active

UNASSIGNED = "unassigned"
"""The queue of customers of whom nobody has said who answers for them."""


@dataclass(frozen=True, slots=True)
class ChangeOwner:
    """Another employee answers for the customer; in a handover, for an archived one too."""

    owner_id: str
    reason_code: str
    handover_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class QueueCustomer:
    """Nobody answers for the customer any more; it waits in this queue."""

    queue: str
    reason_code: str


PlaceCommand: TypeAlias = ChangeOwner | QueueCustomer
PlaceFact: TypeAlias = CustomerOwnerChanged | CustomerQueued


def with_place(profile: Mapping[str, Any]) -> Mapping[str, Any]:
    """Every customer has an owner or waits in a queue."""
    if profile.get("owner_id") or profile.get("queue"):
        return profile
    return {**profile, "queue": UNASSIGNED}


def change_place(state: CustomerState, command: PlaceCommand) -> Sequence[PlaceFact]:
    """The fact that follows; none where the customer is there already."""
    match command:
        case ChangeOwner():
            return _change_owner(state, command)
        case QueueCustomer():
            return _queue(state, command)


def place_after(fact: PlaceFact) -> Mapping[str, str | None]:
    """Where a fact puts the customer."""
    match fact:
        case CustomerOwnerChanged():
            return {"owner_id": fact.to_owner_id, "queue": None}
        case CustomerQueued():
            return {"owner_id": None, "queue": fact.to_queue}


def _change_owner(state: CustomerState, command: ChangeOwner) -> Sequence[PlaceFact]:
    if command.handover_id is None:
        require_active(state)
    if state.owner_id == command.owner_id:
        return []
    return [
        CustomerOwnerChanged(
            customer_id=state.customer_id,
            from_owner_id=state.owner_id,
            from_queue=state.queue,
            to_owner_id=command.owner_id,
            reason_code=command.reason_code,
            handover_id=command.handover_id,
        )
    ]


def _queue(state: CustomerState, command: QueueCustomer) -> Sequence[PlaceFact]:
    require_active(state)
    if state.queue == command.queue:
        return []
    return [
        CustomerQueued(
            customer_id=state.customer_id,
            from_owner_id=state.owner_id,
            from_queue=state.queue,
            to_queue=command.queue,
            reason_code=command.reason_code,
        )
    ]
