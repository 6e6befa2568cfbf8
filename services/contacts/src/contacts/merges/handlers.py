"""What is done with merges: each in one transaction, with all that contacts moves for it."""

from datetime import UTC, datetime
from uuid import UUID

from shared.cause import Cause
from shared.db import Pool, transaction, with_retries
from shared.failpoints import Failpoint

from contacts.merges import store
from contacts.merges.domain import Merge, MergeRecords, repeated, require_several, undone
from contacts.merges.of_customers import merge_customers, unmerge_customers
from contacts.merges.of_people import merge_people, unmerge_people
from contacts.merges.preview import Preview, preview_customers, preview_people
from contacts.permits.handlers import none_can_send

_BEFORE_SENDERS = Failpoint("merge.before-senders")


async def merge_records(pool: Pool, cause: Cause, command: MergeRecords) -> Merge:
    """Make them one; a repeat is answered with what the first did.

    Of people some may not be written to any more: answers when nobody can, as every no.
    """
    require_several(command)

    async def attempt() -> Merge:
        async with transaction(pool) as connection:
            await store.lock_id(connection, command.merge_id)
            known = await store.find_merge(connection, command.merge_id)
            if known is not None:
                return repeated(known, command)
            if command.party == "customer":
                return await merge_customers(connection, cause, command)
            return await merge_people(connection, cause, command)

    merge = await with_retries(attempt)
    await _wait_for_senders(pool, merge)
    return merge


async def preview(pool: Pool, cause: Cause, command: MergeRecords) -> Preview:
    """What the merge would do, and all that objects; nothing is changed."""
    require_several(command)
    async with pool.acquire() as connection:
        if command.party == "customer":
            return await preview_customers(connection, command)
        return await preview_people(connection, command, cause.at)


async def unmerge_records(pool: Pool, cause: Cause, merge_id: UUID, reason_code: str) -> Merge:
    """Make them several again, each with what it brought; a repeat changes nothing."""

    async def attempt() -> Merge:
        async with transaction(pool) as connection:
            merge = await store.lock_merge(connection, merge_id)
            if merge.undone_at is not None:
                return merge
            unmerge = unmerge_customers if merge.party == "customer" else unmerge_people
            await unmerge(connection, cause, merge, reason_code)
            after = undone(merge, cause.at, cause.actor, reason_code)
            await store.save_undone(connection, after)
            return after

    merge = await with_retries(attempt)
    await _wait_for_senders(pool, merge)
    return merge


async def _wait_for_senders(pool: Pool, merge: Merge) -> None:
    _BEFORE_SENDERS.reach()
    if merge.party == "contact":
        await none_can_send(pool, merge.record_ids)


async def forget_closed(pool: Pool) -> None:
    """The job: what was kept to undo a merge is deleted when it cannot be undone any more."""
    await store.forget_closed(pool, datetime.now(UTC))
