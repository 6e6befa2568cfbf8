"""Postal addresses of people: one normal form, and what follows when one is added."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.contracts.contacts import ContactPostalPointAdded, ContactState, PostalPoint
from shared.ids import derived_id

from contacts.matching.text import street


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """An address as somebody wrote it."""

    lines: tuple[str, ...] = ()
    locality: str | None = None
    postal_code: str | None = None
    region: str | None = None
    country: str | None = None

    @property
    def normalized(self) -> str:
        """`12 High St., Leeds LS1 4DY` → `12 high street, ls1 4dy leeds`."""
        place = " ".join(part for part in (self.postal_code, self.locality) if part)
        parts = (*self.lines, place, self.region or "", self.country or "")
        return ", ".join(filter(None, (street(part) for part in parts)))


@dataclass(frozen=True, slots=True)
class NewPostalPoint:
    """An address with the hash that stands for it on event topics."""

    address: PostalAddress
    subject_hash: str
    is_primary: bool = False


@dataclass(frozen=True, slots=True)
class AddPostalPoint:
    point: NewPostalPoint


def postal_point_id(contact_id: UUID, normalized: str) -> UUID:
    """The same address of the same person is the same point."""
    return derived_id("postal-point", contact_id, normalized)


def add(
    state: ContactState, point: NewPostalPoint
) -> Sequence[ContactState | ContactPostalPointAdded]:
    """The snapshot with the address, then the fact; nothing where it is there already."""
    point_id = postal_point_id(state.contact_id, point.address.normalized)
    present = next((each for each in state.postal_points if each.point_id == point_id), None)
    if present and present.status == "active" and (present.is_primary or not point.is_primary):
        return []
    added = PostalPoint(
        point_id=point_id,
        lines=point.address.lines,
        locality=point.address.locality,
        postal_code=point.address.postal_code,
        region=point.address.region,
        country=point.address.country,
        normalized=point.address.normalized,
        is_primary=point.is_primary,
    )
    others = (each for each in state.postal_points if each.point_id != point_id)
    fact = ContactPostalPointAdded(
        contact_id=state.contact_id,
        point_id=point_id,
        subject_hash=point.subject_hash,
        is_primary=point.is_primary,
    )
    return [_with(state, [*(_beside(each, added) for each in others), added]), fact]


def invalidate(state: ContactState, point_id: UUID) -> ContactState:
    """The snapshot in which this address, where it is one, does not reach the person."""
    return _with(
        state,
        (
            each.model_copy(update={"status": "invalid", "is_primary": False})
            if each.point_id == point_id
            else each
            for each in state.postal_points
        ),
    )


def _beside(point: PostalPoint, added: PostalPoint) -> PostalPoint:
    """There is one primary address."""
    return point.model_copy(update={"is_primary": False}) if added.is_primary else point


def _with(state: ContactState, points: Iterable[PostalPoint]) -> ContactState:
    """In the order in which the store reads them."""
    ordered = sorted(points, key=lambda each: (each.normalized, each.point_id))
    return state.model_copy(update={"postal_points": tuple(ordered)})
