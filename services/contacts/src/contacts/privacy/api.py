"""Privacy requests over HTTP, for whoever answers for them: the role `privacy`, or an admin."""

from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel
from shared.auth import Caller, allow
from shared.contracts.contacts import (
    PrivacyKind,
    PrivacyStatus,
    RejectedFor,
    Retained,
)
from shared.http.refusing import refuses
from shared.http.requests import Code, Cursor, Database, Limit, NewId, Page, page_of, read_cursor

from contacts.customers.domain import CustomerNotFoundError
from contacts.people.domain import ContactNotFoundError
from contacts.privacy import handlers, store
from contacts.privacy.domain import (
    AccessIsUnderWayError,
    CustomerIsNoPersonError,
    ErasureIsAskedForError,
    IdentityIsNotVerifiedError,
    KindForbidsError,
    NobodyIsNamedError,
    PrivacyRequest,
    PrivacyRequestExistsError,
    PrivacyRequestIsOverError,
    PrivacyRequestIsUnderWayError,
    PrivacyRequestNotFoundError,
)
from contacts.privacy.handlers import Asked
from contacts.requests import Rules

router = APIRouter(prefix="/v1/privacy", tags=["privacy"])
Officer = Annotated[Caller, Depends(allow("privacy"))]


class ErasureIn(BaseModel):
    """Who is to be forgotten: a person, an individual customer, or both.

    A person's request takes in the individual customers who are nobody else.
    """

    contact_id: UUID | None = None
    customer_id: UUID | None = None


class PersonNamedIn(BaseModel):
    """Whom the request is about."""

    contact_id: UUID


class VerifyIn(BaseModel):
    """How it was made certain that the person asks, as a code such as `passport` or `callback`."""

    method: Code


class HoldIn(BaseModel):
    """What has to be kept, by which law, and until when."""

    category: Code
    legal_basis: Code
    until: date | None = None


class StartIn(BaseModel):
    """Legal holds that a person knows of, beside those that the services find themselves."""

    legal_holds: tuple[HoldIn, ...] = ()


class RejectIn(BaseModel):
    """Why nothing is done; the person is told."""

    reason_code: RejectedFor


class AckOut(BaseModel):
    """What one service erased, or can tell, counted; and what it keeps."""

    service: str
    counts: dict[str, int]
    retained: tuple[Retained, ...]
    acknowledged_at: datetime


class RequestOut(BaseModel):
    """Where a request stands; `awaited` are the services that have not answered yet."""

    request_id: UUID
    kind: PrivacyKind
    status: PrivacyStatus
    scope: str
    contact_ids: tuple[UUID, ...]
    customer_ids: tuple[UUID, ...]
    received_at: datetime
    target_at: datetime
    deadline_at: datetime
    is_overdue: bool
    verified_by: str | None
    reason_code: str | None
    awaited: tuple[str, ...]
    acks: tuple[AckOut, ...]
    retained: tuple[Retained, ...]
    ended_at: datetime | None


@router.post(
    "/erasures",
    status_code=201,
    responses=refuses(
        ContactNotFoundError,
        CustomerNotFoundError,
        PrivacyRequestExistsError,
        ErasureIsAskedForError,
        CustomerIsNoPersonError,
        NobodyIsNamedError,
    ),
)
async def request_erasure(
    caller: Officer, pool: Database, request_id: NewId, body: ErasureIn
) -> RequestOut:
    """From now on nobody writes to the person or changes the record; nothing is erased yet."""
    asked = Asked(request_id, "erasure", body.contact_id, body.customer_id, caller.subject)
    return out(await handlers.request_erasure(pool, caller.cause, asked))


@router.post(
    "/restrictions",
    status_code=201,
    responses=refuses(ContactNotFoundError, PrivacyRequestExistsError),
)
async def restrict_processing(
    caller: Officer, pool: Database, request_id: NewId, body: PersonNamedIn
) -> RequestOut:
    """Nobody writes to the person or changes the record until the restriction is lifted."""
    asked = Asked(request_id, "restriction", body.contact_id, None, caller.subject)
    return out(await handlers.restrict_processing(pool, caller.cause, asked))


