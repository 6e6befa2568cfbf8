"""The whole story, and what the 360 must tell of it afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass

from devstack.demo.doors import Caller, Json
from devstack.demo.story.cast import Cast
from devstack.demo.story.forgetting import forget
from devstack.demo.story.handover import hand_over
from devstack.demo.story.interest import show_interest
from devstack.demo.story.known import Known, make_known
from devstack.demo.story.relief import bring_relief
from devstack.demo.story.sale import make_sale
from devstack.demo.story.trouble import get_into_trouble
from devstack.demo.story.twice import make_one

BEATS = (
    "campaigns.form.submitted",
    "contacts.contact.created",
    "contacts.consent.granted",
    "pipeline.lead.created",
    "pipeline.lead.converted",
    "contacts.customer.created",
    "pipeline.deal.opened",
    "pipeline.deal.won",
    "contacts.customer.lifecycle-changed",
    "service-desk.ticket.opened",
    "pipeline.deal.risk-flagged",
    "campaigns.message.held",
    "service-desk.ticket.resolved",
    "pipeline.deal.risk-cleared",
    "campaigns.message.sent",
    "campaigns.message.clicked",
    "campaigns.message.unsubscribed",
    "contacts.consent.withdrawn",
    "campaigns.message.suppressed",
)


@dataclass(frozen=True)
class Story:
    """Whose story it was."""

    customer_id: str
    contact_id: str


async def play(cast: Cast) -> Story:
    """Play all acts; raises `DemoError` where the system does not do its part."""
    interest = await show_interest(cast)
    sale = await make_sale(cast, interest)
    trouble = await get_into_trouble(cast, interest, sale)
    await bring_relief(cast, interest, trouble)
    return Story(sale.customer_id, interest.contact_id)


async def play_on(cast: Cast) -> Known:
    """Play the second chapter: one customer, known once, handed over, a person of it forgotten."""
    known = await make_known(cast)
    await make_one(cast, known)
    await hand_over(cast, known)
    await forget(cast, known)
    return known


async def timeline(reader: Caller, customer_id: str) -> list[Json]:
    """Everything that the 360 tells of the customer, oldest first."""
    items: list[Json] = []
    cursor: str | None = None
    while True:
        path = f"/v1/customers/{customer_id}/timeline"
        page = await reader.get("customer-360", path, cursor=cursor)
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items[::-1]


def untold(items: Sequence[Json]) -> list[str]:
    """The beats that the timeline lacks."""
    told = {f"{item['service']}.{item['kind']}" for item in items}
    return [beat for beat in BEATS if beat not in told]
