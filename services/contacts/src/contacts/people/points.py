"""The points of people: added, shown to be theirs, found to reach them no longer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias
from uuid import UUID

from shared.contracts.contacts import (
    ContactPoint,
    ContactPointAdded,
    ContactPointInvalidated,
    ContactPointVerified,
    ContactState,
    PostalPoint,
)
from shared.ids import derived_id

from contacts import postal_points, verified_points
from contacts.points import NewPoint
from contacts.verified_points import PointNotFoundError

InvalidFor: TypeAlias = Literal[
    "hard-bounce", "disconnected", "returned-mail", "owner-changed", "removed"
]


@dataclass(frozen=True, slots=True)
class AddPoint:
    point: NewPoint


@dataclass(frozen=True, slots=True)
class InvalidatePoint:
    point_id: UUID
    reason_code: InvalidFor


def point_id_of(contact_id: UUID, point: NewPoint | ContactPoint) -> UUID:
    """The same address of the same person is the same point."""
    return derived_id("point", contact_id, point.type, point.normalized)


def add_point(state: ContactState, point: NewPoint) -> Sequence[ContactState | ContactPointAdded]:
    """The snapshot with the point, then the fact; nothing where it is there already."""
    point_id = point_id_of(state.contact_id, point)
    present = next((each for each in state.points if each.point_id == point_id), None)
    if present and present.status == "active" and (present.is_primary or not point.is_primary):
        return []
    added = ContactPoint(
        point_id=point_id,
        type=point.type,
        value=point.value,
        normalized=point.normalized,
        is_primary=point.is_primary,
        verified_at=present.verified_at if present else None,
    )
    fact = ContactPointAdded(
        contact_id=state.contact_id,
        point_id=point_id,
        point_type=point.type,
        subject_hash=point.subject_hash,
        is_primary=point.is_primary,
    )
    others = tuple(_beside(each, added) for each in state.points if each.point_id != point_id)
    return [_with_points(state, (*others, added)), fact]


def invalidate_point(
    state: ContactState, command: InvalidatePoint
) -> Sequence[ContactPointInvalidated]:
    """The fact that follows; none where the point, or the postal address, is invalid already."""
    known: tuple[ContactPoint | PostalPoint, ...] = (*state.points, *state.postal_points)
    point = next((each for each in known if each.point_id == command.point_id), None)
    if point is None:
        raise PointNotFoundError(contact_id=state.contact_id, point_id=command.point_id)
    if point.status != "active":
        return []
    return [
        ContactPointInvalidated(
            contact_id=state.contact_id,
            point_id=command.point_id,
            reason_code=command.reason_code,
        )
    ]


def without_point(state: ContactState, event: ContactPointInvalidated) -> ContactState:
    """The snapshot in which this point, or this postal address, does not reach the person."""
    state = _with_points(state, (_invalidated(each, event) for each in state.points))
    return postal_points.invalidate(state, event.point_id)


def with_verified(state: ContactState, event: ContactPointVerified) -> ContactState:
    """The snapshot in which this point is surely the person's."""
    return _with_points(state, verified_points.after(state.points, event))


def _invalidated(point: ContactPoint, event: ContactPointInvalidated) -> ContactPoint:
    if point.point_id != event.point_id:
        return point
    lost = {"status": "invalid", "is_primary": False, "verified_at": None}
    return point.model_copy(update=lost)


def _beside(point: ContactPoint, added: ContactPoint) -> ContactPoint:
    """There is one primary point of each type."""
    if added.is_primary and point.is_primary and point.type == added.type:
        return point.model_copy(update={"is_primary": False})
    return point


def _with_points(state: ContactState, points: Iterable[ContactPoint]) -> ContactState:
    """In the order in which the store reads them: a snapshot is the same whenever it is made."""
    ordered = sorted(points, key=lambda each: (each.normalized, each.point_id))
    return state.model_copy(update={"points": tuple(ordered)})
