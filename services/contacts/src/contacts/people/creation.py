"""How a person begins: with all that is said of them at first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts.contacts import ContactCreated, ContactState, KeyDate
from shared.errors import ConflictError

from contacts.changes import differing
from contacts.key_dates import SetKeyDate
from contacts.people.memberships import Part, SetMembership
from contacts.people.points import AddPoint, point_id_of
from contacts.points import NewPoint
from contacts.postal_points import AddPostalPoint, NewPostalPoint, postal_point_id


class ContactIdIsTakenError(ConflictError):
    """This id (or Idempotency-Key) belongs to a contact with other content."""


@dataclass(frozen=True, slots=True)
class CreatePerson:
    """`profile` holds fields of `ContactState`, checked at the door."""

    contact_id: UUID
    profile: Mapping[str, Any]
    at: datetime
    points: tuple[NewPoint, ...] = ()
    parts: tuple[Part, ...] = ()
    import_id: UUID | None = None
    postal_points: tuple[NewPostalPoint, ...] = ()
    key_dates: tuple[KeyDate, ...] = ()


def create(command: CreatePerson) -> tuple[ContactState, ContactCreated]:
    """The record with its fields alone; `also_said` is what else it is to have."""
    state = ContactState(
        contact_id=command.contact_id, created_at=command.at, **dict(command.profile)
    )
    created = ContactCreated(
        contact_id=state.contact_id,
        customer_ids=tuple(part.customer_id for part in command.parts),
        job_title=state.job_title,
        department=state.department,
        language=state.language,
        timezone=state.timezone,
        import_id=command.import_id,
    )
    return state, created


def also_said(
    command: CreatePerson,
) -> Sequence[AddPoint | AddPostalPoint | SetKeyDate | SetMembership]:
    """Whatever else the command says of the new person, each as a command of its own."""
    return [
        *(AddPoint(point) for point in command.points),
        *(AddPostalPoint(point) for point in command.postal_points),
        *(SetKeyDate(date) for date in command.key_dates),
        *(SetMembership(part, command.at) for part in command.parts),
    ]


def require_repeat(state: ContactState, version: int, command: CreatePerson) -> None:
    """Refuse to create somebody else under an id that is this person's."""
    if _differs(state, version, command):
        raise ContactIdIsTakenError(contact_id=command.contact_id)


def _differs(state: ContactState, version: int, command: CreatePerson) -> bool:
    """Whether a repeat says something else than the first did; told while nothing has changed."""
    said = (state.points, state.memberships, state.postal_points, state.key_dates)
    if version != 1 + sum(map(len, said)):
        return False
    points = {point_id_of(state.contact_id, point) for point in command.points}
    postal = {
        postal_point_id(state.contact_id, point.address.normalized)
        for point in command.postal_points
    }
    parts = {part.customer_id for part in command.parts}
    return (
        bool(differing(state, command.profile))
        or points != {point.point_id for point in state.points}
        or postal != {point.point_id for point in state.postal_points}
        or set(command.key_dates) != set(state.key_dates)
        or parts != {membership.customer_id for membership in state.memberships}
    )
