"""What is done with preferences: somebody tells one, or it is learned from what they did."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from shared.cause import Cause
from shared.contracts.contacts import CustomerPreferenceLearned
from shared.db import Connection, Pool, transaction, with_retries

from contacts.changes import Change
from contacts.consents.store import find_opposed
from contacts.current import lock_current
from contacts.customers import store as customers
from contacts.customers.domain import Customer, CustomerChange
from contacts.customers.handlers import lock_customer
from contacts.people import store as people
from contacts.people.domain import Person
from contacts.people.handlers import customers_meant, lock_person
from contacts.preferences import store
from contacts.preferences.domain import Learned, LearnPreference, Name, Said, decide, told_by
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
    known = await _keep(connection, {command.customer_id: customer}, [Learned(command, cause)])
    return known[command.name]


async def learn_from(connection: Connection, said: Sequence[tuple[Said, Cause]]) -> None:
    """Learn what responses and surveys say, in a constant number of statements.

    Nothing of a record that nobody changes now, and nothing of a person who wants no profile.
    """
    parties = [(each.customer_id, each.contact_id) for each, _ in said]
    meant = await customers_meant(connection, parties)
    trust = await store.load_trust(connection)
    learned = [
        Learned(command, cause)
        for customer_id, (each, cause) in zip(meant, said, strict=True)
        if customer_id
        for command in told_by(each, customer_id, trust)
    ]
    if not learned:
        return
    firms = {each.command.customer_id for each in learned}
    persons = {each.command.contact_id for each in learned if each.command.contact_id}
    firms_now = await lock_current(connection, customers.lock_customers, firms)
    persons_now = await lock_current(connection, people.lock_people, persons)
    opposed = await find_opposed(
        connection, {each.state.contact_id for each in persons_now.values()}, "profiling"
    )
    willing = {
        named: each for named, each in persons_now.items() if each.state.contact_id not in opposed
    }
    current = [now for each in learned if (now := _now(each, firms_now, willing))]
    if current:
        locked = {each.state.customer_id: each for each in firms_now.values()}
        await _keep(connection, locked, current)


def _now(
    learned: Learned, firms: Mapping[UUID, Customer], persons: Mapping[UUID, Person]
) -> Learned | None:
    """The same of those whom the ids mean now; None where it is not to be learned."""
    command = learned.command
    customer = firms.get(command.customer_id)
    if customer is None or customer.state.record_status != "active":
        return None
    command = replace(command, customer_id=customer.state.customer_id)
    if command.contact_id is not None:
        person = persons.get(command.contact_id)
        if person is None or person.is_restricted or person.state.record_status != "active":
            return None
        command = replace(command, contact_id=person.state.contact_id)
    return replace(learned, command=command)


async def _keep(
    connection: Connection, locked: Mapping[UUID, Customer], learned: Sequence[Learned]
) -> dict[Name, CustomerPreferenceLearned]:
    """Decide one after the other; each is a fact of its customer. Answers all as they are then."""
    known = await store.find_preferences(connection, {each.command.name for each in learned})
    news: dict[Name, CustomerPreferenceLearned] = {}
    changes: dict[UUID, CustomerChange] = {}
    for each in learned:
        name, customer_id = each.command.name, each.command.customer_id
        for decided in decide(known.get(name), each.command):
            fact = _same(known.get(name), decided)
            known[name] = news[name] = fact
            before = changes.get(customer_id)
            change = _told(before.after if before else locked[customer_id], fact, each.cause)
            changes[customer_id] = before.then(change) if before else change
    await customers.save_changes(connection, learned[0].cause, list(changes.values()))
    await store.save_preferences(connection, news.values())
    return known


def _told(customer: Customer, fact: CustomerPreferenceLearned, cause: Cause) -> CustomerChange:
    return Change(customer, Customer(customer.state, customer.version + 1), (fact,), cause)


def _same(
    known: CustomerPreferenceLearned | None, fact: CustomerPreferenceLearned
) -> CustomerPreferenceLearned:
    """One that came by a merge keeps its id."""
    return fact.model_copy(update={"preference_id": known.preference_id}) if known else fact
