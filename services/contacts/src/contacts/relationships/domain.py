"""Relationships: established, then ended; groups are trees over `parent-of`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias, assert_never
from uuid import UUID

from shared.contracts.contacts import (
    PartyType,
    RelationshipEnded,
    RelationshipEstablished,
)
from shared.errors import ConflictError, InvalidError, NotFoundError

_CUSTOMERS: tuple[PartyType, PartyType] = ("customer", "customer")
BETWEEN: Mapping[str, frozenset[tuple[PartyType, PartyType]]] = {
    "parent-of": frozenset({_CUSTOMERS}),
    "partner": frozenset({_CUSTOMERS}),
    "dealer": frozenset({_CUSTOMERS}),
    "reseller": frozenset({_CUSTOMERS}),
    "supplier": frozenset({_CUSTOMERS}),
    "referrer": frozenset(
        {
            _CUSTOMERS,
            ("customer", "contact"),
            ("contact", "customer"),
            ("contact", "contact"),
        }
    ),
    "guarantor": frozenset({_CUSTOMERS, ("contact", "customer")}),
    "employs": frozenset({("customer", "contact")}),
    "influences": frozenset({("contact", "customer"), ("contact", "contact")}),
}
"""Of which sorts of parties each type is: from, to."""


class RelationshipNotFoundError(NotFoundError):
    """There is no such relationship."""


class RelationshipIdIsTakenError(ConflictError):
    """This id (or Idempotency-Key) belongs to a relationship with other content."""


class RelationshipToSelfError(InvalidError):
    """Nobody is related to itself."""


class PartiesDoNotFitError(InvalidError):
    """A relationship of this type is not between such parties."""


class RelationshipIsThereError(ConflictError):
    """The two are related so already."""


class CustomerHasParentError(ConflictError):
    """The customer belongs to a group already; end that first."""


class GroupWouldBeACircleError(ConflictError):
    """The customer that would be the parent belongs to the other."""


NO_ROOM = (
    RelationshipToSelfError,
    RelationshipIsThereError,
    CustomerHasParentError,
    GroupWouldBeACircleError,
)
"""Why what a merged party had is not established of the one that stays."""


@dataclass(frozen=True, slots=True)
class Relationship:
    """Two parties, how they are related, and whether they still are."""

    told: RelationshipEstablished
    version: int
    ended_at: datetime | None = None
    reason_code: str | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else is established: who is above the one that it would go out from; `to`'s parent."""

    ancestor_ids: Sequence[UUID] = ()
    parent_of_to: UUID | None = None
    same_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class EstablishRelationship:
    told: RelationshipEstablished
    among: Surroundings = Surroundings()


@dataclass(frozen=True, slots=True)
class EndRelationship:
    reason_code: str
    at: datetime


Command: TypeAlias = EstablishRelationship | EndRelationship
RelationshipEvent: TypeAlias = RelationshipEstablished | RelationshipEnded


def decide(relationship: Relationship | None, command: Command) -> Sequence[RelationshipEvent]:
    """The fact that follows; none for a repeat. Raises the refusals above."""
    match command:
        case EstablishRelationship(told=told, among=among):
            if relationship is not None:
                return _repeat(relationship, told)
            _require_sense(told)
            _require_room(told, among)
            return [told]
        case EndRelationship():
            if relationship is None:
                raise RelationshipNotFoundError
            return [] if relationship.ended_at else [_ended(relationship.told, command)]
        case _:
            assert_never(command)


def between(
    told: RelationshipEstablished, now: Mapping[UUID, UUID], relationship_id: UUID
) -> RelationshipEstablished:
    """The same between those whom these ids mean now."""
    return told.model_copy(
        update={
            "relationship_id": relationship_id,
            "from_id": now.get(told.from_id, told.from_id),
            "to_id": now.get(told.to_id, told.to_id),
        }
    )


def evolve(relationship: Relationship | None, event: RelationshipEvent) -> Relationship:
    if isinstance(event, RelationshipEstablished):
        return Relationship(event, 1)
    assert relationship is not None
    return replace(
        relationship,
        version=relationship.version + 1,
        ended_at=event.ended_at,
        reason_code=event.reason_code,
    )


def _repeat(
    relationship: Relationship, told: RelationshipEstablished
) -> Sequence[RelationshipEvent]:
    same = told.model_copy(update={"valid_from": relationship.told.valid_from})
    if same != relationship.told:
        raise RelationshipIdIsTakenError(relationship_id=told.relationship_id)
    return []


def _require_sense(told: RelationshipEstablished) -> None:
    if told.from_id == told.to_id:
        raise RelationshipToSelfError(from_id=told.from_id)
    if (told.from_type, told.to_type) not in BETWEEN.get(told.relationship_type, frozenset()):
        raise PartiesDoNotFitError(
            relationship_type=told.relationship_type,
            from_type=told.from_type,
            to_type=told.to_type,
        )


def _require_room(told: RelationshipEstablished, among: Surroundings) -> None:
    if among.same_id is not None:
        raise RelationshipIsThereError(relationship_id=among.same_id)
    if told.relationship_type != "parent-of":
        return
    if among.parent_of_to is not None:
        raise CustomerHasParentError(customer_id=told.to_id, parent_customer_id=among.parent_of_to)
    if told.to_id in among.ancestor_ids:
        raise GroupWouldBeACircleError(customer_id=told.to_id)


def _ended(told: RelationshipEstablished, command: EndRelationship) -> RelationshipEnded:
    return RelationshipEnded(
        relationship_id=told.relationship_id,
        from_id=told.from_id,
        from_type=told.from_type,
        to_id=told.to_id,
        to_type=told.to_type,
        relationship_type=told.relationship_type,
        ended_at=command.at,
        reason_code=command.reason_code,
    )
