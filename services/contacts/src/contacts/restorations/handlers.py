"""What is restored passes the same door as what is typed in: the same checks, the same facts."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from shared.cause import Cause
from shared.db import Pool
from shared.errors import ConflictError, NotFoundError

from contacts.customers import handlers as customers
from contacts.customers.domain import Customer, UpdateCustomer
from contacts.history import store
from contacts.history.domain import RecordChange
from contacts.households import handlers as households
from contacts.households.domain import Household, RenameHousehold
from contacts.inputs import CustomerPatch, PersonIn
from contacts.people import handlers as people
from contacts.people.domain import Person
from contacts.people.profile import UpdatePerson

OF_CUSTOMERS = frozenset(CustomerPatch.model_fields) - {"external_ids"}
OF_PEOPLE = frozenset(PersonIn.model_fields)
OF_HOUSEHOLDS = frozenset({"name"})


class ChangeNotFoundError(NotFoundError):
    """There is no such change of this record."""


class FieldIsNotRestorableError(ConflictError):
    """This field did not change there, or it moves by commands of its own."""


async def restore_customer(
    pool: Pool, cause: Cause, customer_id: UUID, change_id: int, names: Sequence[str]
) -> Customer:
    """Give fields of a customer the values that they had before a change."""
    values = await _values_before(pool, customer_id, change_id, names, OF_CUSTOMERS)
    profile = _checked(CustomerPatch, values).given()
    return await customers.change_customer(pool, cause, customer_id, UpdateCustomer(profile))


async def restore_person(
    pool: Pool, cause: Cause, contact_id: UUID, change_id: int, names: Sequence[str]
) -> Person:
    """Give fields of a person the values that they had before a change."""
    values = await _values_before(pool, contact_id, change_id, names, OF_PEOPLE)
    profile = _checked(PersonIn, values).given()
    return await people.change_person(pool, cause, contact_id, UpdatePerson(profile))


async def restore_household(
    pool: Pool, cause: Cause, household_id: UUID, change_id: int, names: Sequence[str]
) -> Household:
    """Let a household go by the name that it had before a change."""
    values = await _values_before(pool, household_id, change_id, names, OF_HOUSEHOLDS)
    command = RenameHousehold(values["name"])
    return await households.change_household(pool, cause, household_id, command)


async def _values_before(
    pool: Pool, about: UUID, change_id: int, names: Sequence[str], restorable: frozenset[str]
) -> Mapping[str, Any]:
    async with pool.acquire() as connection:
        change = await store.find_change(connection, about, change_id)
    if change is None:
        raise ChangeNotFoundError(change_id=change_id)
    return {name: _before(change, name, restorable) for name in names}


def _before(change: RecordChange, name: str, restorable: frozenset[str]) -> Any:
    if name not in restorable or name not in change.fields:
        raise FieldIsNotRestorableError(field=name, change_id=change.change_id)
    return change.fields[name].before


def _checked(
    door: type[CustomerPatch] | type[PersonIn], values: Mapping[str, Any]
) -> CustomerPatch | PersonIn:
    """What was allowed once may not be any more."""
    try:
        return door.model_validate(values)
    except ValidationError as error:
        raise FieldIsNotRestorableError(fields=sorted(values)) from error
