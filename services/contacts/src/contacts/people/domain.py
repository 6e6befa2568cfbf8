"""People: persons, the ways to reach them, and their parts in customers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias, assert_never
from uuid import UUID

from shared.contracts.contacts import (
    ContactArchived,
    ContactCreated,
    ContactKeyDateSet,
    ContactMembershipChanged,
    ContactPoint,
    ContactPointAdded,
    ContactPointInvalidated,
    ContactPointVerified,
    ContactPostalPointAdded,
    ContactRecordStatusChanged,
    ContactRestored,
    ContactState,
    ContactUpdated,
    KeyDate,
    PostalPoint,
)
from shared.errors import ConflictError, NotFoundError
from shared.ids import derived_id

from contacts import changes, key_dates, postal_points, verified_points
from contacts.people.memberships import (
    EndMembership,
    MoveMembership,
    Part,
    ReturnMembership,
    SetMembership,
    change_membership,
    move_membership,
    return_membership,
    with_part,
)
from contacts.points import NewPoint
from contacts.postal_points import NewPostalPoint, postal_point_id
from contacts.records import (
    AwaitErasure,
    EraseRecord,
    KeepRecord,
    MergeRecord,
    RecordIsRestrictedError,
    StatusCommand,
    UnmergeRecord,
    is_present,
    merged_into_after,
    require_active,
    require_present,
    status_after,
)
from contacts.verified_points import PointNotFoundError, VerifyPoint

InvalidFor: TypeAlias = Literal[
    "hard-bounce", "disconnected", "returned-mail", "owner-changed", "removed"
]


class ContactNotFoundError(NotFoundError):
    """There is no such contact."""


class ContactIdIsTakenError(ConflictError):
    """This id (or Idempotency-Key) belongs to a contact with other content."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person as published, and the version; whether somebody restricted what may be done."""

    state: ContactState
    version: int
    is_restricted: bool = False


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


@dataclass(frozen=True, slots=True)
class UpdatePerson:
    profile: Mapping[str, Any]
    import_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ReplaceFields:
    """Exactly these values, points and memberships too: what a merge, or its undoing, makes."""

    profile: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AddPoint:
    point: NewPoint


@dataclass(frozen=True, slots=True)
class AddPostalPoint:
    point: NewPostalPoint


@dataclass(frozen=True, slots=True)
class SetKeyDate:
    date: KeyDate


@dataclass(frozen=True, slots=True)
class InvalidatePoint:
    point_id: UUID
    reason_code: InvalidFor


@dataclass(frozen=True, slots=True)
class ArchivePerson:
    """Put the record away: it is found when asked for, and offered no longer."""

    reason_code: str


@dataclass(frozen=True, slots=True)
class RestorePerson:
    """Take an archived record into use again."""


Command: TypeAlias = (
    CreatePerson
    | UpdatePerson
    | ReplaceFields
    | AddPoint
    | AddPostalPoint
    | SetKeyDate
    | VerifyPoint
    | InvalidatePoint
    | SetMembership
    | EndMembership
    | MoveMembership
    | ReturnMembership
    | ArchivePerson
    | RestorePerson
    | StatusCommand
)
PersonEvent: TypeAlias = (
    ContactState
    | ContactCreated
    | ContactUpdated
    | ContactPointAdded
    | ContactPostalPointAdded
    | ContactKeyDateSet
    | ContactPointVerified
    | ContactPointInvalidated
    | ContactMembershipChanged
    | ContactArchived
    | ContactRestored
    | ContactRecordStatusChanged
)
PersonChange: TypeAlias = changes.Change[Person]


def point_id_of(contact_id: UUID, point: NewPoint | ContactPoint) -> UUID:
    """The same address of the same person is the same point."""
    return derived_id("point", contact_id, point.type, point.normalized)


def carry_out(before: Person | None, *commands: Command) -> PersonChange:
    """What these commands, one after the other, make of a person."""
    return changes.carry_out(before, commands, decide, evolve)


def decide(  # noqa: C901, PLR0911 -- one per kind of command
    person: Person | None, command: Command
) -> Sequence[PersonEvent]:
    """The facts that follow from a command; none for a repeat. Raises the refusals above."""
    if isinstance(command, CreatePerson):
        return _create(person, command)
    if person is None:
        raise ContactNotFoundError
    if isinstance(command, InvalidatePoint):
        return _invalidate_point(person.state, command) if is_present(person.state) else []
    if isinstance(command, ReplaceFields | MoveMembership | ReturnMembership):
        return _follow_merge(person.state, command)
    if isinstance(command, AwaitErasure | KeepRecord | EraseRecord | MergeRecord | UnmergeRecord):
        return _change_status(person.state, command)
    require_changeable(person)
    if isinstance(command, ArchivePerson | RestorePerson):
        return _put(person.state, command)
    require_active(person.state)
    match command:
        case UpdatePerson():
            return _update(person.state, command)
        case AddPoint() | AddPostalPoint() | SetKeyDate():
            return _add(person.state, command)
        case VerifyPoint():
            return verified_points.verify(person.state, command)
        case SetMembership() | EndMembership():
            return change_membership(person.state, command)
        case _:
            assert_never(command)


def _follow_merge(
    state: ContactState, command: ReplaceFields | MoveMembership | ReturnMembership
) -> Sequence[PersonEvent]:
    """A merged person follows customers too: the undoing of their merge finds them right."""
    if isinstance(command, ReplaceFields):
        require_present(state)
        return _changed(state, command.profile, None)
    if not is_present(state) and state.record_status != "merged":
        return []
    if isinstance(command, MoveMembership):
        return move_membership(state, command)
    return return_membership(state, command)


