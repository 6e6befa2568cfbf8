"""A newcomer who reads the state topics, then follows, knows what the services themselves say."""

import asyncio
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import asyncpg
from devstack.demo.doors import Caller, Json, eventually
from devstack.demo.orders import publish_orders
from devstack.demo.purchases import SYSTEM, Purchase
from devstack.demo.story.cast import Cast
from devstack.demo.story.play import play
from devstack.stack import Stack
from shared.contracts.contacts import CONTACT_STATE
from shared.messaging import outbox
from shared.messaging.outbox import Tombstone
from shared.settings import KafkaSettings

from tests.flows.newcomer import AGGREGATES, PROFILE, Body, Newcomer, arriving
from tests.flows.steps import open_deal, open_ticket, resolve
from tests.records import cause_of_test

LISTS = {
    "crm.contacts.customer": ("contacts", "/v1/customers"),
    "crm.contacts.contact": ("contacts", "/v1/contacts"),
    "crm.pipeline.deal": ("pipeline", "/v1/deals"),
    "crm.service-desk.ticket": ("service-desk", "/v1/tickets"),
    "crm.campaigns.campaign": ("campaigns", "/v1/campaigns"),
}
PROGRESS = {"revision", "is_reserved", "messages"}
"""What the API shows beside the state: how far a mirror or a dispatch got, without a fact."""


async def test_state_then_events_equal_what_the_services_say(
    cast: Cast, kafka: KafkaSettings, system: Stack
) -> None:
    story = await play(cast)
    reader = cast.doors.caller("reader", "reader")
    buyer = await _buyer(cast)
    await _buy(kafka, buyer, 60)
    await cast.rest()
    async with arriving(kafka.bootstrap_servers) as newcomer:
        async with asyncio.TaskGroup() as tasks:
            changing = tasks.create_task(_live_on(cast, kafka, story.customer_id, buyer))
            tasks.create_task(_read_while(newcomer, changing))
        await _erase(system, story.contact_id)
        await cast.rest()
        await newcomer.read_on()
        for customer_id in (story.customer_id, buyer[1]):
            await _assert_profile(newcomer, reader, customer_id)
    for name, (service, path) in LISTS.items():
        said = await _all(reader, service, path, AGGREGATES[name])
        if (
            service == "contacts"
        ):  # a list shows what is in use; of what was merged there are snapshots
            merged = await _all(reader, service, path, AGGREGATES[name], record_status="merged")
            said = {**said, **merged}
        _assert_same(newcomer.state[name], said)
    await _assert_orders(newcomer, reader, buyer[1])
    assert ("crm.contacts.contact", story.contact_id) in newcomer.erased
    _assert_events_lead_to_the_state(newcomer)


async def _buyer(cast: Cast) -> tuple[str, str]:
    """The ERP's name and our id of a customer who buys."""
    ref = uuid.uuid4().hex[:10]
    customer = {
        "kind": "individual",
        "display_name": "Buyer",
        "external_ids": [{"system": SYSTEM, "id": ref}],
    }
    answer = await cast.sales.post("contacts", "/v1/customers", customer)
    return ref, str(answer["customer_id"])


async def _buy(kafka: KafkaSettings, buyer: tuple[str, str], count: int) -> None:
    at, ref = datetime(1997, 5, 1, tzinfo=UTC), buyer[0]
    purchases = [
        Purchase(f"NEW-{ref}-{number}", ref, at, 1, Decimal("20.50")) for number in range(count)
    ]
    await publish_orders(kafka, purchases, lambda _more: None)


async def _live_on(
    cast: Cast, kafka: KafkaSettings, customer_id: str, buyer: tuple[str, str]
) -> None:
    """What goes on while the newcomer reads: the story's customer and the buyer change."""
    await _buy(kafka, buyer, 120)
    point = {"type": "email", "value": f"{buyer[0]}@buyer.example"}
    person = {
        "given_name": "Bo",
        "points": [point],
        "memberships": [{"customer_id": buyer[1], "role": "owner"}],
    }
    await cast.sales.post("contacts", "/v1/contacts", person)
    for number in range(4):
        deal_id = await open_deal(cast, customer_id, f"Light {number}")
        await cast.sales.post(
            "pipeline", f"/v1/deals/{deal_id}/win", {"requires_onboarding": False}
        )
        ticket_id = await open_ticket(cast, buyer[1], severity=1 + number)
        await resolve(cast, ticket_id)
        owner = {"owner_id": f"owner-{number}", "reason_code": "handover"}
        await cast.sales.post("contacts", f"/v1/customers/{buyer[1]}/owner", owner)


