"""Use cases of confirmations: reserve the question, hand it over, report, take the answer."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from shared.cause import Cause
from shared.contracts.contacts import ConsentConfirmationRequested
from shared.db import Connection, Pool, transaction
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from campaigns.confirmations import store
from campaigns.confirmations.domain import (
    Command,
    Confirm,
    Confirmation,
    GiveUp,
    Report,
    decide,
    evolve,
    hand_over,
    take_back,
)
from campaigns.confirmations.store import Addressee
from campaigns.mail_outcomes import Outcome

LOST_AFTER = timedelta(seconds=120)


async def reserve(
    connection: Connection, cause: Cause, asked: ConsentConfirmationRequested
) -> None:
    """A mail for the question; one that came too late to be answered gets none."""
    if asked.expires_at <= cause.at:
        return
    confirmation = Confirmation(
        asked.token_id,
        asked.consent_id,
        asked.contact_id,
        asked.channel,
        asked.purpose,
        asked.expires_at,
        next_attempt_at=cause.at,
    )
    await store.insert_confirmation(connection, confirmation, cause)


async def hand_over_due(
    pool: Pool, now: datetime, limit: int
) -> list[tuple[Confirmation, Addressee]] | None:
    """Mark the questions that go out now; None where none was due.

    Whose address has not come yet waits for it, as long as the link would be good for anything.
    """
    async with transaction(pool) as connection:
        due = await store.lock_due(connection, now, limit)
        if not due:
            return None
        addressees = await store.find_addressees(connection, [each.contact_id for each in due])
        ready = [
            (hand_over(each, now, addressee.subject_hash), addressee)
            for each in due
            if (addressee := addressees.get(each.contact_id)) and now < each.expires_at
        ]
        going = {each.token_id for each, _ in ready}
        waiting = [each for each in due if each.token_id not in going and now < each.expires_at]
        over = {each.token_id: GiveUp("no-point", now) for each in due if now >= each.expires_at}
        await store.save(
            connection,
            [*(each for each, _ in ready), *(take_back(e, "unreachable", now) for e in waiting)],
        )
        await _record(connection, due, over, now)
        return ready


async def report(pool: Pool, ends: Mapping[UUID, Outcome], now: datetime) -> None:
    """Note what the mail server said; a question it surely has not taken is asked again."""
    async with transaction(pool) as connection:
        locked = await store.lock_these(connection, list(ends))
        going = [each for each in locked if each.status == "handing-over"]
        back = [each for each in going if ends[each.token_id] in {"try-later", "unreachable"}]
        await store.save(connection, [take_back(e, ends[e.token_id], now) for e in back])
        commands = {each.token_id: Report(ends[each.token_id], now) for each in going}
        await _record(connection, going, commands, now)


async def give_up(pool: Pool, token_ids: Sequence[UUID], now: datetime) -> None:
    """Contacts says that these are no open questions any more."""
    async with transaction(pool) as connection:
        locked = await store.lock_these(connection, token_ids)
        commands = {each.token_id: GiveUp("not-open", now) for each in locked}
        await _record(connection, locked, commands, now)


async def give_up_lost(pool: Pool, now: datetime) -> None:
    """What a dead sender left behind is not asked again blindly."""
    async with transaction(pool) as connection:
        lost = await store.lock_lost(connection, now - LOST_AFTER)
        await _record(connection, lost, {e.token_id: Report("unknown", now) for e in lost}, now)


async def confirm(pool: Pool, cause: Cause, token_id: UUID) -> None:
    """Take the answer, once; raises `LinkIsOverError`."""
    async with transaction(pool) as connection:
        confirmation = await store.lock_confirmation(connection, token_id)
        for event in decide(confirmation, Confirm(cause.at)):
            after = evolve(confirmation, event)
            await store.save(connection, [after])
            await outbox.append(connection, cause, [Fact(event, after.version)])


async def _record(
    connection: Connection,
    locked: Sequence[Confirmation],
    commands: Mapping[UUID, Command],
    now: datetime,
) -> None:
    saved: list[Confirmation] = []
    facts: list[Fact] = []
    causes = await store.load_causes(connection, list(commands), now) if commands else {}
    for confirmation in locked:
        command = commands.get(confirmation.token_id)
        for event in decide(confirmation, command) if command else ():
            saved.append(evolve(confirmation, event))
            facts.append(Fact(event, saved[-1].version, causes[confirmation.token_id]))
    if facts:
        await store.save(connection, saved)
        await outbox.append(connection, next(iter(causes.values())), facts)
