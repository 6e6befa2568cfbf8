"""Forgetting a person in contacts: one transaction, which the acknowledgements of others began."""

from collections.abc import Iterable
from uuid import UUID

from shared.cause import Cause
from shared.db import Connection

from contacts.customers import store as customers
from contacts.customers.domain import Customer
from contacts.customers.domain import carry_out as carry_out_customer
from contacts.erasures import store
from contacts.erasures.domain import marks_of
from contacts.erasures.store import Told
from contacts.history.store import delete_history
from contacts.households.handlers import leave_all
from contacts.identities.store import forget_sightings
from contacts.interactions.store import forget_texts
from contacts.merges import store as merges
from contacts.partners import handlers as partners
from contacts.people import store as people
from contacts.people.domain import Person
from contacts.people.domain import carry_out as carry_out_person
from contacts.preferences.store import delete_preferences
from contacts.records import EraseRecord
from contacts.relationships.handlers import end_all_of


async def erase(
    connection: Connection,
    cause: Cause,
    request_id: UUID,
    contact_ids: Iterable[UUID],
    customer_ids: Iterable[UUID],
) -> dict[str, int]:
    """Forget these people and customers, wherever contacts holds them; answers what that was.

    Their rows stay, nameless, so that nobody makes them again; tombstones end their snapshots.
    """
    locked_customers = await customers.lock_customers(connection, customer_ids)
    locked = await people.lock_people(connection, contact_ids)
    told = _told(locked.values(), locked_customers.values())
    command = EraseRecord(request_id)
    gone = [carry_out_person(person, command) for person in locked.values()]
    nameless = [carry_out_customer(customer, command) for customer in locked_customers.values()]
    await customers.save_changes(connection, cause, nameless)
    await people.save_changes(connection, cause, gone)
    gone_ids = [*locked, *locked_customers]
    await delete_history(connection, gone_ids)
    await forget_sightings(connection, list(locked))
    await merges.forget_of(connection, gone_ids)
    marks = marks_of(told.addresses, told.names)
    spoken = {f"{given} {family}" for given, family in marks.names} | marks.addresses
    return {
        "people": len(gone),
        "customers": len(nameless),
        "consents": await store.forget_evidence(connection, list(locked)),
        "texts": await forget_texts(connection, list(locked), list(locked_customers), spoken),
        "preferences": await delete_preferences(connection, list(locked), list(locked_customers)),
        "relationships": await end_all_of(connection, cause, gone_ids, "erased"),
        "households": await leave_all(connection, cause, list(locked)),
        "partners": await partners.end_all_of(
            connection, cause, list(locked_customers), list(locked)
        ),
        "staged_rows": await store.forget_staged(connection, marks),
        "bundles": await store.forget_bundles(connection, list(locked), list(locked_customers)),
        "parked_records": await store.forget_parked(connection, told),
    }


def _told(persons: Iterable[Person], parties: Iterable[Customer]) -> Told:
    persons = list(persons)
    points = [point for person in persons for point in person.state.points]
    addresses = [text for point in points for text in (point.value, point.normalized)]
    addresses += [point.normalized for person in persons for point in person.state.postal_points]
    titles = [
        name for party in parties for name in (party.state.display_name, party.state.legal_name)
    ]
    names = [(person.state.given_name, person.state.family_name) for person in persons]
    return Told([*addresses, *filter(None, titles)], names)
