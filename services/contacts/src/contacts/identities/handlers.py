"""What is done with identities: an identifier is linked to a person, or unlinked."""

from uuid import UUID

from shared.cause import Cause
from shared.db import Pool, transaction, with_retries

from contacts.identities import store
from contacts.identities.domain import Command, Link, LinkIdentity, UnlinkIdentity


async def link_identity(pool: Pool, cause: Cause, command: LinkIdentity) -> Link:
    """Link it, or tell of the conflict where it is another's alone; answers whose it is."""
    return await _carry_out(pool, cause, command.link_id, command)


async def unlink_identity(pool: Pool, cause: Cause, link_id: UUID, command: UnlinkIdentity) -> Link:
    return await _carry_out(pool, cause, link_id, command)


async def _carry_out(pool: Pool, cause: Cause, link_id: UUID, command: Command) -> Link:
    async def attempt() -> Link:
        async with transaction(pool) as connection:
            link = await store.carry_out(connection, cause, link_id, command)
            assert link is not None
            return link

    return await with_retries(attempt)
