"""Whom somebody may be who is described: by the very rules that creating them would follow."""

from collections.abc import Sequence

from shared.cause import Cause
from shared.db import Pool
from shared.ids import new_id

from contacts.customers import store as customers
from contacts.customers.domain import CreateCustomer
from contacts.customers.domain import carry_out as carry_out_customer
from contacts.duplicates.handlers import Found, LoadTraits, describe, find_matches
from contacts.inputs import ContactIn, CustomerIn
from contacts.matching.subjects import Traits, customer_traits, person_traits
from contacts.people import store as people
from contacts.people.domain import carry_out as carry_out_person
from contacts.people.handlers import creation_of
from contacts.points import PointRules


async def find_customers(pool: Pool, cause: Cause, said: CustomerIn) -> list[dict[str, object]]:
    command = CreateCustomer(new_id(), said.given(), cause.at)
    described = carry_out_customer(None, command).after.state
    return await _find(pool, customers.load_traits, customer_traits(described))


async def find_people(
    pool: Pool, cause: Cause, rules: PointRules, said: ContactIn
) -> list[dict[str, object]]:
    command = await creation_of(pool, rules, new_id(), said, cause.at)
    described = carry_out_person(None, command).after.state
    return await _find(pool, people.load_traits, person_traits(described))


async def _find(pool: Pool, load: LoadTraits, asked: Traits) -> list[dict[str, object]]:
    async with pool.acquire() as connection:
        found: Sequence[Found] = await find_matches(connection, load, [asked])
    return [describe(each, asked.entity_id) for each in found]
