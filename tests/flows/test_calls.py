"""A call of the telephone system is in the view of the customer, and its number is nowhere."""

import uuid
from datetime import UTC, datetime

from devstack.demo.story.cast import Cast
from shared.contracts.contacts import INTERACTION_EVENTS
from shared.contracts.external import CallCompleted
from shared.settings import KafkaSettings

from tests.flows.ledger import Ledger
from tests.flows.steps import publish


async def test_a_call_is_a_touch_of_whoever_has_the_number(
    cast: Cast, kafka: KafkaSettings, ledger: Ledger
) -> None:
    customer = {"kind": "organization", "display_name": cast.customer.company}
    firm = (await cast.sales.post("contacts", "/v1/customers", customer))["customer_id"]
    person = {
        "given_name": cast.customer.given_name,
        "points": [{"type": "phone", "value": cast.customer.phone}],
        "memberships": [{"customer_id": firm}],
    }
    nora = (await cast.sales.post("contacts", "/v1/contacts", person))["contact_id"]
    await cast.rest()
    call = CallCompleted(
        call_id=uuid.uuid4().hex,
        direction="inbound",
        phone=cast.customer.phone.replace(" ", "-"),
        started_at=datetime.now(UTC),
        duration_s=95,
        agent_id="otto",
    )
    await publish(kafka, call, call)
    await cast.rest()

    page = await cast.sales.get("contacts", "/v1/interactions", contact_id=nora)
    [touch] = page["items"]
    assert (touch["customer_id"], touch["kind"], touch["duration_s"]) == (firm, "call", 95)
    view = await cast.sales.get("customer-360", f"/v1/customers/{firm}/timeline")
    titles = [item["title"] for item in view["items"]]
    assert titles.count("Call, inbound, by phone (answered)") == 1, titles
    [told] = await ledger.records(INTERACTION_EVENTS, touch["interaction_id"])
    digits = "".join(each for each in cast.customer.phone if each.isdigit())
    assert digits.encode() not in (told.value or b"")
