"""Act 3 of the second chapter: the seller leaves; what was hers is another's, who is briefed."""

from devstack.demo.doors import Caller, Json, eventually
from devstack.demo.story.cast import SELLER, Cast
from devstack.demo.story.known import Known

REASON = "left"


async def hand_over(cast: Cast, known: Known) -> None:
    """The customer and its deal move, and the brief names both."""
    admin = cast.doors.caller("root", "admin")
    handover_id = await _handover(cast, admin)
    brief = await eventually(
        lambda: admin.peek("customer-360", f"/v1/handovers/{handover_id}/brief"),
        "the brief is there",
    )
    cast.tell(f"{cast.leaver} left: the brief for {SELLER} lists {len(brief['items'])} customer")
    await eventually(lambda: _completed(admin, handover_id), "every service has moved its part")
    customer = await cast.sales.get("contacts", f"/v1/customers/{known.customer_id}")
    deal = await cast.sales.get("pipeline", f"/v1/deals/{known.deal_id}")
    owners = {customer["owner_id"], deal["owner_id"]}
    cast.expect(owners == {SELLER}, "customer and deal are the successor's", owners)
    cast.tell(f"The customer and its deal are {SELLER}'s")


async def _handover(cast: Cast, admin: Caller) -> str:
    """The handover of who left; started now where there is none yet."""
    page = await admin.get("contacts", "/v1/handovers", from_owner_id=cast.leaver)
    if page["items"]:
        return str(page["items"][0]["handover_id"])
    wanted = {"from_owner_id": cast.leaver, "to_owner_id": SELLER, "reason_code": REASON}
    started = await admin.post("contacts", "/v1/handovers", wanted, key=f"story-{cast.leaver}")
    return str(started["handover_id"])


async def _completed(admin: Caller, handover_id: str) -> Json | None:
    handover = await admin.get("contacts", f"/v1/handovers/{handover_id}")
    return handover if handover["status"] == "completed" else None
