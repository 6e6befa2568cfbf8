"""Use cases of permits: ask for a batch, end it, and wait until a no is in force everywhere."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from shared.aliases import current_ids
from shared.db import Connection, Pool, transaction, with_retries
from shared.ids import new_id

from contacts.permits import store
from contacts.permits.domain import Reason, Recipient, against

LONGEST_PERMIT = 60.0
"""Seconds: who says no waits no longer, whatever has become of a sender."""

_SHORTEST_LOOK, _LONGEST_LOOK = 0.02, 0.2


@dataclass(frozen=True, slots=True)
class Permit:
    """Until when those may be written to against whom nothing speaks; without any it has no id."""

    permit_id: UUID | None
    ends_at: datetime | None
    against: Sequence[Reason | None]


async def ask_to_send(
    pool: Pool, sender: str, recipients: Sequence[Recipient], seconds: float
) -> Permit:
    """Decide about each recipient by what is true now, and note who is being written to."""

    async def attempt() -> Permit:
        async with transaction(pool) as connection:
            current = await _lock_to_send(connection, recipients)
            standings = await store.load_standings(connection, current)
            reasons: list[Reason | None] = [
                against(each, known) for each, known in zip(current, standings, strict=True)
            ]
            allowed = [
                recipient
                for recipient, reason in zip(current, reasons, strict=True)
                if reason is None
            ]
            if not allowed:
                return Permit(None, None, reasons)
            permit_id = new_id()
            ends_at = await store.insert_permit(connection, permit_id, sender, allowed, seconds)
            return Permit(permit_id, ends_at, reasons)

    return await with_retries(attempt)


async def _lock_to_send(
    connection: Connection, recipients: Sequence[Recipient]
) -> Sequence[Recipient]:
    """The recipients as whom they are now, of whom nobody is merged before the commit."""
    current = recipients
    while True:
        await store.lock_to_send(connection, current)
        ids = await current_ids(connection, {each.contact_id for each in recipients})
        before = current
        current = [replace(each, contact_id=ids[each.contact_id]) for each in recipients]
        if list(current) == list(before):
            return current


async def none_can_send(
    pool: Pool, contact_ids: Sequence[UUID], subject_hashes: Sequence[str] = ()
) -> None:
    """Return when nobody writes to these any more who was allowed to before.

    To be called after the commit of the no. A sender that ends its permit ends the waiting; one
    that is cut off or dead ends it by its time, after which it starts nothing.
    """
    before = await store.list_in_force(pool, contact_ids, subject_hashes)
    pause = _SHORTEST_LOOK
    while before and await store.is_any_in_force(pool, before):
        await asyncio.sleep(pause)
        pause = min(pause * 1.3, _LONGEST_LOOK)


async def forget_ended(pool: Pool) -> None:
    """The job: permits whose sender has died leave no rows behind."""
    await store.forget_ended(pool)
