"""Whether the 360's view of a customer says what the services themselves say, by section."""

from devstack.demo.doors import Caller, Json
from devstack.demo.story.cast import Cast

ENDED_TICKETS = {"resolved", "closed", "cancelled"}


async def assert_view_is_true(cast: Cast, customer_id: str) -> Json:
    """Compare the view with each service's own answer, once the system is at rest."""
    await cast.rest()
    reader = cast.doors.caller("reader", "reader")
    view = await reader.get("customer-360", f"/v1/customers/{customer_id}")
    assert not view["stale"]
    await _assert_header(reader, view)
    await _assert_people(reader, view)
    await _assert_deals(reader, view)
    await _assert_orders(reader, view)
    await _assert_tickets(reader, view)
    await _assert_touches(reader, view)
    await _assert_history(reader, view)
    return view


async def read_all(reader: Caller, service: str, path: str, **params: str) -> list[Json]:
    """Every item of a list, page by page."""
    items: list[Json] = []
    cursor: str | None = None
    while True:
        page = await reader.get(service, path, cursor=cursor, **params)
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items


async def _assert_header(reader: Caller, view: Json) -> None:
    own = await reader.get("contacts", f"/v1/customers/{view['customer_id']}")
    for field in ("kind", "display_name", "lifecycle", "owner_id"):
        assert view["header"][field] == own[field], field


async def _assert_people(reader: Caller, view: Json) -> None:
    people = await read_all(reader, "contacts", "/v1/contacts", customer_id=view["customer_id"])
    assert {person["contact_id"] for person in view["people"]} == {
        person["contact_id"] for person in people
    }
    for person in view["people"]:
        path = f"/v1/contacts/{person['contact_id']}/consents"
        own = await reader.get("contacts", path)
        assert _consents(person["consents"]) == _consents(own)


def _consents(consents: list[Json]) -> set[tuple[str, str, str]]:
    return {(item["channel"], item["purpose"], item["status"]) for item in consents}


async def _assert_deals(reader: Caller, view: Json) -> None:
    deals = await read_all(reader, "pipeline", "/v1/deals", customer_id=view["customer_id"])
    is_open = {deal["deal_id"]: deal for deal in deals if deal["status"] == "open"}
    shown = {deal["deal_id"]: deal for deal in view["deals"]["open"]}
    assert shown.keys() == is_open.keys()
    for deal_id, deal in shown.items():
        assert deal["stage_id"] == is_open[deal_id]["stage_id"]
        assert _risks(deal) == _risks(is_open[deal_id])
    assert view["deals"]["won_count"] == sum(deal["status"] == "won" for deal in deals)
    assert view["deals"]["lost_count"] == sum(deal["status"] == "lost" for deal in deals)


def _risks(deal: Json) -> set[tuple[str, str | None]]:
    return {(risk["code"], risk["cause_id"]) for risk in deal["risks"]}


async def _assert_orders(reader: Caller, view: Json) -> None:
    orders = await read_all(reader, "pipeline", "/v1/orders", customer_id=view["customer_id"])
    assert view["orders"]["count"] == len(orders)


async def _assert_tickets(reader: Caller, view: Json) -> None:
    tickets = await read_all(reader, "service-desk", "/v1/tickets", customer_id=view["customer_id"])
    open_ = {t["ticket_id"]: t["status"] for t in tickets if t["status"] not in ENDED_TICKETS}
    assert {t["ticket_id"]: t["status"] for t in view["service"]["open"]} == open_


async def _assert_touches(reader: Caller, view: Json) -> None:
    messages = [
        message
        for person in view["people"]
        for message in await read_all(
            reader, "campaigns", "/v1/messages", contact_id=person["contact_id"]
        )
    ]
    assert view["campaigns"]["sent"] == sum(message["sent_at"] is not None for message in messages)
    assert view["campaigns"]["clicked"] == sum(
        message["clicked_at"] is not None for message in messages
    )


async def _assert_history(reader: Caller, view: Json) -> None:
    """Who changed what of the customer and its people is passed on as contacts has it."""
    people = [f"/v1/contacts/{person['contact_id']}/history" for person in view["people"]]
    for path in (f"/v1/customers/{view['customer_id']}/history", *people):
        own = await read_all(reader, "contacts", path)
        assert own == await read_all(reader, "customer-360", path) != []
