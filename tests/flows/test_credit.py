"""A customer owes more than it may: nothing is sold to it until that is settled (rows 19, 20)."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from devstack.demo.doors import Json, eventually
from devstack.demo.story.cast import Cast
from shared.contracts.external import ErpOrderChanged
from shared.settings import KafkaSettings

from tests.flows.steps import open_deal, publish
from tests.flows.view import assert_view_is_true

NOW = datetime.now(UTC)


def _order(ref: str, **fields: Any) -> ErpOrderChanged:
    return ErpOrderChanged.model_validate(
        {
            "order_no": f"TEST-{ref}",
            "customer_system": "erp",
            "customer_ref": ref,
            "total": "20.50",
            "currency": "USD",
            "ordered_at": NOW,
            "changed_at": NOW,
            **fields,
        }
    )


async def _buyer(cast: Cast, ref: str, **limit: str | int) -> str:
    """A customer of the ERP who may owe so much."""
    customer = {
        "kind": "individual",
        "display_name": f"Customer {ref}",
        "external_ids": [{"system": "erp", "id": ref}],
    }
    created = await cast.sales.post("contacts", "/v1/customers", customer)
    customer_id = str(created["customer_id"])
    asked = {"currency": "USD", "approved_by": "boss", **limit}
    path = f"/v1/customers/{customer_id}/credit/limit"
    await cast.sales.send("PUT", "contacts", path, json=asked)
    return customer_id


async def test_a_hold_reaches_the_deals_and_the_view_and_goes_with_its_cause(
    cast: Cast, kafka: KafkaSettings
) -> None:
    ref = uuid.uuid4().hex[:10]
    customer_id = await _buyer(cast, ref, limit="10")
    deal_id = await open_deal(cast, customer_id, "quay")
    await publish(kafka, _order(ref, revision=1, status="confirmed"))
    await cast.rest()
    deal = await cast.sales.get("pipeline", f"/v1/deals/{deal_id}")
    assert [risk["code"] for risk in deal["risks"]] == ["credit-hold"]
    view = await assert_view_is_true(cast, customer_id)
    assert Decimal(view["credit"]["available"]) == Decimal("-10.50")
    assert view["credit"]["hold"]["reason_code"] == "over-limit"
    await publish(kafka, _order(ref, revision=2, status="paid"))
    await cast.rest()
    won = await cast.sales.post("pipeline", f"/v1/deals/{deal_id}/win")
    assert (won["status"], won["risks"]) == ("won", [])
    view = await assert_view_is_true(cast, customer_id)
    assert (Decimal(view["credit"]["exposure"]), view["credit"]["hold"]) == (0, None)


async def test_an_invoice_that_is_long_overdue_stops_the_next_deal(
    cast: Cast, kafka: KafkaSettings
) -> None:
    ref = uuid.uuid4().hex[:10]
    customer_id = await _buyer(cast, ref, limit="1000", terms_days=14)
    deal_id = await open_deal(cast, customer_id, "quay")
    await cast.rest()
    long_ago = NOW - timedelta(days=14 + 40)
    invoiced = _order(ref, revision=1, status="invoiced", ordered_at=long_ago, changed_at=long_ago)
    await publish(kafka, invoiced)

    async def risks() -> list[str]:
        deal = await cast.sales.get("pipeline", f"/v1/deals/{deal_id}")
        return [risk["code"] for risk in deal["risks"]]

    async def is_told() -> Json | None:
        view = await cast.sales.get("customer-360", f"/v1/customers/{customer_id}")
        return next((a for a in view["alerts"] if a["code"] == "payment-overdue"), None)

    await eventually(is_told, "the view tells that the invoice is overdue")
    await cast.rest()
    assert await risks() == ["credit-hold"]
    view = await assert_view_is_true(cast, customer_id)
    assert view["credit"]["hold"]["reason_code"] == "overdue"
    [order] = view["orders"]["recent"]
    assert (order["status"], order["overdue_level"]) == ("invoiced", 3)
    await publish(kafka, _order(ref, revision=2, status="paid"))
    await cast.rest()
    assert await risks() == []
    view = await assert_view_is_true(cast, customer_id)
    assert (view["credit"]["hold"], view["alerts"]) == (None, [])