def require_changeable(person: Person) -> None:
    """Refuse to touch a record of which nobody may make anything now."""
    require_present(person.state)
    if person.is_restricted:
        raise RecordIsRestrictedError


def evolve(person: Person | None, event: PersonEvent) -> Person:
    """A snapshot brings what no fact may carry; each fact raises the version."""
    if isinstance(event, ContactState):
        return Person(event, person.version if person else 0)
    assert person is not None
    state = person.state
    match event:
        case ContactPointVerified():
            state = _with_points(state, verified_points.after(state.points, event))
        case ContactPointInvalidated():
            state = _with_points(state, (_invalidated(p, event) for p in state.points))
            state = postal_points.invalidate(state, event.point_id)
        case ContactMembershipChanged():
            state = state.model_copy(update={"memberships": with_part(state.memberships, event)})
        case ContactArchived():
            state = state.model_copy(update={"record_status": "archived"})
        case ContactRestored():
            state = state.model_copy(update={"record_status": "active"})
        case ContactRecordStatusChanged():
            state = state.model_copy(update={"record_status": event.to_status})
        case (
            ContactCreated()
            | ContactUpdated()
            | ContactPointAdded()
            | ContactPostalPointAdded()
            | ContactKeyDateSet()
        ):
            pass  # the snapshot before it brought the values
        case _:
            assert_never(event)
    return Person(state, person.version + 1)


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
    """Whatever else the command says of the new person, each as a command of its own."""
    also: list[Command] = [
        *(AddPoint(point) for point in command.points),
        *(AddPostalPoint(point) for point in command.postal_points),
        *(SetKeyDate(date) for date in command.key_dates),
        *(SetMembership(part, command.at) for part in command.parts),
    ]
    for each in also:
        following = decide(person, each)
        events.extend(following)
        for event in following:
            person = evolve(person, event)
    return events


def _differs(person: Person, command: CreatePerson) -> bool:
    """Whether a repeat says something else than the first did; told while nothing has changed."""
    state = person.state
    said = (state.points, state.memberships, state.postal_points, state.key_dates)
    if person.version != 1 + sum(map(len, said)):
        return False
    points = {point_id_of(state.contact_id, point) for point in command.points}
    postal = {
        postal_point_id(state.contact_id, point.address.normalized)
        for point in command.postal_points
    }
    parts = {part.customer_id for part in command.parts}
    return (
        bool(_differing(state, command.profile))
        or points != {point.point_id for point in state.points}
        or postal != {point.point_id for point in state.postal_points}
        or set(command.key_dates) != set(state.key_dates)
        or parts != {membership.customer_id for membership in state.memberships}
    )


def _update(state: ContactState, command: UpdatePerson) -> Sequence[PersonEvent]:
    return _changed(state, command.profile, command.import_id)


def _changed(
    state: ContactState, profile: Mapping[str, Any], import_id: UUID | None
) -> Sequence[PersonEvent]:
    changed = _differing(state, profile)
    if not changed:
        return []
    fact = ContactUpdated(
        contact_id=state.contact_id,
        changed_fields=tuple(sorted(changed)),
        import_id=import_id,
    )
    return [state.model_copy(update=changed), fact]


def _differing(state: ContactState, profile: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in profile.items() if getattr(state, name) != value}


def _add(
    state: ContactState, command: AddPoint | AddPostalPoint | SetKeyDate
) -> Sequence[PersonEvent]:
    match command:
        case AddPoint():
            return _add_point(state, command.point)
        case AddPostalPoint():
            return postal_points.add(state, command.point)
        case SetKeyDate():
            return key_dates.set_date(state, command.date)


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


def _beside(point: ContactPoint, added: ContactPoint) -> ContactPoint:
    """There is one primary point of each type."""
    if added.is_primary and point.is_primary and point.type == added.type:
        return point.model_copy(update={"is_primary": False})
    return point


def _invalidate_point(state: ContactState, command: InvalidatePoint) -> Sequence[PersonEvent]:
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


def _invalidated(point: ContactPoint, event: ContactPointInvalidated) -> ContactPoint:
    if point.point_id != event.point_id:
        return point
    lost = {"status": "invalid", "is_primary": False, "verified_at": None}
    return point.model_copy(update=lost)


def _with_points(state: ContactState, points: Iterable[ContactPoint]) -> ContactState:
    """In the order in which the store reads them: a snapshot is the same whenever it is made."""
    ordered = sorted(points, key=lambda each: (each.normalized, each.point_id))
    return state.model_copy(update={"points": tuple(ordered)})


def _put(state: ContactState, command: ArchivePerson | RestorePerson) -> Sequence[PersonEvent]:
    """Put the record away, or take it out again."""
    require_present(state)
    match command:
        case ArchivePerson(reason_code=reason_code) if state.record_status == "active":
            return [ContactArchived(contact_id=state.contact_id, reason_code=reason_code)]
        case RestorePerson() if state.record_status == "archived":
            return [ContactRestored(contact_id=state.contact_id)]
        case _:
            return []


def _change_status(state: ContactState, command: StatusCommand) -> Sequence[PersonEvent]:
    """An erased person has no name, no address and no part in anything any more."""
    status = status_after(state, command)
    if status == state.record_status:
        return []
    fact = ContactRecordStatusChanged(
        contact_id=state.contact_id,
        from_status=state.record_status,
        to_status=status,
        request_id=command.request_id,
    )
    if isinstance(command, MergeRecord | UnmergeRecord):
        into = merged_into_after(state, command)
        points = verified_points.unverified(state.points)
        return [state.model_copy(update={"merged_into": into, "points": points}), fact]
    if status != "erased":
        return [fact]
    nameless = ContactState(
        contact_id=state.contact_id, created_at=state.created_at, merged_into=state.merged_into
    )
    return [nameless, fact]
