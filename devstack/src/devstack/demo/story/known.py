"""Act 1 of the second chapter: a customer with a deal and a person, all of them one seller's."""

from dataclasses import dataclass
from decimal import Decimal

from devstack.demo.doors import Json
from devstack.demo.story.cast import PRODUCT_LINE, Cast, in_days

SHOP = "story-shop"
"""The outside system that knows the customer first."""

FIRST_AMOUNT = Decimal("18000.00")


@dataclass(frozen=True)
class Known:
    """The customer, the deal with them, and the person whom one talks to."""

    customer_id: str
    deal_id: str
    contact_id: str


async def make_known(cast: Cast) -> Known:
    """What is there from before is found by the shop's id, and by the ids in the deal."""
    customer_id = await find_by(cast, SHOP) or await _enter(cast)
    deal = await cast.sales.find(
        "pipeline", "/v1/deals", lambda deal: deal["primary_contact_id"], customer_id=customer_id
    )
    if deal is None:
        deal = await _deal(cast, customer_id, await _person(cast, customer_id))
    cast.tell(f"{cast.leaver} has a customer, {cast.customer.company}, with a deal and a person")
    return Known(customer_id, str(deal["deal_id"]), str(deal["primary_contact_id"]))


async def find_by(cast: Cast, system: str) -> str | None:
    """The customer whom an outside system knows."""
    page = await cast.sales.get(
        "contacts", "/v1/customers", external_system=system, external_id=cast.customer.slug
    )
    return str(page["items"][0]["customer_id"]) if page["items"] else None


async def _enter(cast: Cast) -> str:
    wanted = {
        "kind": "organization",
        "display_name": cast.customer.company,
        "website": f"https://{cast.customer.slug}.example",
        "owner_id": cast.leaver,
        "external_ids": [{"system": SHOP, "id": cast.customer.slug}],
    }
    key = f"story-{SHOP}-{cast.customer.slug}"
    return str((await cast.sales.post("contacts", "/v1/customers", wanted, key))["customer_id"])


async def _person(cast: Cast, customer_id: str) -> str:
    person = cast.customer
    wanted = {
        "given_name": person.given_name,
        "family_name": person.family_name,
        "points": [
            {"type": "email", "value": person.email},
            {"type": "phone", "value": person.phone},
        ],
        "memberships": [{"customer_id": customer_id, "role": "buyer", "is_primary": True}],
    }
    key = f"story-person-{person.slug}"
    return str((await cast.sales.post("contacts", "/v1/contacts", wanted, key))["contact_id"])


async def _deal(cast: Cast, customer_id: str, contact_id: str) -> Json:
    wanted = {
        "customer_id": customer_id,
        "name": "Lamps for the joinery",
        "amount": str(FIRST_AMOUNT),
        "currency": "EUR",
        "expected_close_date": in_days(45).isoformat(),
        "primary_contact_id": contact_id,
        "product_lines": [PRODUCT_LINE],
        "owner_id": cast.leaver,
    }
    key = f"story-joinery-{cast.customer.slug}"
    return await cast.sales.post("pipeline", "/v1/deals", wanted, key)
