"""A promise is broken: the view says so, and whoever comes after its maker owes it (37, 42)."""

from datetime import UTC, datetime, timedelta

from devstack.demo.doors import Json, eventually
from devstack.demo.story.cast import Cast
from devstack.demo.story.interest import show_interest
from devstack.demo.story.sale import make_sale
from shared.ids import new_id


async def test_a_broken_promise_is_told_and_its_makers_successor_finds_it_in_the_brief(
    cast: Cast,
) -> None:
    leaver, heir = f"leaver-{new_id().hex[-8:]}", f"heir-{new_id().hex[-8:]}"
    sale = await make_sale(cast, await show_interest(cast))
    promised = {
        "customer_id": sale.customer_id,
        "kind": "delivery",
        "text": "Two spare lamps, for nothing",
        "made_by": leaver,
        "due_at": (datetime.now(UTC) + timedelta(seconds=3)).isoformat(),
    }
    made = await cast.sales.post("pipeline", "/v1/commitments", promised)
    path = f"/v1/customers/{sale.customer_id}"

    async def is_told() -> Json | None:
        view = await cast.sales.get("customer-360", path)
        return next((a for a in view["alerts"] if a["code"] == "commitment-broken"), None)

    alert = await eventually(is_told, "the view tells that the promise is broken")
    assert alert["refs"] == [made["commitment_id"]]

    await cast.rest()
    tickets = await cast.service.get("service-desk", "/v1/tickets", source_id=made["commitment_id"])
    [ticket] = tickets["items"]
    assert (ticket["ticket_type"], ticket["status"]) == ("escalation", "new")
    view = await cast.sales.get("customer-360", path)
    assert ticket["ticket_id"] in {one["ticket_id"] for one in view["service"]["open"]}

    admin = cast.doors.caller("maria", "admin")
    body = {"from_owner_id": leaver, "to_owner_id": heir, "reason_code": "left"}
    handover_id = (await admin.post("contacts", "/v1/handovers", body))["handover_id"]

    async def is_done() -> Json | None:
        seen = await admin.get("contacts", f"/v1/handovers/{handover_id}")
        return seen if seen["status"] == "completed" else None

    done = await eventually(is_done, "every service has acknowledged")
    assert done["acknowledged"]["pipeline"] == {"commitments": 1}
    await cast.rest()
    brief = await cast.sales.get("customer-360", f"/v1/handovers/{handover_id}/brief")
    [customer] = brief["items"]
    [owed] = customer["commitments"]
    assert (owed["commitment_id"], owed["made_by"], owed["owner_id"], owed["status"]) == (
        made["commitment_id"],
        leaver,
        heir,
        "broken",
    )
    await cast.sales.post("pipeline", f"/v1/commitments/{made['commitment_id']}/fulfil", {})
    await cast.rest()
    assert await is_told() is None
