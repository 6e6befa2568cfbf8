"""Campaigns over HTTP."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    HttpUrl,
    StringConstraints,
    TypeAdapter,
)
from shared.auth import Caller, Reader, allow
from shared.contracts.campaigns import CampaignType, Objective, Occasion
from shared.contracts.contacts import Purpose
from shared.http.requests import (
    Code,
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

from campaigns.campaigns import handlers, store
from campaigns.campaigns.domain import Campaign, Plan, PlanCampaign, Status
from campaigns.messages import store as messages

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"])

Marketer = Annotated[Caller, Depends(allow("marketing"))]
_HTTP_URL = TypeAdapter(HttpUrl)


def _one_line(text: str) -> str:
    if len(text.splitlines()) > 1:
        raise ValueError("one line only")
    return text


def _http_url(text: str) -> str:
    _HTTP_URL.validate_python(text)
    return text


_OneLine = Annotated[Text, AfterValidator(_one_line)]
_Url = Annotated[
    str, StringConstraints(max_length=1500, pattern=r"^https?://[!-~]+$"), AfterValidator(_http_url)
]


class CampaignIn(BaseModel):
    """A mail to everybody in the segments. Where the body names `link_url`, we count clicks.

    With an `occasion` it is a mail to each when theirs comes while the campaign runs; segments, if
    there are any, say to whom alone.
    """

    name: Text
    campaign_type: CampaignType
    objective: Objective
    purpose: Purpose
    segment_ids: list[UUID] = Field(default=[], max_length=20)
    subject: _OneLine
    body_text: LongText
    link_url: _Url | None = None
    product_lines: list[Code] = Field(default=[], max_length=20)
    occasion: Occasion | None = None


class CampaignOut(BaseModel):
    """A campaign; `messages` counts its messages by status, on a single campaign only."""

    campaign_id: UUID
    version: int
    status: Status
    name: str
    campaign_type: CampaignType
    objective: Objective
    purpose: Purpose
    segment_ids: list[UUID]
    subject: str
    body_text: str
    link_url: str | None
    product_lines: list[str]
    occasion: str | None
    owner_id: str
    audience_size: int | None
    is_reserved: bool
    launched_at: datetime | None
    completed_at: datetime | None
    messages: dict[str, int] = {}

    @classmethod
    def of(cls, campaign: Campaign, counts: dict[str, int] | None = None) -> Self:
        plan = campaign.plan
        return cls(
            campaign_id=campaign.campaign_id,
            version=campaign.version,
            status=campaign.status,
            name=plan.name,
            campaign_type=plan.campaign_type,
            objective=plan.objective,
            purpose=plan.purpose,
            segment_ids=list(plan.segment_ids),
            subject=plan.subject,
            body_text=plan.body_text,
            link_url=plan.link_url,
            product_lines=list(plan.product_lines),
            occasion=plan.occasion,
            owner_id=plan.owner_id,
            audience_size=campaign.audience_size,
            is_reserved=campaign.is_reserved,
            launched_at=campaign.launched_at,
            completed_at=campaign.completed_at,
            messages=counts or {},
        )


@router.post("", status_code=201)
async def post_campaign(
    body: CampaignIn, campaign_id: NewId, pool: Database, caller: Marketer, response: Response
) -> CampaignOut:
    """Plan a campaign; whoever plans it owns it."""
    plan = Plan(
        name=body.name,
        campaign_type=body.campaign_type,
        objective=body.objective,
        purpose=body.purpose,
        segment_ids=tuple(dict.fromkeys(body.segment_ids)),
        subject=body.subject,
        body_text=body.body_text,
        owner_id=caller.subject,
        link_url=body.link_url,
        product_lines=tuple(body.product_lines),
        occasion=body.occasion,
    )
    campaign = await handlers.plan(pool, caller.cause, PlanCampaign(campaign_id, plan))
    tag_version(response, campaign.version)
    return CampaignOut.of(campaign)


@router.get("")
async def get_campaigns(
    pool: Database, _caller: Reader, cursor: Cursor = None, limit: Limit = 50
) -> Page[CampaignOut]:
    """Campaigns by id."""
    key = read_cursor(cursor, UUID)
    campaigns = await store.list_campaigns(pool, key[0] if key else None, limit + 1)
    page = page_of(campaigns, limit, lambda campaign: [campaign.campaign_id])
    return Page(items=[CampaignOut.of(campaign) for campaign in page.items], next=page.next)


@router.get("/{campaign_id}")
async def get_campaign(
    campaign_id: UUID, pool: Database, _caller: Reader, response: Response
) -> CampaignOut:
    """The campaign, and how many of its messages stand where."""
    campaign = await store.load_campaign(pool, campaign_id)
    tag_version(response, campaign.version)
    return CampaignOut.of(campaign, await messages.count_by_status(pool, campaign_id))


@router.post("/{campaign_id}/launch")
async def post_launch(
    campaign_id: UUID, pool: Database, caller: Marketer, if_match: IfMatch, response: Response
) -> CampaignOut:
    """Send it to everybody who is in its segments now; or begin to wait for its occasion."""
    campaign = await handlers.launch_campaign(pool, caller.cause, campaign_id, if_match)
    tag_version(response, campaign.version)
    return CampaignOut.of(campaign)


@router.post("/{campaign_id}/complete")
async def post_complete(
    campaign_id: UUID, pool: Database, caller: Marketer, if_match: IfMatch, response: Response
) -> CampaignOut:
    """End it; 409 with counts while messages wait to be sent or are held."""
    campaign = await handlers.complete_campaign(pool, caller.cause, campaign_id, if_match)
    tag_version(response, campaign.version)
    return CampaignOut.of(campaign)
