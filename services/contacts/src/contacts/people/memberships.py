"""The parts that people have in customers: begun, changed and ended, never overwritten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.contracts.contacts import ContactMembershipChanged, ContactState, Membership
from shared.errors import NotFoundError


class MembershipNotFoundError(NotFoundError):
    """The contact was never a member of this customer."""


@dataclass(frozen=True, slots=True)
class Part:
    """The part in a customer that a person is to have."""

    customer_id: UUID
    role: str | None = None
    is_primary: bool = False


@dataclass(frozen=True, slots=True)
class SetMembership:
    part: Part
    at: datetime


@dataclass(frozen=True, slots=True)
class EndMembership:
    customer_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class MoveMembership:
    """The customer is merged into another: whoever is in it is in the other, once."""

    from_id: UUID
    to_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class ReturnMembership:
    """The merge at `moved_at` is undone: whoever came by it and is still there goes back."""

    from_id: UUID
    to_id: UUID
    moved_at: datetime
    at: datetime


def change_membership(
    state: ContactState, command: SetMembership | EndMembership
) -> Sequence[ContactMembershipChanged]:
    """What a command makes of a person's part in one customer."""
    match command:
        case SetMembership():
            return _set(state, command.part, command.at)
        case EndMembership():
            return _end(state, command)


def move_membership(
    state: ContactState, command: MoveMembership
) -> Sequence[ContactMembershipChanged]:
    live = {each.customer_id: each for each in live_memberships(state)}
    leaving = live.pop(command.from_id, None)
    if leaving is None:
        return []
    ended = _membership_fact(state, leaving, action="ended", until=command.at)
    there = live.get(command.to_id)
    role = there.role if there and there.role else leaving.role
    is_primary = leaving.is_primary or (there is not None and there.is_primary)
    left = state.model_copy(update={"memberships": with_part(state.memberships, ended)})
    return [ended, *_set(left, Part(command.to_id, role, is_primary), command.at)]


def return_membership(
    state: ContactState, command: ReturnMembership
) -> Sequence[ContactMembershipChanged]:
    """Whoever was in both stays in the other; whoever has left it since comes back to neither."""
    moved = next((each for each in state.memberships if _was_moved(each, command)), None)
    live = {each.customer_id: each for each in live_memberships(state)}
    if moved is None or command.to_id in live:
        return []
    came = any(
        (each.customer_id, each.since) == (command.from_id, command.moved_at)
        for each in state.memberships
    )
    if came and command.from_id not in live:
        return []
    ended = (
        [_membership_fact(state, live[command.from_id], action="ended", until=command.at)]
        if came
        else []
    )
    for fact in ended:
        state = state.model_copy(update={"memberships": with_part(state.memberships, fact)})
    return [*ended, *_set(state, Part(command.to_id, moved.role, moved.is_primary), command.at)]


def _was_moved(membership: Membership, command: ReturnMembership) -> bool:
    return (membership.customer_id, membership.until) == (command.to_id, command.moved_at)


def live_memberships(state: ContactState) -> list[Membership]:
    return [each for each in state.memberships if each.until is None]


def _set(state: ContactState, part: Part, at: datetime) -> Sequence[ContactMembershipChanged]:
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


def _end(state: ContactState, command: EndMembership) -> Sequence[ContactMembershipChanged]:
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


def with_part(
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
