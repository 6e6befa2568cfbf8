"""HTTP: leads."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from shared.auth import Caller, Reader, allow
from shared.contact_points import EmailInvalidError, normalize_email
from shared.contracts.pipeline import LeadGrade, LeadStatus
from shared.http.requests import (
    Code,
    Currency,
    Cursor,
    Database,
    IfMatch,
    Limit,
    LongText,
    NewId,
    Page,
    Text,
    page_of,
    read_cursor,
    tag_version,
)

from pipeline.leads import handlers, store
from pipeline.leads.commands import (
    AssignLead,
    ContactLead,
    ConvertLead,
    CreateLead,
    DealTerms,
    DisqualifyLead,
    QualifyLead,
)
from pipeline.leads.domain import Lead
from pipeline.persons import Intake

router = APIRouter(prefix="/v1/leads", tags=["leads"])

Seller: TypeAlias = Annotated[Caller, Depends(allow("sales"))]
Finder: TypeAlias = Annotated[Caller, Depends(allow("sales", "marketing", "integration"))]


def _email(text: str) -> str:
    try:
        normalize_email(text)
    except EmailInvalidError as error:
        raise ValueError(error.message()) from error
    return text


async def _intake(request: Request) -> Intake:
    intake: Intake = request.app.state.intake
    return intake


class CreateLeadIn(BaseModel):
    name: Text | None = None
    company: Text | None = None
    email: Annotated[Text, AfterValidator(_email)] | None = None
    phone: Text | None = None
    need: LongText | None = None
    source: Code
    channel: Code
    product_interests: Annotated[tuple[Code, ...], Field(max_length=50)] = ()
    campaign_id: UUID | None = None


class AssignIn(BaseModel):
    owner_id: Code
    reason_code: Code = "manual"


class QualifyIn(BaseModel):
    """Answers are codes, as in {"budget": "approved"}: they are published, so no free text."""

    framework: Code = "BANT"
    answers: Annotated[dict[Code, Code], Field(max_length=50)] = Field(default_factory=dict)


class DisqualifyIn(BaseModel):
    reason_code: Code


class DealTermsIn(BaseModel):
    name: Text
    amount: Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=4)]
    currency: Currency
    expected_close_date: date
    kind: Code = "new-business"
    product_lines: Annotated[tuple[Code, ...], Field(max_length=50)] = ()


class ConvertIn(BaseModel):
    deal: DealTermsIn | None = None


class LeadOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    lead_id: UUID
    version: int
    status: LeadStatus
    name: str | None
    company: str | None
    email: str | None
    phone: str | None
    need: str | None
    source: str
    channel: str
    product_interests: tuple[str, ...]
    campaign_id: UUID | None
    submission_id: UUID | None
    owner_id: str | None
    fit: int
    engagement: int
    grade: LeadGrade
    reason_code: str | None
    customer_id: UUID | None
    contact_id: UUID | None
    deal_id: UUID | None
    received_at: datetime
    response_due_at: datetime
    first_responded_at: datetime | None
    customer_grade: str | None


@router.post("", status_code=201)
async def create_lead(
    body: CreateLeadIn,
    pool: Database,
    caller: Finder,
    new_id: NewId,
    intake: Annotated[Intake, Depends(_intake)],
    response: Response,
) -> LeadOut:
    """A new lead, or the open one of the same person and product lines of the last 30 days."""
    command = CreateLead(
        intake_id=new_id,
        lead_id=new_id,
        received_at=caller.cause.at,
        person_hash=intake.person_hash(body.email, body.phone),
        **body.model_dump(),
    )
    lead = await handlers.create_lead(pool, caller.cause, command, intake.default_owner)
    return _answer(response, lead)


@router.get("/{lead_id}")
async def get_lead(lead_id: UUID, pool: Database, _reader: Reader, response: Response) -> LeadOut:
    """The lead as it is; its version is in ETag."""
    async with pool.acquire() as connection:
        return _answer(response, await store.load_lead(connection, lead_id))


@router.get("")
async def list_leads(
    pool: Database,
    _reader: Reader,
    wanted: Annotated[store.LeadFilter, Depends()],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[LeadOut]:
    """Leads, the last received first; a submission finds the lead that it was added to."""
    after = read_cursor(cursor, datetime.fromisoformat, UUID)
    rows = await store.list_leads(pool, wanted, after, limit + 1)
    items = [LeadOut.model_validate(row) for row in rows]
    return page_of(items, limit, lambda lead: [lead.received_at.isoformat(), lead.lead_id])


@router.post("/{lead_id}/assign")
async def assign_lead(
    lead_id: UUID,
    body: AssignIn,
    pool: Database,
    caller: Seller,
    response: Response,
    if_match: IfMatch = None,
) -> LeadOut:
    """Give the lead to somebody else, for a reason; whoever has it already stays, and quietly."""
    command = AssignLead(body.owner_id, body.reason_code)
    lead = await handlers.assign_lead(pool, caller.cause, lead_id, command, if_match)
    return _answer(response, lead)


@router.post("/{lead_id}/contact")
async def contact_lead(
    lead_id: UUID, pool: Database, caller: Seller, response: Response, if_match: IfMatch = None
) -> LeadOut:
    """The first answer reached the person, now."""
    command = ContactLead(caller.cause.at)
    lead = await handlers.contact_lead(pool, caller.cause, lead_id, command, if_match)
    return _answer(response, lead)


@router.post("/{lead_id}/qualify")
async def qualify_lead(
    lead_id: UUID,
    pool: Database,
    caller: Seller,
    response: Response,
    body: QualifyIn | None = None,
    if_match: IfMatch = None,
) -> LeadOut:
    """Say that the lead is worth a deal, with what was asked to find that out."""
    asked = body or QualifyIn()
    command = QualifyLead(caller.subject, asked.framework, asked.answers)
    lead = await handlers.qualify_lead(pool, caller.cause, lead_id, command, if_match)
    return _answer(response, lead)


@router.post("/{lead_id}/disqualify")
async def disqualify_lead(
    lead_id: UUID,
    body: DisqualifyIn,
    pool: Database,
    caller: Seller,
    response: Response,
    if_match: IfMatch = None,
) -> LeadOut:
    """Give the lead up, for a reason."""
    command = DisqualifyLead(caller.subject, body.reason_code)
    lead = await handlers.disqualify_lead(pool, caller.cause, lead_id, command, if_match)
    return _answer(response, lead)


@router.post("/{lead_id}/convert")
async def convert_lead(
    lead_id: UUID,
    pool: Database,
    caller: Seller,
    response: Response,
    body: ConvertIn | None = None,
    if_match: IfMatch = None,
) -> LeadOut:
    """Convert into a customer and a contact and, where asked, a deal; a repeat changes nothing."""
    deal = DealTerms(**body.deal.model_dump()) if body and body.deal else None
    command = ConvertLead(caller.subject, deal)
    lead = await handlers.convert_lead(pool, caller.cause, lead_id, command, if_match)
    return _answer(response, lead)


def _answer(response: Response, lead: Lead) -> LeadOut:
    tag_version(response, lead.version)
    return LeadOut.model_validate(lead)
