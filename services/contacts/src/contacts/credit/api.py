"""Credit over HTTP."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from shared.auth import Caller, Reader, allow
from shared.contracts.contacts import Credit, CreditBasis
from shared.http.refusing import refuses
from shared.http.requests import (
    Code,
    Currency,
    Cursor,
    Database,
    IfMatch,
    Limit,
    Page,
    page_of,
    read_cursor,
    tag_version,
)

from contacts.credit import handlers, store
from contacts.credit.domain import LimitMissingError
from contacts.customers import store as customers
from contacts.customers.credit import HoldFollowsPolicyError, LimitNeedsApprovalError
from contacts.customers.domain import Customer, CustomerNotFoundError
from contacts.records import NOT_IN_USE

router = APIRouter(tags=["credit"])
Setter = Annotated[Caller, Depends(allow("sales", "integration"))]
Holder = Annotated[Caller, Depends(allow("integration"))]


class LimitIn(BaseModel):
    """A limit in a currency; without one, what the policy suggests.

    Above what it suggests a second person must have approved.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    currency: Currency
    limit: Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=4)] | None = None
    terms_days: Annotated[int, Field(ge=0, le=365)] | None = None
    approved_by: Code | None = None


class HoldIn(BaseModel):
    """Why the hold is placed, or released."""

    reason_code: Code


class CreditOut(BaseModel):
    """What a customer may owe, and owes; null where nobody has set anything."""

    customer_id: UUID
    version: int
    credit: Credit | None


@router.get("/v1/customers/{customer_id}/credit")
async def read_credit(
    caller: Reader, pool: Database, customer_id: UUID, response: Response
) -> CreditOut:
    """What the customer may owe and owes, and whether a hold forbids to sell on credit."""
    del caller
    async with pool.acquire() as connection:
        return _out(await customers.load_customer(connection, customer_id), response)


@router.get("/v1/customers/{customer_id}/credit/suggestion")
async def suggest_credit_limit(
    caller: Reader,
    pool: Database,
    customer_id: UUID,
    currency: Annotated[Currency, Query()],
    terms_days: Annotated[int | None, Query(ge=0, le=365)] = None,
) -> CreditBasis | None:
    """What the policy would allow and what that rests on; null where it has no such currency."""
    del caller
    async with pool.acquire() as connection:
        customer = await customers.load_customer(connection, customer_id)
        now = datetime.now(UTC)
        return await handlers.suggest_limit(connection, customer, currency, terms_days, now)


@router.put(
    "/v1/customers/{customer_id}/credit/limit",
    responses=refuses(
        CustomerNotFoundError, *NOT_IN_USE, LimitMissingError, LimitNeedsApprovalError
    ),
)
async def set_credit_limit(
    caller: Setter,
    pool: Database,
    customer_id: UUID,
    body: LimitIn,
    if_match: IfMatch,
    response: Response,
) -> CreditOut:
    """Set what may be owed. A hold that the policy wants, or wants no more, follows at once."""
    wanted = handlers.WantedLimit(body.currency, body.limit, body.terms_days, body.approved_by)
    changed = await handlers.set_limit(pool, caller.cause, customer_id, wanted, if_match)
    return _out(changed, response)


@router.post(
    "/v1/customers/{customer_id}/credit/hold", responses=refuses(CustomerNotFoundError, *NOT_IN_USE)
)
async def place_credit_hold(
    caller: Holder,
    pool: Database,
    customer_id: UUID,
    body: HoldIn,
    if_match: IfMatch,
    response: Response,
) -> CreditOut:
    """Sell nothing on credit, whatever the figures say; only a person releases this hold."""
    held = await handlers.place_hold(pool, caller.cause, customer_id, body.reason_code, if_match)
    return _out(held, response)


@router.post(
    "/v1/customers/{customer_id}/credit/release",
    responses=refuses(CustomerNotFoundError, *NOT_IN_USE, HoldFollowsPolicyError),
)
async def release_credit_hold(
    caller: Holder,
    pool: Database,
    customer_id: UUID,
    body: HoldIn,
    if_match: IfMatch,
    response: Response,
) -> CreditOut:
    """Take back a hold that a person placed; the policy's own goes with its cause (409)."""
    freed = await handlers.release_hold(pool, caller.cause, customer_id, body.reason_code, if_match)
    return _out(freed, response)


@router.get("/v1/credit-holds")
async def list_credit_holds(
    caller: Reader, pool: Database, cursor: Cursor = None, limit: Limit = 50
) -> Page[CreditOut]:
    """Customers with a hold, by id."""
    del caller
    after = read_cursor(cursor, UUID)
    async with pool.acquire() as connection:
        ids = await store.list_held(connection, after[0] if after else None, limit + 1)
        found = await customers.list_by_ids(connection, ids)
    return page_of([_out(each) for each in found], limit, lambda item: [item.customer_id])


@router.get("/v1/expired-credit-limits")
async def list_expired_credit_limits(
    caller: Reader, pool: Database, cursor: Cursor = None, limit: Limit = 50
) -> Page[CreditOut]:
    """Customers whose limit is past its time, by id; setting one, the same or another, ends it."""
    del caller
    after = read_cursor(cursor, UUID)
    async with pool.acquire() as connection:
        ids = await store.list_expired(connection, after[0] if after else None, limit + 1)
        found = await customers.list_by_ids(connection, ids)
    return page_of([_out(each) for each in found], limit, lambda item: [item.customer_id])


def _out(customer: Customer, response: Response | None = None) -> CreditOut:
    if response is not None:
        tag_version(response, customer.version)
    state = customer.state
    return CreditOut(customer_id=state.customer_id, version=customer.version, credit=state.credit)
