"""Act 3: a grave repair ticket endangers the next deal and holds the next mail back."""

from dataclasses import dataclass

from devstack.demo.doors import Json, eventually
from devstack.demo.story.campaign import launch, message_of
from devstack.demo.story.cast import PRODUCT_LINE, Cast, in_days
from devstack.demo.story.interest import Interest
from devstack.demo.story.sale import Sale

CODE = "open-critical-ticket"
OVER = {"resolved", "closed"}


@dataclass(frozen=True)
class Trouble:
    """The ticket, the deal in danger and the mail that waits."""

    ticket_id: str
    deal_id: str
    message_id: str


async def get_into_trouble(cast: Cast, interest: Interest, sale: Sale) -> Trouble:
    """The next deal, the severity-1 ticket, the campaign."""
    deal_id = await _next_deal(cast, interest, sale)
    ticket = await _repair_ticket(cast, interest, sale)
    is_over = ticket["status"] in OVER
    if not is_over:
        await eventually(lambda: flagged(cast, deal_id, ticket["ticket_id"]), "the deal is flagged")
        await cast.rest()
    cast.tell(f"Severity-1 ticket {ticket['number']} flagged the next deal")
    campaign_id = await launch(cast, interest.contact_id, "autumn")
    message = await eventually(
        lambda: message_of(cast, interest.contact_id, campaign_id, unless="reserved"),
        "the campaign has a message for the customer",
    )
    if not is_over:
        cast.expect(message["status"] == "held", "the mail is held", message)
    cast.tell("A campaign mail to the customer was held back")
    return Trouble(ticket["ticket_id"], deal_id, message["message_id"])


async def flagged(cast: Cast, deal_id: str, ticket_id: str) -> bool:
    """Whether the deal is in danger for this ticket."""
    deal = await cast.sales.get("pipeline", f"/v1/deals/{deal_id}")
    return any(risk["code"] == CODE and risk["cause_id"] == ticket_id for risk in deal["risks"])


async def _next_deal(cast: Cast, interest: Interest, sale: Sale) -> str:
    name = f"{cast.customer.company}: light for the quay"
    deal = await cast.sales.find(
        "pipeline", "/v1/deals", lambda deal: deal["name"] == name, customer_id=sale.customer_id
    )
    if deal is None:
        wanted = {
            "customer_id": sale.customer_id,
            "name": name,
            "amount": "125000.00",
            "currency": "EUR",
            "expected_close_date": in_days(60).isoformat(),
            "primary_contact_id": interest.contact_id,
            "product_lines": [PRODUCT_LINE],
        }
        key = f"story-quay-{sale.customer_id}"
        deal = await cast.sales.post("pipeline", "/v1/deals", wanted, key=key)
    return str(deal["deal_id"])


async def _repair_ticket(cast: Cast, interest: Interest, sale: Sale) -> Json:
    ticket = await cast.service.find(
        "service-desk",
        "/v1/tickets",
        lambda ticket: ticket["ticket_type"] == "repair",
        customer_id=sale.customer_id,
    )
    if ticket is not None:
        return ticket
    wanted = {
        "customer_id": sale.customer_id,
        "contact_id": interest.contact_id,
        "channel": "phone",
        "ticket_type": "repair",
        "subject": "Warehouse 2 is dark",
        "body": "All lights of warehouse 2 went out at once.",
        "severity": 1,
    }
    key = f"story-repair-{sale.customer_id}"
    return await cast.service.post("service-desk", "/v1/tickets", wanted, key=key)
