"""What is done with preferences: one is learned, as a fact of its customer."""

from dataclasses import replace

from shared.cause import Cause
from shared.contracts.contacts import CustomerPreferenceLearned
from shared.db import Connection, Pool, transaction, with_retries

from contacts.changes import Change
from contacts.customers import store as customers
from contacts.customers.domain import Customer
from contacts.customers.handlers import lock_customer
from contacts.people.handlers import lock_person
from contacts.preferences import store
from contacts.preferences.domain import LearnPreference, decide
from contacts.records import require_active


async def learn_preference(
    pool: Pool, cause: Cause, command: LearnPreference
) -> CustomerPreferenceLearned:
    """Learn it, or answer with the surer one that is known."""

    async def attempt() -> CustomerPreferenceLearned:
        async with transaction(pool) as connection:
            return await _learn(connection, cause, command)

    return await with_retries(attempt)


async def _learn(
    connection: Connection, cause: Cause, command: LearnPreference
) -> CustomerPreferenceLearned:
    customer = await lock_customer(connection, command.customer_id)
    require_active(customer.state)
    command = replace(command, customer_id=customer.state.customer_id)
    if command.contact_id is not None:
        person = await lock_person(connection, command.contact_id)
        require_active(person.state)
        command = replace(command, contact_id=person.state.contact_id)
    known = await store.find_preference(
        connection, command.customer_id, command.contact_id, command.key
    )
    learned = known
    for fact in decide(known, command):
        learned = fact if known is None else _same(known, fact)
        after = Customer(customer.state, customer.version + 1)
        await customers.save_changes(connection, cause, [Change(customer, after, (learned,))])
        await store.save_preference(connection, learned)
    assert learned is not None
    return learned


def _same(
    known: CustomerPreferenceLearned, fact: CustomerPreferenceLearned
) -> CustomerPreferenceLearned:
    """One that came by a merge keeps its id."""
    return fact.model_copy(update={"preference_id": known.preference_id})
