"""An employee leaves: everything moves, and the brief is there at once (choreography 37)."""

from devstack.demo.doors import Json, eventually
from devstack.demo.story.cast import Cast
from devstack.demo.story.interest import show_interest
from devstack.demo.story.sale import make_sale
from shared.ids import new_id

from tests.flows.steps import open_deal, open_ticket


async def test_what_a_leaver_had_is_the_successors_with_a_brief(cast: Cast) -> None:
    leaver, heir = f"leaver-{new_id().hex[-8:]}", f"heir-{new_id().hex[-8:]}"
    sale = await make_sale(cast, await show_interest(cast))
    deal_id = await open_deal(cast, sale.customer_id, "quay")
    ticket_id = await open_ticket(cast, sale.customer_id, severity=3)
    give = {"owner_id": leaver, "reason_code": "territory"}
    await cast.sales.post("contacts", f"/v1/customers/{sale.customer_id}/owner", give)
    await cast.sales.post("pipeline", f"/v1/deals/{deal_id}/owner", give)
    await cast.service.post("service-desk", f"/v1/tickets/{ticket_id}/assign", {"agent_id": leaver})
    await cast.rest()

    admin = cast.doors.caller("maria", "admin")
    body = {"from_owner_id": leaver, "to_owner_id": heir, "reason_code": "left"}
    handover_id = (await admin.post("contacts", "/v1/handovers", body))["handover_id"]

    async def is_done() -> Json | None:
        seen = await admin.get("contacts", f"/v1/handovers/{handover_id}")
        return seen if seen["status"] == "completed" else None

    done = await eventually(is_done, "every service has acknowledged")
    assert done["acknowledged"] == {
        "contacts": {"customers": 1},
        "pipeline": {"deals": 1},
        "service-desk": {"tickets": 1},
        "campaigns": {},
    }
    await cast.rest()
    assert (await cast.sales.get("pipeline", f"/v1/deals/{deal_id}"))["owner_id"] == heir
    path = f"/v1/handovers/{handover_id}/brief"
    brief = await cast.sales.get("customer-360", path)
    [customer] = brief["items"]
    assert (customer["customer_id"], customer["owner_id"]) == (sale.customer_id, heir)
    assert [deal["deal_id"] for deal in customer["deals"]] == [deal_id]
    assert ticket_id in [ticket["ticket_id"] for ticket in customer["tickets"]]
    assert customer["people"]
    assert customer["promises"]
