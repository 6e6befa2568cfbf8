"""What is done with suppressions."""

from shared.cause import Cause
from shared.db import Pool, transaction, with_retries

from contacts.suppressions import store
from contacts.suppressions.domain import Command, Suppression


async def change_suppression(pool: Pool, cause: Cause, command: Command) -> Suppression:
    """Add or lift one; the answer comes after the commit."""

    async def attempt() -> Suppression:
        async with transaction(pool) as connection:
            return await store.record(connection, cause, command)

    return await with_retries(attempt)
