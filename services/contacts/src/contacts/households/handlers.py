"""What is done with households: each use case one transaction, people locked before households."""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from shared.cause import Cause
from shared.db import Connection, Pool, transaction, with_retries
from shared.http.requests import require_version

from contacts.households import store
from contacts.households.domain import (
    AddMember,
    Command,
    ForgetMember,
    FoundHousehold,
    Household,
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
                return carry_out(known, command).after
            elsewhere = await _require_people(connection, command.member_ids)
            change = carry_out(None, replace(command, elsewhere=elsewhere))
            await store.save_changes(connection, cause, [change])
            return change.after

    return await with_retries(attempt)


async def change_household(
    pool: Pool, cause: Cause, household_id: UUID, command: Command, if_match: int | None = None
) -> Household:
    async def attempt() -> Household:
        async with transaction(pool) as connection:
            wanted = command
            if isinstance(wanted, AddMember):
                elsewhere = await _require_people(connection, [wanted.contact_id])
                wanted = replace(wanted, elsewhere=elsewhere)
            household = await store.lock_household(connection, household_id)
            require_version(household.version, if_match)
            change = carry_out(household, wanted)
            await store.save_changes(connection, cause, [change])
            return change.after

    return await with_retries(attempt)


async def leave_all(connection: Connection, cause: Cause, contact_ids: Collection[UUID]) -> int:
    """Whoever was erased lives in no household; answers from how many they were taken."""
    locked = await store.lock_of_members(connection, contact_ids)
    changes = [
        carry_out(
            household, *(ForgetMember(each, cause.at) for each in _among(household, contact_ids))
        )
        for household in locked
    ]
    await store.save_changes(connection, cause, changes)
    return len(changes)


def _among(household: Household, contact_ids: Collection[UUID]) -> list[UUID]:
    return [each for each in members_of(household.state) if each in contact_ids]


async def _require_people(
    connection: Connection, contact_ids: Collection[UUID]
) -> dict[UUID, UUID]:
    """All are there and in use; answers who of them lives in which household already."""
    locked = await people.lock_people(connection, contact_ids)
    for contact_id in contact_ids:
        if contact_id not in locked:
            raise ContactNotFoundError(contact_id=contact_id)
        require_changeable(locked[contact_id])
        require_active(locked[contact_id].state)
    return await store.find_households_of(connection, contact_ids)
