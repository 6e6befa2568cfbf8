"""Act 2 of the second chapter: the customer was entered twice; the two become one."""

from decimal import Decimal

from devstack.demo.doors import Json, eventually
from devstack.demo.story.cast import PRODUCT_LINE, Cast, in_days
from devstack.demo.story.known import FIRST_AMOUNT, Known, find_by

WEB = "story-web"
"""The outside system that brought the second record."""

SECOND_AMOUNT = Decimal("7000.00")


async def make_one(cast: Cast, known: Known) -> None:
    """A second record with a deal of its own; a case is opened; after the merge there is one."""
    twin_id = await find_by(cast, WEB) or await _enter_again(cast)
    if twin_id != known.customer_id:
        deal_id = await _deal(cast, twin_id)
        await eventually(lambda: _case(cast, known, twin_id), "the two are suspected to be one")
        cast.tell("A second record of the same company came in, and a duplicate case was opened")
        await _merge(cast, known, twin_id)
        await eventually(lambda: _is_moved(cast, known, deal_id), "its deal follows")
    await eventually(lambda: _has_both(cast, known), "the 360 shows both deals of one customer")
    cast.tell("The two were merged: one customer with both deals")


async def _enter_again(cast: Cast) -> str:
    wanted = {
        "kind": "organization",
        "display_name": cast.customer.company,
        "website": f"https://{cast.customer.slug}.example",
        "owner_id": cast.leaver,
        "external_ids": [{"system": WEB, "id": cast.customer.slug}],
    }
    key = f"story-{WEB}-{cast.customer.slug}"
    path = "/v1/customers?force_reason=web-form"
    return str((await cast.sales.post("contacts", path, wanted, key))["customer_id"])


async def _deal(cast: Cast, customer_id: str) -> str:
    wanted = {
        "customer_id": customer_id,
        "name": "Lamps for the yard",
        "amount": str(SECOND_AMOUNT),
        "currency": "EUR",
        "expected_close_date": in_days(60).isoformat(),
        "product_lines": [PRODUCT_LINE],
        "owner_id": cast.leaver,
    }
    key = f"story-yard-{cast.customer.slug}"
    return str((await cast.sales.post("pipeline", "/v1/deals", wanted, key))["deal_id"])


async def _case(cast: Cast, known: Known, twin_id: str) -> Json | None:
    return await cast.sales.find(
        "contacts",
        "/v1/duplicates",
        lambda case: known.customer_id in case["candidate_ids"],
        entity_id=twin_id,
    )


async def _merge(cast: Cast, known: Known, twin_id: str) -> None:
    wanted = {
        "survivor_id": known.customer_id,
        "merged_ids": [twin_id],
        "reason_code": "duplicate",
    }
    key = f"story-merge-{cast.customer.slug}"
    await cast.sales.post("contacts", "/v1/merges/customers", wanted, key)


async def _is_moved(cast: Cast, known: Known, deal_id: str) -> bool:
    deal = await cast.sales.get("pipeline", f"/v1/deals/{deal_id}")
    return bool(deal["customer_id"] == known.customer_id)


async def _has_both(cast: Cast, known: Known) -> bool:
    view = await cast.sales.get("customer-360", f"/v1/customers/{known.customer_id}")
    return Decimal(view["deals"]["open_amount"].get("EUR", 0)) == FIRST_AMOUNT + SECOND_AMOUNT
