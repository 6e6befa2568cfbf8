"""What is done with relationships."""

from collections.abc import Collection
from uuid import UUID

from shared.cause import Cause
from shared.contracts.contacts import PartyType, RelationshipEstablished
from shared.db import Connection, Pool, transaction, with_retries

from contacts.customers import store as customers
from contacts.people import store as people
from contacts.records import require_active
from contacts.relationships import store
from contacts.relationships.domain import (
    Command,
    EndRelationship,
    EstablishRelationship,
    Relationship,
    RelationshipNotFoundError,
    decide,
    evolve,
)


async def establish_relationship(
    pool: Pool, cause: Cause, told: RelationshipEstablished
) -> Relationship:
    async def attempt() -> Relationship:
        async with transaction(pool) as connection:
            known = await store.lock_relationship(connection, told.relationship_id)
            command = EstablishRelationship(told)
            if known is None:
                await _require_parties(connection, told)
                await store.lock_groups(connection)
                around = await store.find_surroundings(connection, told)
                command = EstablishRelationship(told, around)
            return await _carry_out(connection, cause, known, command)

    return await with_retries(attempt)


async def _require_parties(connection: Connection, told: RelationshipEstablished) -> None:
    """Both are there and in use; customers are locked before people, each in one order."""
    parties: list[tuple[UUID, PartyType]] = [
        (told.from_id, told.from_type),
        (told.to_id, told.to_type),
    ]
    for party_id, party_type in sorted(parties, key=_turn):
        await _require_party(connection, party_id, party_type)


def _turn(party: tuple[UUID, PartyType]) -> tuple[bool, UUID]:
    party_id, party_type = party
    return party_type != "customer", party_id


async def _require_party(connection: Connection, party_id: UUID, party_type: PartyType) -> None:
    if party_type == "customer":
        require_active((await customers.lock_customer(connection, party_id)).state)
    else:
        require_active((await people.lock_person(connection, party_id)).state)


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
    active = await store.lock_active_of(connection, party_ids)
    for relationship in active:
        command = EndRelationship(reason_code, cause.at)
        await _carry_out(connection, cause, relationship, command)
    return len(active)


async def _carry_out(
    connection: Connection, cause: Cause, relationship: Relationship | None, command: Command
) -> Relationship:
    events = decide(relationship, command)
    for event in events:
        relationship = evolve(relationship, event)
    assert relationship is not None
    await store.save_relationship(connection, cause, relationship, events)
    return relationship
