"""What is done with interactions: people record and correct them, facts elsewhere are some."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias
from uuid import UUID

from shared.aliases import current_ids
from shared.cause import Cause
from shared.contracts.campaigns import ResponseRecorded
from shared.contracts.contacts import InteractionRecorded
from shared.contracts.service_desk import TicketOpened
from shared.db import Connection, Pool, transaction, with_retries
from shared.errors import StaleVersionError
from shared.http.requests import require_version
from shared.ids import derived_id

from contacts.current import lock_current
from contacts.customers import store as customers
from contacts.customers.handlers import lock_customer
from contacts.interactions import store
from contacts.interactions.domain import (
    CorrectInteraction,
    Interaction,
    RecordInteraction,
    carry_out,
    of_response,
    of_ticket,
    parties_of,
    with_parties,
)
from contacts.people import store as people
from contacts.people.domain import ContactNotFoundError
from contacts.records import require_present

Elsewhere: TypeAlias = TicketOpened | ResponseRecorded


async def meant_now(connection: Connection, wanted: store.Wanted) -> store.Wanted:
    """The same filter with whom its ids mean now."""
    named = [each for each in (wanted.customer_id, wanted.contact_id) if each is not None]
    now = await current_ids(connection, named)
    customer_id, contact_id = (
        now[each] if each is not None else None for each in (wanted.customer_id, wanted.contact_id)
    )
    return replace(wanted, customer_id=customer_id, contact_id=contact_id)


async def record_interaction(pool: Pool, cause: Cause, command: RecordInteraction) -> Interaction:
    async def attempt() -> Interaction:
        async with transaction(pool) as connection:
            known = await store.lock_interaction(connection, command.told.interaction_id)
            lead_on = _led_on if known else _require_parties
            told = await lead_on(connection, command.told)
            after, facts = carry_out(known, replace(command, told=told))
            recorded = [(after, facts, cause)]
            if facts and not await store.insert_interactions(connection, cause, recorded):
                raise StaleVersionError
            return after

    return await with_retries(attempt)


async def correct_interaction(
    pool: Pool,
    cause: Cause,
    interaction_id: UUID,
    command: CorrectInteraction,
    if_match: int | None,
) -> Interaction:
    """Who was in touch is locked before the interaction is, as an erasure does."""
    async with transaction(pool) as connection:
        seen = await store.load_interaction(connection, interaction_id)
        with_whom = command.said.get("contact_ids", seen.told.contact_ids)
        told = seen.told.model_copy(update={"contact_ids": with_whom})
        told = await _require_parties(connection, told)
        if "contact_ids" in command.said:
            said = {**command.said, "contact_ids": told.contact_ids}
            command = replace(command, said=said)
        known = await store.lock_interaction(connection, interaction_id)
        assert known is not None
        require_version(known.version, if_match)
        after, facts = carry_out(known, command)
        if facts:
            await store.save_correction(connection, cause, after, command.reason_code, facts)
        return after


async def _require_parties(
    connection: Connection, told: InteractionRecorded
) -> InteractionRecorded:
    """Who is named is there and not erased, and is not erased before this is kept.

    Answers the same with all as whom they are now.
    """
    now: dict[UUID, UUID] = {}
    if told.customer_id is not None:
        customer = await lock_customer(connection, told.customer_id)
        require_present(customer.state)
        now[told.customer_id] = customer.state.customer_id
    locked = await lock_current(connection, people.lock_people, told.contact_ids)
    for contact_id in told.contact_ids:
        if contact_id not in locked:
            raise ContactNotFoundError(contact_id=contact_id)
        require_present(locked[contact_id].state)
    now |= {old_id: person.state.contact_id for old_id, person in locked.items()}
    return with_parties(told, now)


async def _led_on(connection: Connection, told: InteractionRecorded) -> InteractionRecorded:
    return with_parties(told, await current_ids(connection, parties_of(told)))


async def note_elsewhere(
    connection: Connection, happened: Sequence[tuple[UUID, Elsewhere, Cause]]
) -> None:
    """Facts of other services that are interactions; the event's id makes the interaction's."""
    told_of = list(_told(happened))
    await customers.hold_customers(
        connection, {told.customer_id for told, _ in told_of if told.customer_id}
    )
    await people.hold_people(connection, {each for told, _ in told_of for each in told.contact_ids})
    now = await current_ids(connection, {each for told, _ in told_of for each in parties_of(told)})
    recorded = [
        (*carry_out(None, RecordInteraction(with_parties(told, now), told.occurred_at)), cause)
        for told, cause in told_of
    ]
    if recorded:
        await store.insert_interactions(connection, recorded[0][2], recorded)


def _told(
    happened: Iterable[tuple[UUID, Elsewhere, Cause]],
) -> Iterable[tuple[InteractionRecorded, Cause]]:
    for event_id, event, cause in happened:
        interaction_id = derived_id(event_id, "interaction")
        told = (
            of_ticket(interaction_id, event)
            if isinstance(event, TicketOpened)
            else of_response(interaction_id, event)
        )
        if told is not None:
            yield told, cause
