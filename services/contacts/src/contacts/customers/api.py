"""Customers over HTTP."""

from typing import Annotated, Self, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, model_validator
from shared.aliases import current_id
from shared.auth import Caller, Reader, allow
from shared.contracts.contacts import CustomerKind, CustomerState, Grade, Lifecycle, RecordStatus
from shared.errors import InvalidError
from shared.handovers import OwnerHasLeftError
from shared.http.moved import moved_to
from shared.http.refusing import refuses
from shared.http.requests import (
    Code,
    Cursor,
    Database,
    IfMatch,
    Limit,
    NewId,
    Page,
    Text,
    page_of,
    read_cursor,
    tag_version,
)

from contacts.customers import handlers, lists, store
from contacts.customers.domain import (
    ArchiveCustomer,
    CreateCustomer,
    Customer,
    CustomerIdIsTakenError,
    CustomerNotFoundError,
    ExternalIdIsTakenError,
    RestoreCustomer,
    UpdateCustomer,
)
from contacts.customers.lifecycle import ApprovalMissingError, LifecycleMoveError, MoveLifecycle
from contacts.customers.places import ChangeOwner, QueueCustomer
from contacts.duplicates.domain import ProbableDuplicateError
from contacts.inputs import CustomerIn, CustomerPatch
from contacts.records import GONE, NOT_IN_USE
from contacts.requests import AsIs, ForceReason, Since

router = APIRouter(prefix="/v1/customers", tags=["customers"])
Creator = Annotated[Caller, Depends(allow("sales", "service", "marketing", "integration"))]
Editor = Annotated[Caller, Depends(allow("sales", "service", "marketing", "integration"))]
Mover = Annotated[Caller, Depends(allow("sales", "service", "marketing"))]


class ExternalIdIncompleteError(InvalidError):
    """To find a customer by external id, name the system and the id."""


class CustomerOut(CustomerState):
    """A customer and the version of what you see."""

    version: int


class OwnerIn(BaseModel):
    """Who answers for the customer from now on, or in which queue it waits for one; and why."""

    owner_id: Code | None = None
    queue: Code | None = None
    reason_code: Code

    @model_validator(mode="after")
    def _names_one_place(self) -> Self:
        if (self.owner_id is None) == (self.queue is None):
            raise ValueError("name the owner or the queue")
        return self

    @property
    def command(self) -> ChangeOwner | QueueCustomer:
        if self.queue is not None:
            return QueueCustomer(self.queue, self.reason_code)
        assert self.owner_id is not None
        return ChangeOwner(self.owner_id, self.reason_code)


class ArchiveIn(BaseModel):
    """Why the record is put away."""

    reason_code: Code


class LifecycleIn(BaseModel):
    """Where to, and why; offboarding and its reversal are proposed and approved."""

    to: Lifecycle
    reason_code: Code


@router.post(
    "",
    status_code=201,
    responses=refuses(
        CustomerIdIsTakenError, ExternalIdIsTakenError, ProbableDuplicateError, OwnerHasLeftError
    ),
)
async def create_customer(
    caller: Creator,
    pool: Database,
    customer_id: NewId,
    body: CustomerIn,
    response: Response,
    force_reason: ForceReason = None,
) -> CustomerOut:
    """Create a customer. One that is surely known is refused (409, with the candidates)."""
    command = CreateCustomer(customer_id, body.given(), caller.cause.at)
    created = await handlers.create_customer(pool, caller.cause, command, force_reason)
    return _out(created, response)


@router.get(
    "/{customer_id}",
    response_model=CustomerOut,
    responses={308: {"description": "It was merged; Location is where it is now."}},
)
async def read_customer(
    caller: Reader, pool: Database, customer_id: UUID, response: Response, *, as_is: AsIs = False
) -> CustomerOut | JSONResponse:
    """One that was merged is where the other is, for ever; `as_is` shows the merged one itself."""
    del caller
    async with pool.acquire() as connection:
        customer = await store.load_customer(connection, customer_id)
        if customer.state.record_status == "merged" and not as_is:
            return moved_to("/v1/customers", await current_id(connection, customer_id))
    return _out(customer, response)


_Name: TypeAlias = Annotated[
    Text | None, Query(description="Its name begins so, in small letters or capitals.")
]


async def wanted_customers(  # noqa: PLR0913, PLR0917 -- one parameter per filter
    external_system: Annotated[Code | None, Query()] = None,
    external_id: Annotated[Text | None, Query()] = None,
    name: _Name = None,
    kind: CustomerKind | None = None,
    lifecycle: Lifecycle | None = None,
    owner_id: Annotated[Code | None, Query()] = None,
    queue: Annotated[Code | None, Query(description="Where it waits for an owner.")] = None,
    grade: Annotated[Grade | None, Query(description="In force.")] = None,
    territory_code: Annotated[Code | None, Query()] = None,
    region: Annotated[Text | None, Query()] = None,
    industry: Annotated[Text | None, Query()] = None,
    size_band: Annotated[Text | None, Query()] = None,
    source: Annotated[Text | None, Query()] = None,
    tag: Annotated[Code | None, Query(description="One of its tags.")] = None,
    created_since: Since = None,
    changed_since: Since = None,
    record_status: RecordStatus = "active",
) -> lists.Wanted:
    """The filters of a list and of an export; a customer has to fit all that are given."""
    return lists.Wanted(
        record_status,
        external_id=_external_id(external_system, external_id),
        name=name,
        kind=kind,
        lifecycle=lifecycle,
        owner_id=owner_id,
        queue=queue,
        grade=grade,
        territory_code=territory_code,
        region=region,
        industry=industry,
        size_band=size_band,
        source=source,
        tag=tag,
        created_since=created_since,
        changed_since=changed_since,
    )


