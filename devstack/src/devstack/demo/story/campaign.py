"""A campaign to the story's customer alone: its segment, its launch, its message."""

from devstack.demo.doors import Json
from devstack.demo.story.cast import PRODUCT_LINE, Cast

LINK = "https://rapport.example/light"


async def launch(cast: Cast, contact_id: str, season: str) -> str:
    """Plan the season's campaign and launch it, whichever of both is not yet done."""
    name = f"{season} {cast.customer.slug}"
    campaign = await cast.marketing.find(
        "campaigns", "/v1/campaigns", lambda campaign: campaign["name"] == name
    )
    if campaign is None:
        wanted = {
            "name": name,
            "campaign_type": "email",
            "objective": "promotion",
            "purpose": "marketing",
            "segment_ids": [await _segment(cast, contact_id)],
            "subject": f"Light for your {season}",
            "body_text": f"Dear customer,\n\nnew lamps are here: {LINK}\n",
            "link_url": LINK,
            "product_lines": [PRODUCT_LINE],
        }
        campaign = await cast.marketing.post("campaigns", "/v1/campaigns", wanted, key=name)
    campaign_id = str(campaign["campaign_id"])
    if campaign["status"] == "planned":
        await cast.marketing.post("campaigns", f"/v1/campaigns/{campaign_id}/launch")
    return campaign_id


async def _segment(cast: Cast, contact_id: str) -> str:
    name = f"story {cast.customer.slug}"
    segment = await cast.marketing.find(
        "campaigns", "/v1/segments", lambda segment: segment["name"] == name
    )
    if segment is None:
        wanted = {"name": name, "kind": "static"}
        segment = await cast.marketing.post("campaigns", "/v1/segments", wanted, key=name)
    path = f"/v1/segments/{segment['segment_id']}/members"
    await cast.marketing.post("campaigns", path, {"contact_ids": [contact_id]})
    return str(segment["segment_id"])


async def message_of(
    cast: Cast, contact_id: str, campaign_id: str, *, unless: str = ""
) -> Json | None:
    """The campaign's message to the contact; None while there is none, or it is in that state."""
    page = await cast.marketing.get(
        "campaigns", "/v1/messages", contact_id=contact_id, campaign_id=campaign_id
    )
    return next((message for message in page["items"] if message["status"] != unless), None)
