"""Households: people who live together under a head; a person is in one household at most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias, assert_never
from uuid import UUID

from shared.contracts.contacts import (
    HouseholdAction,
    HouseholdChanged,
    HouseholdMember,
    HouseholdState,
)
from shared.errors import ConflictError, InvalidError, NotFoundError

from contacts import changes


class HouseholdNotFoundError(NotFoundError):
    """There is no such household."""


class HouseholdIdIsTakenError(ConflictError):
    """This id (or Idempotency-Key) belongs to a household with other content."""


class HouseholdIsDissolvedError(ConflictError):
    """The household is dissolved."""


class PersonIsInHouseholdError(ConflictError):
    """The person lives in another household; remove them there first."""


class HeadIsNoMemberError(InvalidError):
    """The head of a household is one of its members."""


class HeadCannotLeaveError(ConflictError):
    """The head does not leave a household: set another head first, or dissolve it."""


@dataclass(frozen=True, slots=True)
class Household:
    """A household as published, and the version."""

    state: HouseholdState
    version: int


@dataclass(frozen=True, slots=True)
class FoundHousehold:
    """`elsewhere` says of these people who lives in which household already."""

    household_id: UUID
    name: str | None
    member_ids: tuple[UUID, ...]
    head_id: UUID
    at: datetime
    elsewhere: Mapping[UUID, UUID] = field(default_factory=dict[UUID, UUID])


@dataclass(frozen=True, slots=True)
class AddMember:
    contact_id: UUID
    at: datetime
    elsewhere: Mapping[UUID, UUID] = field(default_factory=dict[UUID, UUID])


@dataclass(frozen=True, slots=True)
class RemoveMember:
    contact_id: UUID


@dataclass(frozen=True, slots=True)
class SetHead:
    contact_id: UUID


@dataclass(frozen=True, slots=True)
class RenameHousehold:
    name: str | None


@dataclass(frozen=True, slots=True)
class DissolveHousehold:
    at: datetime


@dataclass(frozen=True, slots=True)
class ForgetMember:
    """A person is erased: so is the household's name, which may be theirs.

    Whoever has lived there longest is the head after a head; with the last one it is dissolved.
    """

    contact_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Reseat:
    """Exactly these live there: what a merge of people, or its undoing, makes; of none nobody.

    `contact_id` is who took a seat, or left one.
    """

    members: tuple[HouseholdMember, ...]
    head_id: UUID | None
    action: HouseholdAction
    contact_id: UUID
    at: datetime


Command: TypeAlias = (
    FoundHousehold
    | AddMember
    | RemoveMember
    | SetHead
    | RenameHousehold
    | DissolveHousehold
    | ForgetMember
    | Reseat
)
HouseholdEvent: TypeAlias = HouseholdState | HouseholdChanged
HouseholdChange: TypeAlias = changes.Change[Household]


def carry_out(before: Household | None, *commands: Command) -> HouseholdChange:
    """What these commands, one after the other, make of a household."""
    return changes.carry_out(before, commands, decide, evolve)


def decide(  # noqa: C901, PLR0911 -- one per kind of command
    household: Household | None, command: Command
) -> Sequence[HouseholdEvent]:
    """The snapshot and the fact; nothing for a repeat. Raises the refusals above."""
    if isinstance(command, FoundHousehold):
        return _found(command) if household is None else _repeat(household, command)
    if household is None:
        raise HouseholdNotFoundError
    state = household.state
    if isinstance(command, DissolveHousehold):
        return [] if state.dissolved_at else _dissolve(state, command.at)
    if state.dissolved_at:
        raise HouseholdIsDissolvedError(household_id=state.household_id)
    match command:
        case AddMember():
            return _add(state, command)
        case RemoveMember(contact_id=contact_id):
            return _remove(state, contact_id)
        case SetHead(contact_id=contact_id):
            return _set_head(state, contact_id)
        case RenameHousehold(name=name):
            renamed = state.model_copy(update={"name": name})
            return [] if name == state.name else _told(renamed, "renamed")
        case ForgetMember():
            return _forget(state, command)
        case Reseat():
            return _reseat(state, command)
        case _:
            assert_never(command)


def evolve(household: Household | None, event: HouseholdEvent) -> Household:
    """A snapshot brings everything; the fact raises the version."""
    if isinstance(event, HouseholdState):
        return Household(event, household.version if household else 0)
    assert household is not None
    return Household(household.state, household.version + 1)


def members_of(state: HouseholdState) -> tuple[UUID, ...]:
    """Who lives there, the one of longest standing first."""
    return tuple(member.contact_id for member in state.members)


def _found(command: FoundHousehold) -> Sequence[HouseholdEvent]:
    if command.head_id not in command.member_ids:
        raise HeadIsNoMemberError(contact_id=command.head_id)
    for contact_id in command.member_ids:
        _require_free(contact_id, command.elsewhere)
    state = HouseholdState(
        household_id=command.household_id,
        name=command.name,
        members=tuple(
            HouseholdMember(contact_id=each, since=command.at)
            for each in sorted(command.member_ids)
        ),
        head_contact_id=command.head_id,
        founded_at=command.at,
    )
    return _told(state, "founded")


def _repeat(household: Household, command: FoundHousehold) -> Sequence[HouseholdEvent]:
    """Whether it says the same as the first did is told while nothing has changed."""
    state = household.state
    first = (state.name, set(members_of(state)), state.head_contact_id)
    again = (command.name, set(command.member_ids), command.head_id)
    if household.version == 1 and first != again:
        raise HouseholdIdIsTakenError(household_id=state.household_id)
    return []


def _require_free(contact_id: UUID, elsewhere: Mapping[UUID, UUID]) -> None:
    if contact_id in elsewhere:
        raise PersonIsInHouseholdError(contact_id=contact_id, household_id=elsewhere[contact_id])


def _add(state: HouseholdState, command: AddMember) -> Sequence[HouseholdEvent]:
    if command.contact_id in members_of(state):
        return []
    _require_free(command.contact_id, command.elsewhere)
    member = HouseholdMember(contact_id=command.contact_id, since=command.at)
    larger = state.model_copy(update={"members": (*state.members, member)})
    return _told(larger, "member-added", command.contact_id)


def _remove(state: HouseholdState, contact_id: UUID) -> Sequence[HouseholdEvent]:
    if contact_id not in members_of(state):
        return []
    if contact_id == state.head_contact_id:
        raise HeadCannotLeaveError(contact_id=contact_id)
    return _told(_without(state, contact_id), "member-removed", contact_id)


def _set_head(state: HouseholdState, contact_id: UUID) -> Sequence[HouseholdEvent]:
    if contact_id not in members_of(state):
        raise HeadIsNoMemberError(contact_id=contact_id)
    if contact_id == state.head_contact_id:
        return []
    return _told(state.model_copy(update={"head_contact_id": contact_id}), "head-set")


def _dissolve(state: HouseholdState, at: datetime) -> Sequence[HouseholdEvent]:
    nobodys = {"name": None, "members": (), "head_contact_id": None, "dissolved_at": at}
    return _told(state.model_copy(update=nobodys), "dissolved", state.head_contact_id)


def _forget(state: HouseholdState, command: ForgetMember) -> Sequence[HouseholdEvent]:
    if command.contact_id not in members_of(state):
        return []
    left = _without(state, command.contact_id).model_copy(update={"name": None})
    if not left.members:
        return _dissolve(state, command.at)
    if state.head_contact_id == command.contact_id:
        left = left.model_copy(update={"head_contact_id": left.members[0].contact_id})
    return _told(left, "member-removed", command.contact_id)


def _reseat(state: HouseholdState, command: Reseat) -> Sequence[HouseholdEvent]:
    if not command.members:
        return _dissolve(state, command.at)
    seats = {"members": command.members, "head_contact_id": command.head_id}
    reseated = state.model_copy(update=seats)
    return [] if reseated == state else _told(reseated, command.action, command.contact_id)


def _without(state: HouseholdState, contact_id: UUID) -> HouseholdState:
    members = tuple(each for each in state.members if each.contact_id != contact_id)
    return state.model_copy(update={"members": members})


def _told(
    state: HouseholdState, action: HouseholdAction, contact_id: UUID | None = None
) -> Sequence[HouseholdEvent]:
    """The snapshot, which has the name, and the fact, which has not."""
    concerned = contact_id or state.head_contact_id
    assert concerned is not None
    fact = HouseholdChanged(
        household_id=state.household_id,
        member_contact_ids=members_of(state),
        head_contact_id=state.head_contact_id,
        action=action,
        contact_id=concerned,
    )
    return [state, fact]
