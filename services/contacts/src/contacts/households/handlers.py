"""What is done with households: each use case one transaction, people locked before households."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from shared.aliases import current_ids
from shared.cause import Cause
from shared.db import Connection, Pool, transaction, with_retries
from shared.http.requests import require_version

from contacts.current import lock_current
from contacts.history.store import delete_history
from contacts.households import store
from contacts.households.decisions import Seat, seats_merged, seats_returned
from contacts.households.domain import (
    AddMember,
    Command,
    ForgetMember,
    FoundHousehold,
    Household,
    RemoveMember,
    SetHead,
    carry_out,
    members_of,
)
from contacts.people import store as people
from contacts.people.domain import ContactNotFoundError, require_changeable
from contacts.records import require_active


async def found_household(pool: Pool, cause: Cause, command: FoundHousehold) -> Household:
    async def attempt() -> Household:
        async with transaction(pool) as connection:
            known = await store.find_household(connection, command.household_id)
            if known is not None:
                meant = await current_ids(connection, command.member_ids)
                return carry_out(known, _of(command, meant)).after
            meant = await _require_people(connection, command.member_ids)
            elsewhere = await store.find_households_of(connection, set(meant.values()))
            change = carry_out(None, replace(_of(command, meant), elsewhere=elsewhere))
            await store.save_changes(connection, cause, [change])
            return change.after

    return await with_retries(attempt)


async def change_household(
    pool: Pool, cause: Cause, household_id: UUID, command: Command, if_match: int | None = None
) -> Household:
    async def attempt() -> Household:
        async with transaction(pool) as connection:
            wanted = await _meant(connection, command)
            household = await store.lock_household(connection, household_id)
            require_version(household.version, if_match)
            if isinstance(command, RemoveMember) and _lives_in(household, command.contact_id):
                wanted = command  # merged before seats followed merges
            change = carry_out(household, wanted)
            await store.save_changes(connection, cause, [change])
            return change.after

    return await with_retries(attempt)


async def leave_all(connection: Connection, cause: Cause, contact_ids: Collection[UUID]) -> int:
    """Whoever was erased lives in no household; answers from how many they were taken.

    What those went by is gone, and so is their history, in which it stands.
    """
    locked = await store.lock_of_members(connection, contact_ids)
    changes = [
        carry_out(
            household, *(ForgetMember(each, cause.at) for each in _among(household, contact_ids))
        )
        for household in locked
    ]
    await store.save_changes(connection, cause, changes)
    await delete_history(connection, [each.state.household_id for each in locked])
    return len(changes)


async def merge_seats(
    connection: Connection, cause: Cause, merged_ids: Sequence[UUID], survivor_id: UUID
) -> list[Seat]:
    """Whoever stays sits once, where they lived or where the first of the others did.

    Answers where the others lived; the caller holds the people's locks.
    """
    locked = await store.lock_of_members(connection, [survivor_id, *merged_ids])
    made = seats_merged(locked, merged_ids, survivor_id, cause.at)
    await store.save_changes(connection, cause, [change for change, _ in made])
    return [seat for _, seats in made for seat in seats]


async def return_seats(
    connection: Connection,
    cause: Cause,
    merge_id: UUID,
    survivor_id: UUID,
    seats: Sequence[Seat],
) -> None:
    """The undoing of a merge: each lives where they lived, unless that has changed since."""
    if not seats:
        return
    locked = await store.lock_households(connection, {seat.household_id for seat in seats})
    by_id = {each.state.household_id: each for each in locked}
    changes = seats_returned(by_id, seats, survivor_id, merge_id, cause.at)
    await store.save_changes(connection, cause, changes)


def _lives_in(household: Household, contact_id: UUID) -> bool:
    return contact_id in members_of(household.state)


def _among(household: Household, contact_ids: Collection[UUID]) -> list[UUID]:
    return [each for each in members_of(household.state) if each in contact_ids]


def _of(command: FoundHousehold, meant: Mapping[UUID, UUID]) -> FoundHousehold:
    """The same of whom these ids mean now, each once."""
    members = tuple(dict.fromkeys(meant.get(each, each) for each in command.member_ids))
    head_id = meant.get(command.head_id, command.head_id)
    return replace(command, member_ids=members, head_id=head_id)


async def _meant(connection: Connection, command: Command) -> Command:
    """The same of whom the command means now; who is taken in is in use, and may live elsewhere."""
    match command:
        case AddMember(contact_id=contact_id):
            meant = await _require_people(connection, [contact_id])
            elsewhere = await store.find_households_of(connection, meant.values())
            return replace(command, contact_id=meant[contact_id], elsewhere=elsewhere)
        case RemoveMember(contact_id=contact_id) | SetHead(contact_id=contact_id):
            locked = await lock_current(connection, people.lock_people, [contact_id])
            person = locked.get(contact_id)
            return replace(command, contact_id=person.state.contact_id) if person else command
        case _:
            return command


async def _require_people(
    connection: Connection, contact_ids: Collection[UUID]
) -> dict[UUID, UUID]:
    """All are there and in use; answers whom each of the ids means now."""
    locked = await lock_current(connection, people.lock_people, contact_ids)
    for contact_id in contact_ids:
        if contact_id not in locked:
            raise ContactNotFoundError(contact_id=contact_id)
        require_changeable(locked[contact_id])
        require_active(locked[contact_id].state)
    return {contact_id: person.state.contact_id for contact_id, person in locked.items()}
