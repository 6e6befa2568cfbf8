"""A subscriber over HTTP gets the same facts as one on Kafka: same ids, same bodies, same order."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from devstack.demo.doors import Doors
from devstack.demo.story.cast import Cast
from devstack.demo.story.interest import show_interest
from devstack.demo.story.sale import make_sale
from shared.contracts.pipeline import DEAL_EVENTS

from tests.flows.ledger import Ledger
from tests.integration.webhooks.endpoint import Endpoint, listening


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with listening() as made:
        yield made


async def test_a_sale_is_told_to_a_subscriber_as_it_stands_on_the_topic(
    cast: Cast, doors: Doors, endpoint: Endpoint, ledger: Ledger
) -> None:
    erp = doors.caller("erp", "integration")
    asked = {"url": endpoint.url, "types": ["crm.pipeline.deal.*"], "services": ["pipeline"]}
    subscription: Any = await erp.post("webhooks", "/v1/subscriptions", asked)
    path = f"/v1/subscriptions/{subscription['subscription_id']}"
    try:
        sale = await make_sale(cast, await show_interest(cast))
        await cast.rest()
        records = await ledger.records(DEAL_EVENTS, sale.deal_id)
        assert len(records) >= 3
        ids = [dict(record.headers)["ce_id"].decode() for record in records]
        await endpoint.received(len(ids))
    finally:
        await erp.send("DELETE", "webhooks", path)
    told = [each for each in endpoint.requests if each.subject == sale.deal_id]
    assert [each.message_id for each in told] == ids
    assert [each.event["data"] for each in told] == [json.loads(r.value or b"") for r in records]
    for request in endpoint.requests:
        request.verify(subscription["secret"])