WantedCustomers: TypeAlias = Annotated[lists.Wanted, Depends(wanted_customers)]


@router.get("")
async def list_customers(
    caller: Reader,
    pool: Database,
    wanted: WantedCustomers,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[CustomerOut]:
    """Customers by id whom every filter fits; those not in use only by `record_status`."""
    del caller
    after = read_cursor(cursor, UUID)
    async with pool.acquire() as connection:
        found = await lists.list_customers(
            connection, wanted, after[0] if after else None, limit + 1
        )
    return page_of([_out(each) for each in found], limit, lambda item: [item.customer_id])


def _external_id(system: str | None, name: str | None) -> tuple[str, str] | None:
    if system is None and name is None:
        return None
    if system is None or name is None:
        raise ExternalIdIncompleteError(field="external_id" if system else "external_system")
    return system, name


@router.patch(
    "/{customer_id}", responses=refuses(CustomerNotFoundError, *NOT_IN_USE, ExternalIdIsTakenError)
)
async def update_customer(
    caller: Editor,
    pool: Database,
    customer_id: UUID,
    body: CustomerPatch,
    if_match: IfMatch,
    response: Response,
) -> CustomerOut:
    """Change the fields that are named; what is the same already publishes nothing.

    One fact `customer.updated` names the fields that changed, never their values, beside the new
    snapshot. Lifecycle, owner, grade and credit have commands of their own.
    """
    command = UpdateCustomer(body.given())
    changed = await handlers.change_customer(pool, caller.cause, customer_id, command, if_match)
    return _out(changed, response)


@router.post(
    "/{customer_id}/owner", responses=refuses(CustomerNotFoundError, *NOT_IN_USE, OwnerHasLeftError)
)
async def change_owner(
    caller: Mover,
    pool: Database,
    customer_id: UUID,
    body: OwnerIn,
    if_match: IfMatch,
    response: Response,
) -> CustomerOut:
    """Somebody else answers for the customer, `customer.owner-changed`, or nobody does.

    Then it waits in a queue, `customer.queued`, until somebody is named. An employee who has left
    can answer for nothing (422, which names the successor). To move all that an employee has, in
    every service, start a handover.
    """
    changed = await handlers.change_customer(
        pool, caller.cause, customer_id, body.command, if_match
    )
    return _out(changed, response)


@router.post(
    "/{customer_id}/lifecycle",
    responses=refuses(CustomerNotFoundError, *NOT_IN_USE, LifecycleMoveError, ApprovalMissingError),
)
async def move_customer(
    caller: Mover,
    pool: Database,
    customer_id: UUID,
    body: LifecycleIn,
    if_match: IfMatch,
    response: Response,
) -> CustomerOut:
    """Move the customer by hand, as far as the lifecycle allows: `customer.lifecycle-changed`.

    Won deals and confirmed orders move it by themselves. Offboarding and its reversal take two
    people and are proposed elsewhere (409).
    """
    command = MoveLifecycle(body.to, body.reason_code, caller.cause.at)
    changed = await handlers.change_customer(pool, caller.cause, customer_id, command, if_match)
    return _out(changed, response)


@router.post("/{customer_id}/archive", responses=refuses(CustomerNotFoundError, *GONE))
async def archive_customer(
    caller: Mover,
    pool: Database,
    customer_id: UUID,
    body: ArchiveIn,
    if_match: IfMatch,
    response: Response,
) -> CustomerOut:
    """Lists and searches leave it out unless asked; facts elsewhere still move it."""
    command = ArchiveCustomer(body.reason_code)
    changed = await handlers.change_customer(pool, caller.cause, customer_id, command, if_match)
    return _out(changed, response)


@router.post("/{customer_id}/restore", responses=refuses(CustomerNotFoundError, *GONE))
async def restore_customer(
    caller: Mover, pool: Database, customer_id: UUID, if_match: IfMatch, response: Response
) -> CustomerOut:
    """Take an archived record into use again: `customer.restored`; one in use stays as it is."""
    command = RestoreCustomer()
    changed = await handlers.change_customer(pool, caller.cause, customer_id, command, if_match)
    return _out(changed, response)


def _out(customer: Customer, response: Response | None = None) -> CustomerOut:
    if response is not None:
        tag_version(response, customer.version)
    return CustomerOut(**dict(customer.state), version=customer.version)
