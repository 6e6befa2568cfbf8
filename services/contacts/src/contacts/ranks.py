"""Which of a person's several addresses and customers comes first: the primary one."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from shared.contracts.contacts import (
    ContactPoint,
    ContactState,
    KeyDate,
    KeyDateKind,
    Membership,
    PointType,
    PostalPoint,
)


class _Ranked(Protocol):
    @property
    def is_primary(self) -> bool: ...


_RankedT = TypeVar("_RankedT", bound=_Ranked)


def ranked(several: Iterable[_RankedT]) -> list[_RankedT]:
    """The primary one first, the others as they come."""
    return sorted(several, key=lambda each: not each.is_primary)


def ranked_parts(state: ContactState) -> list[Membership]:
    """The customers to whom the person belongs now."""
    return ranked(each for each in state.memberships if each.until is None)


def reached_at(state: ContactState, kind: PointType) -> list[ContactPoint]:
    """Where the person is reached in this way."""
    return ranked(p for p in state.points if p.type == kind and p.status == "active")


def posted_to(state: ContactState) -> list[PostalPoint]:
    """The postal addresses in use."""
    return ranked(point for point in state.postal_points if point.status == "active")


def key_date(state: ContactState, kind: KeyDateKind) -> KeyDate | None:
    """The day of this kind, where it is known."""
    return next((date for date in state.key_dates if date.kind == kind), None)
