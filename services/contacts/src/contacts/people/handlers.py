"""What is done with people: each use case one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from shared.aliases import current_id
from shared.cause import Cause
from shared.contracts.contacts import KeyDate, UnlinkedFor
from shared.db import Connection, Pool, transaction, with_retries

from contacts.current import hold_current, lock_current, require_seen
from contacts.customers import store as customers
from contacts.customers.domain import CustomerNotFoundError
from contacts.duplicates import handlers as duplicates
from contacts.duplicates.domain import Door
from contacts.identities import store as identities
from contacts.identities.domain import Link, LinkIdentity, UnlinkIdentity
from contacts.inputs import ContactIn, PointIn, PostalIn
from contacts.matching.subjects import person_traits
from contacts.people import store
from contacts.people.creation import CreatePerson
from contacts.people.domain import Command, ContactNotFoundError, Person, PersonChange, carry_out
from contacts.people.members import find_only_customers
from contacts.people.memberships import (
    EndMembership,
    Part,
    SetMembership,
)
from contacts.people.points import AddPoint
from contacts.points import NewPoint, PointRules
from contacts.postal_points import NewPostalPoint
from contacts.records import require_present


async def create_person(
    pool: Pool, cause: Cause, command: CreatePerson, forced_for: str | None = None
) -> Person:
    """Create one, unless surely there already and nobody says why it is somebody else."""

    async def attempt() -> Person:
        async with transaction(pool) as connection:
            now = await _hold_all(connection, [part.customer_id for part in command.parts])
            parts = tuple(
                replace(each, customer_id=now[each.customer_id]) for each in command.parts
            )
            existing = await store.find_person(connection, command.contact_id)
            change = carry_out(existing, replace(command, parts=parts))
            if not change.facts:
                return change.after
            await store.save_changes(connection, cause, [change])
            new = person_traits(change.after.state)
            await duplicates.check_new(connection, cause, store.load_traits, new, forced_for)
            return change.after

    return await with_retries(attempt)


async def creation_of(
    pool: Pool, rules: PointRules, contact_id: UUID, said: ContactIn, at: datetime
) -> CreatePerson:
    """What is said of a new person as the command that makes it."""
    customer_ids = [each.customer_id for each in said.memberships]
    profile = said.given()
    for name in ("points", "memberships", "postal_points", "key_dates"):
        profile.pop(name, None)
    return CreatePerson(
        contact_id,
        profile,
        at,
        points=await read_points(pool, rules, said.points, customer_ids),
        parts=tuple(Part(m.customer_id, m.role, m.is_primary) for m in said.memberships),
        postal_points=tuple(postal_point(rules, each) for each in said.postal_points),
        key_dates=tuple(KeyDate(**dict(each)) for each in said.key_dates),
    )


def postal_point(rules: PointRules, said: PostalIn) -> NewPostalPoint:
    """An address with its hash."""
    subject = rules.subject("post", said.address.normalized)
    return NewPostalPoint(said.address, subject, said.is_primary)


async def detect_duplicates(
    connection: Connection, cause: Cause, changes: Iterable[PersonChange], found_by: Door
) -> None:
    """Open cases for the new people among these, just saved, at a door that refuses nobody."""
    new = [person_traits(change.after.state) for change in changes if change.before is None]
    await duplicates.detect(connection, cause, store.load_traits, new, found_by)


async def change_person(
    pool: Pool, cause: Cause, contact_id: UUID, command: Command, if_match: int | None = None
) -> Person:
    """Update a person, or what belongs to one: points and memberships."""

    async def attempt() -> Person:
        async with transaction(pool) as connection:
            meant = await _meant(connection, command)
            person = await lock_person(connection, contact_id)
            require_seen(contact_id, person.state.contact_id, person.version, if_match)
            change = carry_out(person, meant)
            await store.save_changes(connection, cause, [change])
            return change.after

    return await with_retries(attempt)


async def lock_person(connection: Connection, contact_id: UUID) -> Person:
    """The person whom this id means now, locked."""
    locked = await lock_current(connection, store.lock_people, [contact_id])
    if contact_id not in locked:
        raise ContactNotFoundError(contact_id=contact_id)
    return locked[contact_id]


async def customers_meant(
    connection: Connection, parties: Sequence[tuple[UUID | None, UUID | None]]
) -> list[UUID | None]:
    """Of each customer and person that a fact names: the customer, or the only one they are in."""
    alone = {contact_id for customer_id, contact_id in parties if contact_id and not customer_id}
    theirs = await find_only_customers(connection, alone)
    return [
        customer_id or (theirs.get(contact_id) if contact_id else None)
        for customer_id, contact_id in parties
    ]


async def link_identity(pool: Pool, cause: Cause, contact_id: UUID, command: LinkIdentity) -> Link:
    """Link it, or tell of the conflict where it is another's alone; answers whose it is."""

    async def attempt() -> Link:
        async with transaction(pool) as connection:
            person = await lock_person(connection, contact_id)
            require_present(person.state)
            theirs = replace(command, contact_id=person.state.contact_id)
            return await identities.carry_out(connection, cause, theirs.link_id, theirs)

    return await with_retries(attempt)


async def unlink_identity(
    pool: Pool, cause: Cause, contact_id: UUID, link_id: UUID, reason_code: UnlinkedFor
) -> Link:
    async def attempt() -> Link:
        async with transaction(pool) as connection:
            person = await lock_person(connection, contact_id)
            command = UnlinkIdentity(person.state.contact_id, reason_code)
            return await identities.carry_out(connection, cause, link_id, command)

    return await with_retries(attempt)


async def add_point(
    pool: Pool, cause: Cause, rules: PointRules, contact_id: UUID, said: PointIn
) -> Person:
    """Add a point; a national number is read by the country of the person's customers."""
    async with pool.acquire() as connection:
        current = await current_id(connection, contact_id)
        person = await store.load_person(connection, current)
        region = await region_of(connection, [m.customer_id for m in person.state.memberships])
    point = rules.read(said.type, said.value, region, primary=said.is_primary)
    return await change_person(pool, cause, contact_id, AddPoint(point))


async def read_points(
    pool: Pool, rules: PointRules, said: Iterable[PointIn], customer_ids: Iterable[UUID]
) -> tuple[NewPoint, ...]:
    """Points in their normal form, numbers by the country of these customers."""
    async with pool.acquire() as connection:
        region = await region_of(connection, customer_ids)
    return tuple(
        rules.read(point.type, point.value, region, primary=point.is_primary) for point in said
    )


async def region_of(connection: Connection, customer_ids: Iterable[UUID]) -> str | None:
    """The region of the first of these customers that has one."""
    wanted = list(customer_ids)
    found = await customers.find_regions(connection, wanted)
    return next((found[each] for each in wanted if found.get(each)), None)


async def _meant(connection: Connection, command: Command) -> Command:
    """The same of the customer that a part is in now."""
    match command:
        case SetMembership(part=part):
            now = await _hold_all(connection, [part.customer_id])
            return replace(command, part=replace(part, customer_id=now[part.customer_id]))
        case EndMembership(customer_id=customer_id):
            return replace(command, customer_id=await current_id(connection, customer_id))
        case _:
            return command


async def _hold_all(connection: Connection, customer_ids: list[UUID]) -> dict[UUID, UUID]:
    """Whom these ids mean, who are all there; nobody merges them now."""
    current = await hold_current(connection, customer_ids)
    for customer_id in customer_ids:
        if customer_id not in current:
            raise CustomerNotFoundError(customer_id=customer_id)
    return current
