"""What is done with touches that other systems tell of, and with those of whom nobody knows."""

from collections.abc import Sequence
from typing import TypeAlias
from uuid import UUID

from shared.cause import Cause
from shared.contact_points import PhoneInvalidError
from shared.contracts.external import CallCompleted, PurchaseRecorded
from shared.db import Connection, Pool

from contacts.identities import store as identities
from contacts.identities.domain import link_id_of
from contacts.interactions import store as interactions
from contacts.interactions.domain import Interaction, RecordInteraction, carry_out
from contacts.interactions.handlers import record_interaction
from contacts.people import store as people
from contacts.people.finding import find_all_by_phones
from contacts.people.members import find_only_customers
from contacts.points import PointRules
from contacts.touches import store
from contacts.touches.domain import Touch, attached, of_call, of_purchase

Calls: TypeAlias = Sequence[tuple[CallCompleted, Cause]]
Purchases: TypeAlias = Sequence[tuple[PurchaseRecorded, Cause]]


async def note_calls(connection: Connection, calls: Calls, rules: PointRules) -> None:
    """A call is with whoever has the number alone."""
    numbers = [_number(rules, call.phone) for call, _ in calls]
    owners = await find_all_by_phones(connection, {each for each in numbers if each})
    touches = [
        Touch(
            of_call(call),
            tuple(owners.get(number or "", ())),
            rules.subject("phone", number) if number else None,
            cause,
        )
        for (call, cause), number in zip(calls, numbers, strict=True)
    ]
    await _keep(connection, touches)


def _number(rules: PointRules, phone: str) -> str | None:
    """The number as it is compared; None where it is none, such as a withheld one."""
    try:
        return rules.read("phone", phone).normalized
    except PhoneInvalidError:
        return None


async def note_purchases(connection: Connection, purchases: Purchases, rules: PointRules) -> None:
    """A purchase is of whoever the card's number is linked to."""
    hashes = [rules.identifier("loyalty_no", each.loyalty_no) for each, _ in purchases]
    link_ids = [
        link_id_of("loyalty_no", hashed, each.program)
        for (each, _), hashed in zip(purchases, hashes, strict=True)
    ]
    links = await identities.find_links(connection, link_ids)
    owners = {each: link.linked.contact_id for each, link in links.items() if link.is_active}
    present = await people.find_present(connection, set(owners.values()))
    touches = [
        Touch(
            of_purchase(purchase),
            tuple({owners[link_id]} & present) if link_id in owners else (),
            hashed,
            cause,
        )
        for (purchase, cause), hashed, link_id in zip(purchases, hashes, link_ids, strict=True)
    ]
    await _keep(connection, touches)
    await identities.note_sightings(
        connection,
        [
            (links[link_id], touch.cause.at)
            for link_id, touch in zip(link_ids, touches, strict=True)
            if touch.contact_id is not None
        ],
    )


async def _keep(connection: Connection, touches: Sequence[Touch]) -> None:
    """Those of a known person as interactions, with the customer where there is one alone."""
    owners = {touch.contact_id for touch in touches if touch.contact_id}
    customers = await find_only_customers(connection, owners)
    recorded = [
        (
            *carry_out(
                None,
                RecordInteraction(
                    attached(touch.told, touch.contact_id, customers.get(touch.contact_id)),
                    touch.told.occurred_at,
                ),
            ),
            touch.cause,
        )
        for touch in touches
        if touch.contact_id
    ]
    if recorded:
        await interactions.insert_interactions(connection, recorded[0][2], recorded)
    open_ones = [touch.unattached for touch in touches if touch.contact_id is None]
    await store.insert_unattached(connection, open_ones)


async def attach(
    pool: Pool,
    cause: Cause,
    interaction_id: UUID,
    contact_id: UUID | None,
    customer_id: UUID | None,
) -> Interaction:
    """Somebody says whose it is: it is an interaction like every other from now on."""
    async with pool.acquire() as connection:
        touch = await store.load_touch(connection, interaction_id)
        if contact_id is not None and customer_id is None:
            found = await find_only_customers(connection, [contact_id])
            customer_id = found.get(contact_id)
    told = attached(touch.told, contact_id, customer_id)
    return await record_interaction(pool, cause, RecordInteraction(told, cause.at))
