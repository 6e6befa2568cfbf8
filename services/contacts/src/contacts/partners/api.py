"""Partners over HTTP: who sells for us in which program, and by which salespeople."""

from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from shared.auth import Caller, Reader, allow
from shared.contracts.contacts import PartnerOnboarded, PartnerStatus, RepStatus
from shared.http.refusing import refuses
from shared.http.requests import (
    Code,
    Cursor,
    Database,
    IfMatch,
    Limit,
    NewId,
    Page,
    page_of,
    read_cursor,
    tag_version,
)

from contacts.customers.domain import CustomerNotFoundError
from contacts.partners import handlers, store
from contacts.partners.domain import (
    Certificate,
    CertifyRep,
    Partner,
    RegisterRep,
    RemoveRep,
    SetPartnerStatus,
)

router = APIRouter(prefix="/v1/partners", tags=["partners"])
Editor = Annotated[Caller, Depends(allow("sales", "service", "marketing", "integration"))]
Codes: TypeAlias = Annotated[tuple[Code, ...], Field(max_length=50)]


class _Input(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PartnerIn(_Input):
    """A customer that is to sell for us."""

    customer_id: UUID
    program: Code
    tier: Code
    territories: Codes = ()
    product_lines: Codes = ()
    agreement_ref: Code | None = None


class StatusIn(_Input):
    """What the partner becomes, and why."""

    status: PartnerStatus
    reason_code: Code


class RepIn(_Input):
    """What the person does for the partner."""

    role: Code


class CertificateIn(_Input):
    """The course that the person has passed, with 0 to 100 points, and until when that counts."""

    course_id: Code
    score: Annotated[float, Field(ge=0, le=100)]
    valid_until: AwareDatetime


class RemovalIn(_Input):
    """Why the person does not sell for the partner any more."""

    reason_code: Code


class PartnerOut(PartnerOnboarded):
    """A partner, where it stands and since when, and the version of what you see."""

    status: PartnerStatus
    reason_code: str | None
    since: datetime
    version: int


class CertificateOut(BaseModel):
    """A course that was passed, and until when that counts."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    course_id: str
    score: float
    valid_until: datetime


class RepOut(BaseModel):
    """A salesperson of the partner, with the latest result of each course."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    contact_id: UUID
    role: str
    status: RepStatus
    registered_at: datetime
    certified_until: datetime | None
    certificates: tuple[CertificateOut, ...]


@router.post("", status_code=201, responses=refuses(CustomerNotFoundError))
async def onboard_partner(
    caller: Editor, pool: Database, partner_id: NewId, body: PartnerIn, response: Response
) -> PartnerOut:
    """A customer is a partner once in a program, until that is terminated."""
    told = PartnerOnboarded(partner_id=partner_id, onboarded_at=caller.cause.at, **dict(body))
    return _out(await handlers.onboard_partner(pool, caller.cause, told), response)


async def wanted_partners(
    customer_id: UUID | None = None,
    contact_id: Annotated[UUID | None, Query(description="Who is a rep of theirs.")] = None,
    status: PartnerStatus | None = None,
    program: Annotated[Code | None, Query()] = None,
    tier: Annotated[Code | None, Query()] = None,
    territory: Annotated[Code | None, Query()] = None,
) -> store.Wanted:
    """The filters of a list."""
    return store.Wanted(customer_id, contact_id, status, program, tier, territory)


@router.get("")
async def list_partners(
    caller: Reader,
    pool: Database,
    wanted: Annotated[store.Wanted, Depends(wanted_partners)],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[PartnerOut]:
    """Partners, terminated ones among them unless a status is asked for."""
    del caller
    after = read_cursor(cursor, UUID)
    async with pool.acquire() as connection:
        found = await store.list_partners(
            connection, wanted, after[0] if after else None, limit + 1
        )
    return page_of([_out(each) for each in found], limit, lambda item: [item.partner_id])


@router.get("/{partner_id}")
async def read_partner(
    caller: Reader, pool: Database, partner_id: UUID, response: Response
) -> PartnerOut:
    """What was agreed upon, where the partner stands, and since when."""
    del caller
    async with pool.acquire() as connection:
        return _out(await store.load_partner(connection, partner_id), response)


@router.post("/{partner_id}/status")
async def set_status(
    caller: Editor,
    pool: Database,
    partner_id: UUID,
    body: StatusIn,
    if_match: IfMatch,
    response: Response,
) -> PartnerOut:
    """Prospective → active ⇄ suspended; each may be terminated, which is final."""
    command = SetPartnerStatus(body.status, body.reason_code, caller.cause.at)
    changed = await handlers.change_partner(pool, caller.cause, partner_id, command, if_match)
    return _out(changed, response)


@router.get("/{partner_id}/reps")
async def list_reps(
    caller: Reader,
    pool: Database,
    partner_id: UUID,
    status: RepStatus | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[RepOut]:
    """The partner's salespeople; an expired one is certified again by a new certificate."""
    del caller
    after = read_cursor(cursor, UUID)
    async with pool.acquire() as connection:
        await store.load_partner(connection, partner_id)
        found = await store.list_reps(
            connection, partner_id, status, after[0] if after else None, limit + 1
        )
    shown = [RepOut.model_validate(each) for each in found]
    return page_of(shown, limit, lambda item: [item.contact_id])


@router.put("/{partner_id}/reps/{contact_id}")
async def register_rep(  # noqa: PLR0913, PLR0917
    caller: Editor,
    pool: Database,
    partner_id: UUID,
    contact_id: UUID,
    body: RepIn,
    if_match: IfMatch,
    response: Response,
) -> RepOut:
    """Register a person as the partner's salesperson, or give one another role."""
    command = RegisterRep(contact_id, body.role, caller.cause.at)
    changed = await handlers.change_partner(pool, caller.cause, partner_id, command, if_match)
    return _rep(changed, response)


@router.post("/{partner_id}/reps/{contact_id}/certify")
async def certify_rep(  # noqa: PLR0913, PLR0917
    caller: Editor,
    pool: Database,
    partner_id: UUID,
    contact_id: UUID,
    body: CertificateIn,
    if_match: IfMatch,
    response: Response,
) -> RepOut:
    """A later result of the same course takes the place of the former."""
    certificate = Certificate(body.course_id, body.score, body.valid_until)
    command = CertifyRep(contact_id, certificate, caller.cause.at)
    changed = await handlers.change_partner(pool, caller.cause, partner_id, command, if_match)
    return _rep(changed, response)


@router.post("/{partner_id}/reps/{contact_id}/remove")
async def remove_rep(  # noqa: PLR0913, PLR0917
    caller: Editor,
    pool: Database,
    partner_id: UUID,
    contact_id: UUID,
    body: RemovalIn,
    if_match: IfMatch,
    response: Response,
) -> PartnerOut:
    """The person sells for the partner no longer; a repeat publishes nothing."""
    command = RemoveRep(contact_id, body.reason_code)
    changed = await handlers.change_partner(pool, caller.cause, partner_id, command, if_match)
    return _out(changed, response)


def _out(partner: Partner, response: Response | None = None) -> PartnerOut:
    if response is not None:
        tag_version(response, partner.version)
    return PartnerOut(
        **dict(partner.told),
        status=partner.status,
        reason_code=partner.reason_code,
        since=partner.since,
        version=partner.version,
    )


def _rep(partner: Partner, response: Response) -> RepOut:
    """The rep that the command was about; the version in ETag is the partner's."""
    tag_version(response, partner.version)
    [rep] = partner.reps.values()
    return RepOut.model_validate(rep)
