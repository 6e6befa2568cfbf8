"""The examples of the registry are one story, and codes of tomorrow do not stop the 360."""

import json
from typing import Any

from shared.contracts import FACTS
from shared.contracts.codes import Open
from shared.contracts.examples import example_of
from shared.contracts.topic import Event

from tests.integration.customer_360.conftest import Customer360


def example(wire_name: str, **instead: Any) -> Event:
    body = {**example_of(FACTS[wire_name]), **instead}
    return FACTS[wire_name].model_validate_json(json.dumps(body))


def of_tomorrow(fact: type[Event]) -> dict[str, str]:
    """A value that nobody knows yet for each open code of a fact."""
    return {
        name: "never-heard-of"
        for name, field in fact.model_fields.items()
        if any(isinstance(each, Open) for each in field.metadata)
    }


async def test_every_fact_with_open_codes_is_applied_with_values_that_nobody_knows(
    service: Customer360,
) -> None:
    handled = {name for consumer in service.consumers.values() for name in consumer.handlers}
    codes = {name: of_tomorrow(FACTS[name]) for name in sorted(handled)}
    assert sum(map(bool, codes.values())) > 10
    await service.happens(*(example(name, **codes[name]) for name in codes))
    assert await service.pool.fetchval("SELECT count(*) FROM parked_events") == 0
    customer_id = example_of(FACTS["crm.contacts.customer.state.v1"])["customer_id"]
    view = await service.get(f"/v1/customers/{customer_id}")
    assert view["customer_id"] == customer_id
    timeline = await service.get(f"/v1/customers/{customer_id}/timeline")
    assert "never-heard-of" in json.dumps([view, timeline])
