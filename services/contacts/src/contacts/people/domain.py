"""People: persons, the ways to reach them, and their parts in customers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from shared.contracts.contacts import (
    ContactArchived,
    ContactCreated,
    ContactKeyDateSet,
    ContactMembershipChanged,
    ContactPointAdded,
    ContactPointInvalidated,
    ContactPointVerified,
    ContactPostalPointAdded,
    ContactRecordStatusChanged,
    ContactRestored,
    ContactState,
    ContactUpdated,
)
from shared.errors import NotFoundError

from contacts import changes, key_dates, postal_points, verified_points
from contacts.key_dates import SetKeyDate
from contacts.people.creation import CreatePerson, also_said, create, require_repeat
from contacts.people.memberships import (
    EndMembership,
    MoveMembership,
    ReturnMembership,
    SetMembership,
    change_membership,
    move_membership,
    return_membership,
    with_part,
)
from contacts.people.points import (
    AddPoint,
    InvalidatePoint,
    add_point,
    invalidate_point,
    with_verified,
    without_point,
)
from contacts.people.profile import ReplaceFields, UpdatePerson, change_fields
from contacts.people.status import ArchivePerson, RestorePerson, change_status, put_away_or_back
from contacts.postal_points import AddPostalPoint
from contacts.records import (
    AwaitErasure,
    EraseRecord,
    KeepRecord,
    MergeRecord,
    RecordIsRestrictedError,
    StatusCommand,
    UnmergeRecord,
    is_present,
    require_active,
    require_present,
)
from contacts.verified_points import VerifyPoint


class ContactNotFoundError(NotFoundError):
    """There is no such contact."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person as published, and the version; whether somebody restricted what may be done."""

    state: ContactState
    version: int
    is_restricted: bool = False


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
        return invalidate_point(person.state, command) if is_present(person.state) else []
    if isinstance(command, ReplaceFields | MoveMembership | ReturnMembership):
        return _follow_merge(person.state, command)
    if isinstance(command, AwaitErasure | KeepRecord | EraseRecord | MergeRecord | UnmergeRecord):
        return change_status(person.state, command)
    require_changeable(person)
    if isinstance(command, ArchivePerson | RestorePerson):
        return put_away_or_back(person.state, command)
    require_active(person.state)
    match command:
        case UpdatePerson():
            return change_fields(person.state, command.profile, command.import_id)
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
        return change_fields(state, command.profile, None)
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
            state = with_verified(state, event)
        case ContactPointInvalidated():
            state = without_point(state, event)
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
        require_repeat(person.state, person.version, command)
        return []
    state, created = create(command)
    person, events = Person(state, 0), list[PersonEvent]([state, created])
    for each in also_said(command):
        following = decide(person, each)
        events.extend(following)
        for event in following:
            person = evolve(person, event)
    return events


def _add(
    state: ContactState, command: AddPoint | AddPostalPoint | SetKeyDate
) -> Sequence[PersonEvent]:
    match command:
        case AddPoint():
            return add_point(state, command.point)
        case AddPostalPoint():
            return postal_points.add(state, command.point)
        case SetKeyDate():
            return key_dates.set_date(state, command.date)
