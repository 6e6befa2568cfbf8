"""Addresses that are surely the person's own, and how that is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.contracts.contacts import ContactPoint, ContactPointVerified, ContactState, VerifiedBy
from shared.errors import ConflictError, InvalidError, NotFoundError


class PointNotFoundError(NotFoundError):
    """The contact has no such point."""


class PointIsInvalidError(ConflictError):
    """The address does not reach the person; add it again first."""


class MethodDoesNotFitError(InvalidError):
    """A link in a mail verifies e-mail addresses alone, a text message telephone numbers alone."""


class EmailIsAnothersError(ConflictError):
    """The e-mail address is verified for another person; it belongs to one alone."""


@dataclass(frozen=True, slots=True)
class VerifyPoint:
    """The address was shown to be the person's, in this way."""

    point_id: UUID
    method: VerifiedBy
    at: datetime


def verify(state: ContactState, command: VerifyPoint) -> Sequence[ContactPointVerified]:
    point = point_of(state, command.point_id)
    if point.status != "active":
        raise PointIsInvalidError(point_id=command.point_id)
    if (command.method, point.type == "email") in {("mail-link", False), ("text-message", True)}:
        raise MethodDoesNotFitError(field="method", point_type=point.type)
    if point.verified_at is not None:
        return []
    return [
        ContactPointVerified(
            contact_id=state.contact_id,
            point_id=command.point_id,
            method=command.method,
            verified_at=command.at,
        )
    ]


def point_of(state: ContactState, point_id: UUID) -> ContactPoint:
    for point in state.points:
        if point.point_id == point_id:
            return point
    raise PointNotFoundError(contact_id=state.contact_id, point_id=point_id)


def after(points: Sequence[ContactPoint], event: ContactPointVerified) -> tuple[ContactPoint, ...]:
    """The points, one of them verified."""
    verified = {"verified_at": event.verified_at}
    return tuple(
        point.model_copy(update=verified) if point.point_id == event.point_id else point
        for point in points
    )


def unverified(points: Sequence[ContactPoint]) -> tuple[ContactPoint, ...]:
    """The points of a record that was merged: the one that stays has them now."""
    return tuple(point.model_copy(update={"verified_at": None}) for point in points)
