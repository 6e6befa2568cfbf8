"""The view of one customer, and the figures of many."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import StringConstraints
from shared.auth import Reader
from shared.contracts.customer_360 import ProfileState
from shared.db import Connection
from shared.errors import NotFoundError
from shared.http.moved import moved_to
from shared.http.requests import Code, Cursor, Database, Page, page_of, read_cursor
from shared.runtime import Runtime

from customer_360.customers.store import find_current
from customer_360.groups.looking import Found, look_around
from customer_360.profiles.assembly import view_of
from customer_360.profiles.figures import Yardstick, figures_of
from customer_360.profiles.known import Known
from customer_360.profiles.listing import list_profile_ids
from customer_360.profiles.loading import hold_projection, load_bases, load_yardstick
from customer_360.profiles.looking import look_up
from customer_360.profiles.versions import read_wanted, wait_for
from customer_360.profiles.view import CustomerView
from customer_360.sources.progress import ends_of

router = APIRouter(tags=["profiles"])
logger = structlog.stdlib.get_logger()

BULK_LIMIT = 1000
_FIRST = UUID(int=0)

MinVersion = Annotated[str, StringConstraints(max_length=60)]


class CustomerNotFoundError(NotFoundError):
    """No fact has named this customer yet."""


class ProfileOut(ProfileState):
    """A profile's figures, with the customer's id in the other system that was asked for."""

    external_id: str | None = None
    revenue: dict[str, Decimal]


@router.get(
    "/v1/customers/{customer_id}",
    response_model=CustomerView,
    responses={308: {"description": "It was merged; Location is where it is now."}},
)
async def get_customer(
    caller: Reader,
    request: Request,
    pool: Database,
    customer_id: UUID,
    min_version: Annotated[list[MinVersion] | None, Query(max_length=10)] = None,
) -> CustomerView | JSONResponse:
    """Everything that is known of a customer; a merged one is where it was merged into.

    `min_version` (`<aggregate id>:<version>`, or the customer's own version) waits up to 2 s for
    what the caller has just written elsewhere; `stale` says that it has not arrived.
    """
    wanted = read_wanted(customer_id, min_version or ())
    stale = bool(wanted) and not await wait_for(pool, wanted)
    runtime: Runtime = request.app.state.runtime
    ends = ends_of(runtime.subscriptions)
    async with pool.acquire() as connection:
        looked = await look_up(connection, customer_id, ends)
        if looked is None:
            raise CustomerNotFoundError(customer_id=customer_id)
        current_id = await _current_id(connection, looked[0])
        if current_id != customer_id:
            return moved_to("/v1/customers", current_id)
        known, yardstick = looked
        found = Found(
            known.relationships,
            known.households,
            known.partners,
            known.merges,
            known.duplicates,
        )
        relations = await look_around(connection, customer_id, found)
    logger.info("personal_data_read", subject=caller.subject, customer_id=str(customer_id))
    return view_of(known, relations, yardstick, datetime.now(UTC), stale=stale)


async def _current_id(connection: Connection, known: Known) -> UUID:
    """Itself, without a question, unless its snapshot says that it was merged."""
    customer = known.basis.customer
    if customer is None or customer.record_status != "merged":
        return known.basis.customer_id
    return await find_current(connection, customer.customer_id)


@router.get("/v1/profiles")
async def list_profiles(
    caller: Reader,
    pool: Database,
    external_system: Code | None = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=BULK_LIMIT)] = 100,
) -> Page[ProfileOut]:
    """The figures of all customers, or of those that another system knows; by customer id."""
    del caller
    after = read_cursor(cursor, UUID)
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        await hold_projection(connection)
        found = await list_profile_ids(
            connection, external_system, after[0] if after else _FIRST, limit + 1
        )
        profiles = await _profiles(connection, found, await load_yardstick(connection))
    return page_of(profiles, limit, lambda profile: [profile.customer_id])


async def _profiles(
    connection: Connection, found: dict[UUID, str | None], yardstick: Yardstick
) -> list[ProfileOut]:
    bases = await load_bases(connection, found.keys())
    return [
        ProfileOut(
            **figures_of(bases[customer_id], yardstick).model_dump(), external_id=external_id
        )
        for customer_id, external_id in found.items()
    ]
