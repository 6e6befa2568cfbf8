"""Old ids lead on: whoever was merged is meant by their old id, in every command and every fact.

What is locked here is merged by nobody before the commit, for a merge takes the same locks; and its
merges are not undone, for that takes the lock of the one that stays. An old id itself is never
locked: who waited for the one that stays with that in hand would stand in the way of an undoing,
which takes both in the order of their ids.
"""

from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Protocol, TypeAlias, TypeVar
from uuid import UUID

from shared.aliases import current_ids
from shared.db import Connection
from shared.errors import Refusal
from shared.http.requests import require_version

from contacts.customers.store import hold_customers
from contacts.permits.store import lock_against_sending
from contacts.records import RecordIsMergedError

RecordT = TypeVar("RecordT")
Hold: TypeAlias = Callable[[Collection[UUID]], Awaitable[Collection[UUID]]]


class Lock(Protocol[RecordT]):
    """Locks customers, or people, in the order of their ids; answers those that are there."""

    def __call__(
        self, connection: Connection, ids: Collection[UUID], /, *, even_merged: bool = True
    ) -> Awaitable[dict[UUID, RecordT]]: ...


async def lock_current(
    connection: Connection, lock: Lock[RecordT], ids: Collection[UUID]
) -> dict[UUID, RecordT]:
    """Lock whom these ids mean now, also where one is merged while we wait for its lock.

    Answers by the ids that were asked for: several may mean one record; unknown ones are absent.
    """
    locked: dict[UUID, RecordT] = {}

    async def hold(wanted: Collection[UUID]) -> Collection[UUID]:
        found = await lock(connection, wanted, even_merged=False)
        locked.update(found)
        return found

    current = await _led_on(connection, hold, ids)
    return {old_id: locked[id_] for old_id, id_ in current.items()}


async def lock_named(
    connection: Connection,
    lock: Lock[RecordT],
    ids: Collection[UUID],
    missing: Callable[[UUID], Refusal],
) -> dict[UUID, RecordT]:
    """These very records: locked in the order of their ids, answered in the order of the names."""
    locked = await lock(connection, ids)
    for record_id in ids:
        if record_id not in locked:
            raise missing(record_id)
    return {record_id: locked[record_id] for record_id in ids}


async def hold_current(connection: Connection, customer_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Whom these ids of customers mean now; unknown ones are absent. Nobody merges these now.

    To be called before the first person is locked.
    """
    return await _led_on(
        connection, partial(hold_customers, connection, even_merged=False), customer_ids
    )


async def _led_on(connection: Connection, hold: Hold, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Whom these ids mean once those are held, as looked up anew after the last of them.

    Nothing more than the locks where all are there and none was merged, as most are.
    """
    held = set(await hold(ids))
    old_ids = [each for each in ids if each not in held]
    current: dict[UUID, UUID] = {}
    while old_ids and (now := await current_ids(connection, old_ids)) != current:
        current = now
        held |= set(await hold(set(now.values()) - held))
    meant = {each: current.get(each, each) for each in ids}
    return {each: id_ for each, id_ in meant.items() if id_ in held}


def require_seen(named: UUID, current: UUID, version: int, seen: int | None) -> None:
    """Refuse where the caller has seen another version, or one of a record that was merged since.

    A version is of one record: what was seen of the named one says nothing of the current one.
    """
    if seen is not None and named != current:
        raise RecordIsMergedError(merged_into=current)
    require_version(version, seen)


async def lock_current_against_sending(
    connection: Connection, contact_id: UUID, subject_hashes: Collection[str] = ()
) -> UUID:
    """Until the commit nobody gets a permit for whom this id means, who is the answer."""
    current = contact_id
    while True:
        await lock_against_sending(connection, [current], list(subject_hashes))
        before, current = current, (await current_ids(connection, [contact_id]))[contact_id]
        if current == before:
            return current
