"""What is done with relationships."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from shared.aliases import current_ids
from shared.cause import Cause
from shared.contracts.contacts import PartyType, RelationshipEstablished
from shared.db import Connection, Pool, transaction, with_retries
from shared.ids import derived_id

from contacts.customers import store as customers
from contacts.customers.handlers import lock_customer
from contacts.people import store as people
from contacts.people.handlers import lock_person
from contacts.records import is_present, require_active
from contacts.relationships import store
from contacts.relationships.domain import (
    NO_ROOM,
    Command,
    EndRelationship,
    EstablishRelationship,
    Relationship,
    RelationshipNotFoundError,
    between,
    decide,
    evolve,
)


async def establish_relationship(
    pool: Pool, cause: Cause, told: RelationshipEstablished
) -> Relationship:
    async def attempt() -> Relationship:
        async with transaction(pool) as connection:
            known = await store.lock_relationship(connection, told.relationship_id)
            if known is None:
                current = await _require_parties(connection, told)
                await store.lock_groups(connection)
                around = await store.find_surroundings(connection, current)
                command = EstablishRelationship(current, around)
            else:
                command = EstablishRelationship(await _as_known(connection, known.told, told))
            return await _carry_out(connection, cause, known, command)

    return await with_retries(attempt)


async def _as_known(
    connection: Connection, known: RelationshipEstablished, told: RelationshipEstablished
) -> RelationshipEstablished:
    """A repeat names whom it named at first, though one of them is merged by now."""
    ids = {told.from_id, told.to_id, known.from_id, known.to_id}
    now = await current_ids(connection, ids)
    same = (now[told.from_id], now[told.to_id]) == (now[known.from_id], now[known.to_id])
    there = {"from_id": known.from_id, "to_id": known.to_id}
    return told.model_copy(update=there) if same else told


async def _require_parties(
    connection: Connection, told: RelationshipEstablished
) -> RelationshipEstablished:
    """Both are there and in use; customers are locked before people, each in one order.

    Answers the same with both as whom they are now.
    """
    parties: list[tuple[UUID, PartyType]] = [
        (told.from_id, told.from_type),
        (told.to_id, told.to_type),
    ]
    now = {
        party_id: await _require_party(connection, party_id, party_type)
        for party_id, party_type in sorted(parties, key=_turn)
    }
    return told.model_copy(update={"from_id": now[told.from_id], "to_id": now[told.to_id]})


def _turn(party: tuple[UUID, PartyType]) -> tuple[bool, UUID]:
    party_id, party_type = party
    return party_type != "customer", party_id


async def _require_party(connection: Connection, party_id: UUID, party_type: PartyType) -> UUID:
    if party_type == "customer":
        customer = await lock_customer(connection, party_id)
        require_active(customer.state)
        return customer.state.customer_id
    person = await lock_person(connection, party_id)
    require_active(person.state)
    return person.state.contact_id


async def end_relationship(
    pool: Pool, cause: Cause, relationship_id: UUID, reason_code: str
) -> Relationship:
    async with transaction(pool) as connection:
        known = await store.lock_relationship(connection, relationship_id)
        if known is None:
            raise RelationshipNotFoundError(relationship_id=relationship_id)
        command = EndRelationship(reason_code, cause.at)
        return await _carry_out(connection, cause, known, command)


async def end_all_of(
    connection: Connection, cause: Cause, party_ids: Collection[UUID], reason_code: str
) -> int:
    """Whoever was erased is related to nobody; answers how many relationships that ended."""
    active = await _lock_active_of(connection, party_ids)
    for relationship in active:
        command = EndRelationship(reason_code, cause.at)
        await _carry_out(connection, cause, relationship, command)
    return len(active)


async def move_all(
    connection: Connection, cause: Cause, merge_id: UUID, merged_ids: Collection[UUID], to_id: UUID
) -> list[tuple[UUID, UUID | None]]:
    """What these parties have with others is the survivor's: ended here, established there.

    What the survivor has already, has with them, or can have once only is not established again.
    Answers what ended, and what it has become.
    """
    active = await _lock_active_of(connection, merged_ids)
    for relationship in active:
        await _carry_out(connection, cause, relationship, EndRelationship("merged", cause.at))
    now = dict.fromkeys(merged_ids, to_id)
    moved: list[tuple[UUID, UUID | None]] = []
    for told in (relationship.told for relationship in active):
        new_id = derived_id("merged", merge_id, told.relationship_id)
        is_new = await _establish_if_it_fits(connection, cause, between(told, now, new_id))
        moved.append((told.relationship_id, new_id if is_new else None))
    return moved


async def return_all(
    connection: Connection,
    cause: Cause,
    merge_id: UUID,
    moved: Sequence[tuple[UUID, UUID | None]],
) -> None:
    """The undoing of a merge: each has back what was moved, unless that has ended since."""
    if moved:
        await store.lock_groups(connection)
    back: list[RelationshipEstablished] = []
    for old_id, new_id in moved:
        taken = await store.lock_relationship(connection, new_id) if new_id else None
        if taken is not None and taken.ended_at is None:
            await _carry_out(connection, cause, taken, EndRelationship("unmerged", cause.at))
        if taken is None or taken.ended_at is None:
            back.append((await store.load_relationship(connection, old_id)).told)
    for told in back:
        parties = await current_ids(connection, {told.from_id, told.to_id})
        new_id = derived_id("unmerged", merge_id, told.relationship_id)
        if await _are_present(connection, told, parties):
            await _establish_if_it_fits(connection, cause, between(told, parties, new_id))


async def _lock_active_of(
    connection: Connection, party_ids: Collection[UUID]
) -> list[Relationship]:
    """How these parties are related now, the other end being moved by nobody.

    Who waits for the row alone finds it ended, and not the one that another merge made of it.
    """
    if not await store.count_active_of(connection, party_ids):
        return []
    await store.lock_groups(connection)
    return await store.lock_active_of(connection, party_ids)


async def _are_present(
    connection: Connection, told: RelationshipEstablished, now: Mapping[UUID, UUID]
) -> bool:
    """Whoever was erased since is related to nobody."""
    for party_id, party_type in ((told.from_id, told.from_type), (told.to_id, told.to_type)):
        find = customers.find_customer if party_type == "customer" else people.find_person
        party = await find(connection, now[party_id])
        if party is None or not is_present(party.state):
            return False
    return True


async def _establish_if_it_fits(
    connection: Connection, cause: Cause, told: RelationshipEstablished
) -> bool:
    around = await store.find_surroundings(connection, told)
    try:
        await _carry_out(connection, cause, None, EstablishRelationship(told, around))
    except NO_ROOM:
        return False
    return True


async def _carry_out(
    connection: Connection, cause: Cause, relationship: Relationship | None, command: Command
) -> Relationship:
    events = decide(relationship, command)
    for event in events:
        relationship = evolve(relationship, event)
    assert relationship is not None
    await store.save_relationship(connection, cause, relationship, events)
    return relationship
