"""Orders of the ERP find their customers, whichever comes first."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from devstack.demo.doors import Json
from devstack.demo.orders import publish_orders
from devstack.demo.purchases import SYSTEM, Purchase
from devstack.demo.story.cast import Cast
from shared.settings import KafkaSettings

from tests.flows.view import assert_view_is_true

DAY, LATER = datetime(1997, 5, 1, tzinfo=UTC), datetime(1998, 2, 1, tzinfo=UTC)


def _purchases() -> list[Purchase]:
    ref = uuid.uuid4().hex[:10]
    first = Purchase(f"TEST-{ref}-1", ref, DAY, 2, Decimal("20.50"))
    return [first, replace(first, order_no=f"TEST-{ref}-2", ordered_at=LATER)]


async def _publish(kafka: KafkaSettings, purchases: list[Purchase]) -> None:
    await publish_orders(kafka, purchases, lambda _more: None)


async def _create(cast: Cast, ref: str) -> str:
    customer = {
        "kind": "individual",
        "display_name": f"Customer {ref}",
        "external_ids": [{"system": SYSTEM, "id": ref}],
    }
    answer = await cast.sales.post("contacts", "/v1/customers", customer)
    return str(answer["customer_id"])


def _assert_both(view: Json) -> None:
    orders = view["orders"]
    assert orders["count"] == 2
    assert Decimal(orders["revenue"]["USD"]) == Decimal("41.00")
    assert datetime.fromisoformat(orders["first_order_at"]) == DAY
    assert datetime.fromisoformat(orders["last_order_at"]) == LATER


async def test_orders_of_a_known_customer_are_in_its_view(cast: Cast, kafka: KafkaSettings) -> None:
    purchases = _purchases()
    customer_id = await _create(cast, purchases[0].customer_ref)
    await cast.rest()
    await _publish(kafka, purchases)
    _assert_both(await assert_view_is_true(cast, customer_id))


async def test_orders_that_come_before_their_customer_wait_for_it(
    cast: Cast, kafka: KafkaSettings
) -> None:
    purchases = _purchases()
    await _publish(kafka, purchases)
    await cast.rest()
    order_nos = {purchase.order_no for purchase in purchases}
    assert await _waiting(cast) >= order_nos
    customer_id = await _create(cast, purchases[0].customer_ref)
    await cast.rest()
    assert not await _waiting(cast) & order_nos
    _assert_both(await assert_view_is_true(cast, customer_id))


async def test_an_order_that_is_published_again_counts_once(
    cast: Cast, kafka: KafkaSettings
) -> None:
    purchases = _purchases()
    customer_id = await _create(cast, purchases[0].customer_ref)
    await _publish(kafka, [*purchases, *purchases])
    await _publish(kafka, purchases)
    _assert_both(await assert_view_is_true(cast, customer_id))


async def _waiting(cast: Cast) -> set[str]:
    page = await cast.sales.get("pipeline", "/v1/orders/waiting", limit=200)
    return {order["external_ref"] for order in page["items"]}
