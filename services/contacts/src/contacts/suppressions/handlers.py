"""What is done with suppressions."""

from shared.cause import Cause
from shared.db import Pool, transaction, with_retries

from contacts.permits.handlers import none_can_send
from contacts.suppressions import store
from contacts.suppressions.domain import AddSuppression, Command, Suppression


async def change_suppression(pool: Pool, cause: Cause, command: Command) -> Suppression:
    """Add or lift one; an added one is answered when nobody can write to the address any more."""

    async def attempt() -> Suppression:
        async with transaction(pool) as connection:
            return await store.record(connection, cause, command)

    suppression = await with_retries(attempt)
    if isinstance(command, AddSuppression):
        await none_can_send(pool, [], [command.subject_hash])
    return suppression
