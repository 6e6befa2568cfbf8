"""A customer owes more than it may: nothing is sold to it until that is settled (rows 19, 20)."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from aiokafka import AIOKafkaProducer
from devstack.demo.story.cast import Cast
from shared.contracts.external import ErpOrderChanged
from shared.settings import KafkaSettings

from tests.flows.steps import open_deal
from tests.flows.view import assert_view_is_true
from tests.records import record_of

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


async def _tell(kafka: KafkaSettings, order: ErpOrderChanged) -> None:
    record = record_of(order)
    made: Any = AIOKafkaProducer(**kafka.client_options(), acks="all")
    async with made as producer:
        await producer.send_and_wait(
            record.topic, record.value, key=record.key, headers=list(record.headers)
        )


async def test_a_hold_reaches_the_deals_and_the_view_and_goes_with_its_cause(
    cast: Cast, kafka: KafkaSettings
) -> None:
    ref = uuid.uuid4().hex[:10]
    customer = {
        "kind": "individual",
        "display_name": f"Customer {ref}",
        "external_ids": [{"system": "erp", "id": ref}],
    }
    created = await cast.sales.post("contacts", "/v1/customers", customer)
    customer_id = str(created["customer_id"])
    limit = {"currency": "USD", "limit": "10", "approved_by": "boss"}
    path = f"/v1/customers/{customer_id}/credit/limit"
    await cast.sales.send("PUT", "contacts", path, json=limit)
    deal_id = await open_deal(cast, customer_id, "quay")
    await _tell(kafka, _order(ref, revision=1, status="confirmed"))
    await cast.rest()
    deal = await cast.sales.get("pipeline", f"/v1/deals/{deal_id}")
    assert [risk["code"] for risk in deal["risks"]] == ["credit-hold"]
    view = await assert_view_is_true(cast, customer_id)
    assert Decimal(view["credit"]["available"]) == Decimal("-10.50")
    assert view["credit"]["hold"]["reason_code"] == "over-limit"
    await _tell(kafka, _order(ref, revision=2, status="paid"))
    await cast.rest()
    won = await cast.sales.post("pipeline", f"/v1/deals/{deal_id}/win")
    assert (won["status"], won["risks"]) == ("won", [])
    view = await assert_view_is_true(cast, customer_id)
    assert (Decimal(view["credit"]["exposure"]), view["credit"]["hold"]) == (0, None)
