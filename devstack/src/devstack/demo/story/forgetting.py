"""Act 4 of the second chapter: a person asks to be forgotten, and nobody finds them any more."""

from devstack.demo.doors import Caller, Json, eventually
from devstack.demo.story.cast import Cast
from devstack.demo.story.known import Known


async def forget(cast: Cast, known: Known) -> None:
    """The request, its verification, every service's acknowledgement; then a search."""
    officer = cast.doors.caller("pia", "privacy")
    request = await _request(officer, known.contact_id)
    path = f"/v1/privacy/requests/{request['request_id']}"
    if request["status"] == "received":
        await officer.post("contacts", f"{path}/verify", {"method": "callback"})
        await officer.post("contacts", f"{path}/start")
    done = await eventually(lambda: _completed(officer, path), "every service has erased")
    services = sorted(ack["service"] for ack in done["acks"])
    cast.tell(f"The person was erased by {', '.join(services)} and contacts")
    await cast.rest()
    await _find_nobody(cast, known)
    cast.tell("No search finds the person; the customer, its deal and its amounts are still there")


async def _request(officer: Caller, contact_id: str) -> Json:
    page = await officer.get(
        "contacts", "/v1/privacy/requests", kind="erasure", contact_id=contact_id
    )
    if page["items"]:
        return page["items"][0]
    wanted = {"contact_id": contact_id}
    key = f"story-{contact_id}"
    return await officer.post("contacts", "/v1/privacy/erasures", wanted, key=key)


async def _completed(officer: Caller, path: str) -> Json | None:
    request = await officer.get("contacts", path)
    return request if request["status"] == "completed" else None


async def _find_nobody(cast: Cast, known: Known) -> None:
    for text in (cast.customer.email, cast.customer.phone):
        hits = await cast.sales.get("customer-360", "/v1/customers", q=text)
        found_by = {hit["matched"] for hit in hits["items"]}
        cast.expect(found_by <= {"name"}, "the 360 finds nobody by what was erased", hits)
    people = await cast.sales.get("contacts", "/v1/contacts", email=cast.customer.email)
    cast.expect(people["items"] == [], "contacts finds nobody", people)
    view = await cast.sales.get("customer-360", f"/v1/customers/{known.customer_id}")
    cast.expect(bool(view["deals"]["open_amount"]), "the amounts stay", view["deals"])
