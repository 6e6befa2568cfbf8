"""What is done with merges: each in one transaction, with all that contacts moves for it."""

from datetime import UTC, datetime
from uuid import UUID

from shared.cause import Cause
from shared.db import Pool, transaction, with_retries

from contacts.merges import store
from contacts.merges.domain import Merge, MergeRecords, repeated, require_several, undone
from contacts.merges.of_customers import merge_customers, unmerge_customers


async def merge_records(pool: Pool, cause: Cause, command: MergeRecords) -> Merge:
    """Make them one; a repeat is answered with what the first did."""
    require_several(command)

    async def attempt() -> Merge:
        async with transaction(pool) as connection:
            await store.lock_id(connection, command.merge_id)
            known = await store.find_merge(connection, command.merge_id)
            if known is not None:
                return repeated(known, command)
            return await merge_customers(connection, cause, command)

    return await with_retries(attempt)


async def unmerge_records(pool: Pool, cause: Cause, merge_id: UUID, reason_code: str) -> Merge:
    """Make them several again, each with what it brought; a repeat changes nothing."""

    async def attempt() -> Merge:
        async with transaction(pool) as connection:
            merge = await store.lock_merge(connection, merge_id)
            if merge.undone_at is not None:
                return merge
            await unmerge_customers(connection, cause, merge, reason_code)
            after = undone(merge, cause.at, cause.actor, reason_code)
            await store.save_undone(connection, after)
            return after

    return await with_retries(attempt)


async def forget_closed(pool: Pool) -> None:
    """The job: what was kept to undo a merge is deleted when it cannot be undone any more."""
    await store.forget_closed(pool, datetime.now(UTC))
