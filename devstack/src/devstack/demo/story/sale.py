"""Act 2: the lead becomes a customer and a deal; the deal is won and onboarding begins."""

from dataclasses import dataclass

from devstack.demo.doors import Json, eventually
from devstack.demo.story.cast import PRODUCT_LINE, SELLER, Cast, in_days
from devstack.demo.story.interest import Interest

STAGES = ("proposal", "negotiation")


@dataclass(frozen=True)
class Sale:
    """The customer won, and the ticket that came of it."""

    customer_id: str
    deal_id: str
    onboarding_ticket_id: str


async def make_sale(cast: Cast, interest: Interest) -> Sale:
    """Work the lead, convert it, win the deal."""
    lead = await _convert(cast, interest.lead_id)
    cast.tell("The lead was converted into a customer and a deal")
    await _win(cast, lead["deal_id"])
    await eventually(lambda: _is_customer(cast, lead["customer_id"]), "the prospect is a customer")
    cast.tell("The deal was won, and the prospect is a customer")
    ticket = await eventually(
        lambda: _onboarding(cast, lead["customer_id"], lead["deal_id"]), "onboarding begins"
    )
    cast.tell(f"Onboarding ticket {ticket['number']} appeared by itself")
    return Sale(lead["customer_id"], lead["deal_id"], ticket["ticket_id"])


async def _convert(cast: Cast, lead_id: str) -> Json:
    """Take every step that the lead has not taken; each answers with the lead as it is then."""
    path = f"/v1/leads/{lead_id}"
    lead = await cast.sales.get("pipeline", path)
    steps: dict[str, tuple[str, Json]] = {
        "new": ("assign", {"owner_id": SELLER}),
        "assigned": ("contact", {}),
        "contacted": ("qualify", {"framework": "bant", "answers": {"need": "light"}}),
        "qualified": ("convert", {"deal": _first_deal(cast)}),
    }
    while lead["status"] in steps:
        command, body = steps[lead["status"]]
        lead = await cast.sales.post("pipeline", f"{path}/{command}", body)
    return lead


def _first_deal(cast: Cast) -> Json:
    return {
        "name": f"{cast.customer.company}: light for two warehouses",
        "amount": "48000.00",
        "currency": "EUR",
        "expected_close_date": in_days(30).isoformat(),
        "product_lines": [PRODUCT_LINE],
    }


async def _win(cast: Cast, deal_id: str) -> None:
    path = f"/v1/deals/{deal_id}"
    deal = await cast.sales.get("pipeline", path)
    if deal["status"] != "open":
        return
    reached = STAGES.index(deal["stage_id"]) + 1 if deal["stage_id"] in STAGES else 0
    for stage_id in STAGES[reached:]:
        await cast.sales.post("pipeline", f"{path}/stage", {"stage_id": stage_id})
    await cast.sales.post("pipeline", f"{path}/win", {"requires_onboarding": True})


async def _is_customer(cast: Cast, customer_id: str) -> bool:
    customer = await cast.sales.peek("contacts", f"/v1/customers/{customer_id}")
    return customer is not None and bool(customer["lifecycle"] == "customer")


async def _onboarding(cast: Cast, customer_id: str, deal_id: str) -> Json | None:
    page = await cast.service.get(
        "service-desk", "/v1/tickets", customer_id=customer_id, source_id=deal_id
    )
    return page["items"][0] if page["items"] else None
