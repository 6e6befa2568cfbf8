"""Old ids lead on: whoever was merged is meant by their old id, in every command and every fact.

What is locked here is merged by nobody before the commit, for a merge takes the same locks.
"""

from collections.abc import Awaitable, Callable, Collection
from typing import Protocol, TypeAlias, TypeVar
from uuid import UUID

from shared.aliases import current_ids
from shared.db import Connection
from shared.errors import Refusal
from shared.http.requests import require_version

from contacts.customers.store import hold_customers
from contacts.permits.store import lock_against_sending
from contacts.records import Recorded, RecordIsMergedError


class Record(Protocol):
    """A customer or a person."""

    @property
    def state(self) -> Recorded: ...


RecordT = TypeVar("RecordT", bound=Record)
Lock: TypeAlias = Callable[[Connection, Collection[UUID]], Awaitable[dict[UUID, RecordT]]]


async def lock_current(
    connection: Connection, lock: Lock[RecordT], ids: Collection[UUID]
) -> dict[UUID, RecordT]:
    """Lock whom these ids mean now, also where one is merged while we wait for its lock.

    Answers by the ids that were asked for: several may mean one record. Nothing more than the
    locks where none of them was merged, as most are not.
    """
    current = {each: each for each in ids}
    locked = await lock(connection, ids)
    while any(_is_merged(locked.get(each)) for each in current.values()):
        before, current = current, await current_ids(connection, ids)
        if current == before:
            break
        locked |= await lock(connection, set(current.values()))
    return {old_id: locked[id_] for old_id, id_ in current.items() if id_ in locked}


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
    current = {each: each for each in customer_ids}
    held: set[UUID] = set()
    while more := set(current.values()) - held:
        into = await hold_customers(connection, more)
        held |= more
        current = {each: id_ for each, id_ in current.items() if id_ not in more or id_ in into}
        if any(into.values()):
            current |= await current_ids(connection, list(current))
    return current


def require_seen(named: UUID, current: UUID, version: int, seen: int | None) -> None:
    """Refuse where the caller has seen another version, or one of a record that was merged since.

    A version is of one record: what was seen of the named one says nothing of the current one.
    """
    if seen is not None and named != current:
        raise RecordIsMergedError(merged_into=current)
    require_version(version, seen)


def _is_merged(record: Record | None) -> bool:
    return record is not None and record.state.record_status == "merged"


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
