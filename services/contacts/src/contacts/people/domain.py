"""People: persons, the ways to reach them, and their parts in customers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias, assert_never
from uuid import UUID

from shared.contracts.contacts import (
    ContactCreated,
    ContactMembershipChanged,
    ContactPoint,
    ContactPointAdded,
    ContactPointInvalidated,
    ContactState,
    ContactUpdated,
    Membership,
)
from shared.errors import ConflictError, NotFoundError
from shared.ids import derived_id

from contacts import changes
from contacts.points import NewPoint

InvalidFor: TypeAlias = Literal[
    "hard-bounce", "disconnected", "returned-mail", "owner-changed", "removed"
]


class ContactNotFoundError(NotFoundError):
    """There is no such contact."""


class ContactIdIsTakenError(ConflictError):
    """This id (or Idempotency-Key) belongs to a contact with other content."""


class PointNotFoundError(NotFoundError):
    """The contact has no such point."""


class MembershipNotFoundError(NotFoundError):
    """The contact was never a member of this customer."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person as published, and the version."""

    state: ContactState
    version: int


@dataclass(frozen=True, slots=True)
class Part:
    """The part in a customer that a person is to have."""

    customer_id: UUID
    role: str | None = None
    is_primary: bool = False


@dataclass(frozen=True, slots=True)
class CreatePerson:
    """`profile` holds fields of `ContactState`, checked at the door."""

    contact_id: UUID
    profile: Mapping[str, Any]
    at: datetime
    points: tuple[NewPoint, ...] = ()
    parts: tuple[Part, ...] = ()
    import_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class UpdatePerson:
    profile: Mapping[str, Any]
    import_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class AddPoint:
    point: NewPoint


@dataclass(frozen=True, slots=True)
class InvalidatePoint:
    point_id: UUID
    reason_code: InvalidFor


@dataclass(frozen=True, slots=True)
class SetMembership:
    part: Part
    at: datetime


@dataclass(frozen=True, slots=True)
class EndMembership:
    customer_id: UUID
    at: datetime


Command: TypeAlias = (
    CreatePerson | UpdatePerson | AddPoint | InvalidatePoint | SetMembership | EndMembership
)
PersonEvent: TypeAlias = (
    ContactState
    | ContactCreated
    | ContactUpdated
    | ContactPointAdded
    | ContactPointInvalidated
    | ContactMembershipChanged
)
PersonChange: TypeAlias = changes.Change[Person]


def point_id_of(contact_id: UUID, point: NewPoint) -> UUID:
    """The same address of the same person is the same point."""
    return derived_id("point", contact_id, point.type, point.normalized)


def carry_out(before: Person | None, *commands: Command) -> PersonChange:
    """What these commands, one after the other, make of a person."""
    return changes.carry_out(before, commands, decide, evolve)


def decide(person: Person | None, command: Command) -> Sequence[PersonEvent]:
    """The facts that follow from a command; none for a repeat. Raises the refusals above."""
    if isinstance(command, CreatePerson):
        return _create(person, command)
    if person is None:
        raise ContactNotFoundError
    match command:
        case UpdatePerson():
            return _update(person.state, command)
        case AddPoint():
            return _add_point(person.state, command.point)
        case InvalidatePoint():
            return _invalidate_point(person.state, command)
        case SetMembership():
            return _set_membership(person.state, command.part, command.at)
        case EndMembership():
            return _end_membership(person.state, command)
        case _:
            assert_never(command)


def evolve(person: Person | None, event: PersonEvent) -> Person:
    """A snapshot brings what no fact may carry; each fact raises the version."""
    if isinstance(event, ContactState):
        return Person(event, person.version if person else 0)
    assert person is not None
    state = person.state
    match event:
        case ContactPointInvalidated():
            state = _with_points(state, (_invalidated(p, event) for p in state.points))
        case ContactMembershipChanged():
            state = state.model_copy(update={"memberships": _with_part(state.memberships, event)})
        case ContactCreated() | ContactUpdated() | ContactPointAdded():
            pass  # the snapshot before it brought the values
        case _:
            assert_never(event)
    return Person(state, person.version + 1)


def live_memberships(state: ContactState) -> list[Membership]:
    return [each for each in state.memberships if each.until is None]


def _create(person: Person | None, command: CreatePerson) -> Sequence[PersonEvent]:
    if person is not None:
        if _differs(person, command):
            raise ContactIdIsTakenError(contact_id=command.contact_id)
        return []
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
    return _followed_by(Person(state, 0), [state, created], command)


