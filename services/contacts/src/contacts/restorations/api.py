"""Histories over HTTP, and the way back to an earlier value."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field
from shared.auth import Caller, Reader, allow
from shared.db import Connection
from shared.http.requests import (
    Code,
    Cursor,
    Database,
    Limit,
    Page,
    page_of,
    read_cursor,
    tag_version,
)

from contacts.customers import store as customers
from contacts.customers.api import CustomerOut
from contacts.history import store
from contacts.history.domain import Behalf, RecordChange
from contacts.households import store as households
from contacts.households.api import HouseholdOut
from contacts.partners import store as partners
from contacts.people import store as people
from contacts.people.api import ContactOut
from contacts.restorations import handlers

router = APIRouter(tags=["history"])
Editor = Annotated[Caller, Depends(allow("sales", "service", "marketing", "integration"))]


class FieldOut(BaseModel):
    """What the field was, and what it became."""

    before: Any
    after: Any


class ChangeOut(BaseModel):
    """One change: of the record itself, or of a consent of the person.

    `actor` did it, on behalf of a user, an import, a reaction to the event `causation_id`, or a
    policy of ours that was due. The beginning of a record has no fields.
    """

    change_id: int
    part: str
    version: int
    changed_at: datetime
    actor: str
    on_behalf_of: Behalf
    correlation_id: str
    causation_id: str | None
    fields: Mapping[str, FieldOut]

    @classmethod
    def of(cls, change: RecordChange) -> Self:
        return cls.model_validate(change, from_attributes=True)


class RestoreIn(BaseModel):
    """Which fields get back the values that they had before this change."""

    change_id: int
    fields: Annotated[list[Code], Field(min_length=1, max_length=50)]


@router.get("/v1/customers/{customer_id}/history")
async def read_history_of_customer(
    caller: Reader, pool: Database, customer_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> Page[ChangeOut]:
    """Newest first."""
    del caller
    async with pool.acquire() as connection:
        await customers.load_customer(connection, customer_id)
        return await _history_of(connection, customer_id, cursor, limit)


@router.get("/v1/contacts/{contact_id}/history")
async def read_history_of_person(
    caller: Reader, pool: Database, contact_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> Page[ChangeOut]:
    """Newest first; of the person and of each of their consents."""
    del caller
    async with pool.acquire() as connection:
        await people.load_person(connection, contact_id)
        return await _history_of(connection, contact_id, cursor, limit)


@router.get("/v1/households/{household_id}/history")
async def read_history_of_household(
    caller: Reader, pool: Database, household_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> Page[ChangeOut]:
    """Newest first; it ends with the erasure of a member."""
    del caller
    async with pool.acquire() as connection:
        await households.load_household(connection, household_id)
        return await _history_of(connection, household_id, cursor, limit)


@router.get("/v1/partners/{partner_id}/history")
async def read_history_of_partner(
    caller: Reader, pool: Database, partner_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> Page[ChangeOut]:
    """Newest first; what a rep was and became is the field `rep:` and their id."""
    del caller
    async with pool.acquire() as connection:
        await partners.load_partner(connection, partner_id)
        return await _history_of(connection, partner_id, cursor, limit)


@router.post("/v1/customers/{customer_id}/history/restore")
async def restore_customer(
    caller: Editor, pool: Database, customer_id: UUID, body: RestoreIn, response: Response
) -> CustomerOut:
    """An earlier value is a new change, with the same checks and facts as any other."""
    customer = await handlers.restore_customer(
        pool, caller.cause, customer_id, body.change_id, body.fields
    )
    tag_version(response, customer.version)
    return CustomerOut(**dict(customer.state), version=customer.version)


@router.post("/v1/contacts/{contact_id}/history/restore")
async def restore_person(
    caller: Editor, pool: Database, contact_id: UUID, body: RestoreIn, response: Response
) -> ContactOut:
    """An earlier value is a new change; points, memberships and consents have own commands."""
    person = await handlers.restore_person(
        pool, caller.cause, contact_id, body.change_id, body.fields
    )
    tag_version(response, person.version)
    return ContactOut(**dict(person.state), version=person.version)


@router.post("/v1/households/{household_id}/history/restore")
async def restore_household(
    caller: Editor, pool: Database, household_id: UUID, body: RestoreIn, response: Response
) -> HouseholdOut:
    """An earlier name is a new change; who lives there and who heads it have own commands."""
    household = await handlers.restore_household(
        pool, caller.cause, household_id, body.change_id, body.fields
    )
    tag_version(response, household.version)
    return HouseholdOut(**dict(household.state), version=household.version)


async def _history_of(
    connection: Connection, about: UUID, cursor: str | None, limit: int
) -> Page[ChangeOut]:
    key = read_cursor(cursor, int)
    found = await store.list_changes(connection, about, key[0] if key else None, limit + 1)
    return page_of([ChangeOut.of(each) for each in found], limit, lambda item: [item.change_id])