async def _read_while(newcomer: Newcomer, changing: asyncio.Task[None]) -> None:
    rounds = 0
    while not changing.done():
        rounds += bool(await newcomer.read_on())
    assert rounds > 1


async def _erase(system: Stack, contact_id: str) -> None:
    """An erasure as contacts will do it: the rows go, and with them the key's last snapshot."""
    connection = await asyncpg.connect(system.settings.values["CONTACTS_DATABASE_URL"])
    try:
        async with connection.transaction():
            version = await connection.fetchval(
                "DELETE FROM people WHERE contact_id = $1 RETURNING version", uuid.UUID(contact_id)
            )
            for table in ("points", "memberships"):
                await connection.execute(
                    f"DELETE FROM {table} WHERE contact_id = $1", uuid.UUID(contact_id)
                )
            end = Tombstone(CONTACT_STATE, contact_id, version + 1)
            await outbox.append(connection, cause_of_test(), [end])
    finally:
        await connection.close()


async def _all(reader: Caller, service: str, path: str, key: str, **params: str) -> dict[str, Json]:
    found: dict[str, Json] = {}
    cursor: str | None = None
    while True:
        page = await reader.get(service, path, cursor=cursor, limit=200, **params)
        found |= {item[key]: item for item in page["items"]}
        cursor = page["next"]
        if cursor is None:
            return found


def _assert_same(known: Mapping[str, tuple[int, Body]], said: Mapping[str, Json]) -> None:
    assert known.keys() == said.keys()
    assert known
    for key, (version, body) in known.items():
        shown = {name: value for name, value in said[key].items() if name not in PROGRESS}
        assert version == shown.pop("version"), key
        assert body == _stated(shown), key


def _stated(value: Any) -> Any:
    """What the API shows, as snapshots are written: without what is not there."""
    if isinstance(value, dict):
        return {name: _stated(each) for name, each in value.items() if each is not None}
    return [_stated(each) for each in value] if isinstance(value, list) else value


async def _assert_orders(newcomer: Newcomer, reader: Caller, customer_id: str) -> None:
    known = {
        key: (version, body)
        for key, (version, body) in newcomer.state["crm.pipeline.order"].items()
        if body["customer_id"] == customer_id
    }
    assert len(known) == 120
    _assert_same(
        known, await _all(reader, "pipeline", "/v1/orders", "order_id", customer_id=customer_id)
    )


async def _assert_profile(newcomer: Newcomer, reader: Caller, customer_id: str) -> None:
    """A profile is published a little after its facts: read on until it has come."""
    view = await reader.get("customer-360", f"/v1/customers/{customer_id}")
    shown = {
        "lifecycle": view["header"]["lifecycle"],
        "owner_id": view["header"]["owner_id"],
        "order_count": view["orders"]["count"],
        "revenue": view["orders"]["revenue"],
        "open_deals": len(view["deals"]["open"]),
        "won_deals": view["deals"]["won_count"],
        "open_tickets": len(view["service"]["open"]),
        "messages_sent": view["campaigns"]["sent"],
    }

    async def as_shown() -> bool:
        await newcomer.read_on()
        _, profile = newcomer.state[PROFILE].get(customer_id, (0, {}))
        return {name: profile.get(name) for name in shown} == shown

    await eventually(as_shown, f"the profile of {customer_id} says {shown}")


def _assert_events_lead_to_the_state(newcomer: Newcomer) -> None:
    """What was followed goes on, without a hole, up to the version of the state."""
    followed = {
        key: versions
        for key, versions in newcomer.happened.items()
        if key[1] in newcomer.state[key[0]]
    }
    assert {name for name, _ in followed} >= AGGREGATES.keys() - {
        PROFILE,
        "crm.campaigns.campaign",
        "crm.contacts.contact",
    }
    for (name, key), versions in followed.items():
        assert versions == list(range(versions[0], versions[-1] + 1)), (name, key)
        assert versions[-1] == newcomer.state[name][key][0], (name, key)