def _followed_by(
    person: Person, events: list[PersonEvent], command: CreatePerson
) -> Sequence[PersonEvent]:
    for point in command.points:
        added = _add_point(person.state, point)
        events.extend(added)
        for event in added:
            person = evolve(person, event)
    for part in command.parts:
        joined = _set_membership(person.state, part, command.at)
        events.extend(joined)
        for event in joined:
            person = evolve(person, event)
    return events


def _differs(person: Person, command: CreatePerson) -> bool:
    """Whether a repeat says something else than the first did; told while nothing has changed."""
    state = person.state
    if person.version != 1 + len(state.points) + len(state.memberships):
        return False
    points = {point_id_of(state.contact_id, point) for point in command.points}
    parts = {part.customer_id for part in command.parts}
    return (
        bool(_changed(state, command.profile))
        or points != {point.point_id for point in state.points}
        or parts != {membership.customer_id for membership in state.memberships}
    )


def _update(state: ContactState, command: UpdatePerson) -> Sequence[PersonEvent]:
    changed = _changed(state, command.profile)
    if not changed:
        return []
    fact = ContactUpdated(
        contact_id=state.contact_id,
        changed_fields=tuple(sorted(changed)),
        import_id=command.import_id,
    )
    return [state.model_copy(update=changed), fact]


def _changed(state: ContactState, profile: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in profile.items() if getattr(state, name) != value}


def _add_point(state: ContactState, point: NewPoint) -> Sequence[PersonEvent]:
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


def _beside(point: ContactPoint, added: ContactPoint) -> ContactPoint:
    """There is one primary point of each type."""
    if added.is_primary and point.is_primary and point.type == added.type:
        return point.model_copy(update={"is_primary": False})
    return point


def _invalidate_point(state: ContactState, command: InvalidatePoint) -> Sequence[PersonEvent]:
    point = next((each for each in state.points if each.point_id == command.point_id), None)
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


def _invalidated(point: ContactPoint, event: ContactPointInvalidated) -> ContactPoint:
    if point.point_id != event.point_id:
        return point
    return point.model_copy(update={"status": "invalid", "is_primary": False})


def _with_points(state: ContactState, points: Iterable[ContactPoint]) -> ContactState:
    """In the order in which the store reads them: a snapshot is the same whenever it is made."""
    ordered = sorted(points, key=lambda each: (each.normalized, each.point_id))
    return state.model_copy(update={"points": tuple(ordered)})


def _set_membership(state: ContactState, part: Part, at: datetime) -> Sequence[PersonEvent]:
    live = {each.customer_id: each for each in live_memberships(state)}
    present = live.get(part.customer_id)
    if present and (present.role, present.is_primary) == (part.role, part.is_primary):
        return []
    fact = ContactMembershipChanged(
        contact_id=state.contact_id,
        customer_id=part.customer_id,
        action="role-changed" if present else "added",
        role=part.role,
        is_primary=part.is_primary,
        since=present.since if present else at,
    )
    demoted = [
        _membership_fact(state, other, action="role-changed", is_primary=False)
        for other in live.values()
        if part.is_primary and other.is_primary and other.customer_id != part.customer_id
    ]
    return [*demoted, fact]


def _end_membership(state: ContactState, command: EndMembership) -> Sequence[PersonEvent]:
    theirs = [each for each in state.memberships if each.customer_id == command.customer_id]
    if not theirs:
        raise MembershipNotFoundError(contact_id=state.contact_id, customer_id=command.customer_id)
    return [
        _membership_fact(state, each, action="ended", until=command.at)
        for each in theirs
        if each.until is None
    ]


def _membership_fact(
    state: ContactState, membership: Membership, **changed: object
) -> ContactMembershipChanged:
    values = {**dict(membership), "contact_id": state.contact_id, **changed}
    return ContactMembershipChanged.model_validate(values)


def _with_part(
    memberships: tuple[Membership, ...], event: ContactMembershipChanged
) -> tuple[Membership, ...]:
    changed = Membership(
        customer_id=event.customer_id,
        role=event.role,
        is_primary=event.is_primary,
        since=event.since,
        until=event.until,
    )
    others = [each for each in memberships if each.until or each.customer_id != event.customer_id]
    return tuple(sorted([*others, changed], key=lambda each: (each.since, each.customer_id)))