@router.post(
    "/requests/{request_id}/verify",
    responses=refuses(PrivacyRequestNotFoundError, PrivacyRequestIsOverError, KindForbidsError),
)
async def verify_identity(
    caller: Officer, pool: Database, request_id: UUID, body: VerifyIn
) -> RequestOut:
    """Note how it was made certain that the person asks; before that nothing is erased or told.

    A repeat changes nothing. A restriction needs no such step (409).
    """
    del caller
    return out(await handlers.verify_identity(pool, request_id, body.method))


@router.post(
    "/requests/{request_id}/start",
    responses=refuses(
        PrivacyRequestNotFoundError,
        IdentityIsNotVerifiedError,
        AccessIsUnderWayError,
        PrivacyRequestIsOverError,
        KindForbidsError,
    ),
)
async def begin_erasure(
    caller: Officer, pool: Database, rules: Rules, request_id: UUID, body: StartIn
) -> RequestOut:
    """Ask every service to erase. There is no way back from here."""
    holds = [Retained(**dict(hold)) for hold in body.legal_holds]
    return out(await handlers.begin_erasure(pool, caller.cause, request_id, holds, rules))


@router.post(
    "/requests/{request_id}/reject",
    responses=refuses(
        PrivacyRequestNotFoundError, PrivacyRequestIsOverError, PrivacyRequestIsUnderWayError
    ),
)
async def reject_request(
    caller: Officer, pool: Database, request_id: UUID, body: RejectIn
) -> RequestOut:
    """Do nothing, for a reason: `privacy.request-rejected`; the records stand where they stood.

    What is in progress cannot be rejected (409). A repeat publishes nothing.
    """
    rejected = await handlers.reject_request(pool, caller.cause, request_id, body.reason_code)
    return out(rejected)


@router.post(
    "/requests/{request_id}/lift", responses=refuses(PrivacyRequestNotFoundError, KindForbidsError)
)
async def lift_restriction(caller: Officer, pool: Database, request_id: UUID) -> RequestOut:
    """End a restriction: `privacy.restriction-lifted`; a repeat publishes nothing."""
    return out(await handlers.lift_restriction(pool, caller.cause, request_id))


@router.get("/requests/{request_id}")
async def read_request(caller: Officer, pool: Database, request_id: UUID) -> RequestOut:
    """Where it stands, who has not answered yet, and in the end what is kept and why."""
    del caller
    async with pool.acquire() as connection:
        return out(await store.load_request(connection, request_id))


@router.get("/requests")
async def list_requests(  # noqa: PLR0913, PLR0917 -- one parameter per filter
    caller: Officer,
    pool: Database,
    status: PrivacyStatus | None = None,
    kind: PrivacyKind | None = None,
    contact_id: UUID | None = None,
    customer_id: UUID | None = None,
    due_before: Annotated[
        AwareDatetime | None,
        Query(description="Open requests with a deadline before; now: overdue."),
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[RequestOut]:
    """The one whose deadline comes first at the top."""
    del caller
    wanted = store.Wanted(status, kind, contact_id, customer_id, due_before)
    after = read_cursor(cursor, datetime.fromisoformat, UUID)
    async with pool.acquire() as connection:
        found = await store.list_requests(connection, wanted, after, limit + 1)
    return page_of(
        [out(each) for each in found], limit, lambda item: [item.deadline_at, item.request_id]
    )


def out(request: PrivacyRequest) -> RequestOut:
    """A request as callers see it."""
    return RequestOut(
        request_id=request.request_id,
        kind=request.kind,
        status=request.status,
        scope=request.scope,
        contact_ids=request.whom.contact_ids,
        customer_ids=request.whom.customer_ids,
        received_at=request.received_at,
        target_at=request.target_at,
        deadline_at=request.deadline_at,
        is_overdue=request.is_overdue(datetime.now(UTC)),
        verified_by=request.verified_by,
        reason_code=request.reason_code,
        awaited=request.awaited,
        acks=tuple(AckOut.model_validate(ack, from_attributes=True) for ack in request.acks),
        retained=request.retained,
        ended_at=request.ended_at,
    )
