"""Deliveries: signed, wanted, once, and in order per aggregate."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from shared.db import Pool, open_pool
from shared.ids import new_id
from shared.messaging.consuming import apply
from shared.runtime import Job, repeat
from webhooks.sending import Sender

from tests.integration.webhooks.conftest import Caller, change, failed, running, settled
from tests.integration.webhooks.endpoint import Endpoint, Request, always, first_then, ok
from tests.integration.webhooks.waiting import until

_CUT_OFF = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'sender'
"""

Feed = Callable[..., Awaitable[None]]
Hurry = Callable[[], Awaitable[None]]


@pytest.mark.usefixtures("sending")
async def test_a_fact_arrives_signed_as_a_cloudevent(
    erp: Caller, feed: Feed, endpoint: Endpoint, customer_id: UUID
) -> None:
    subscription = await erp.subscribe(endpoint)
    record = change(customer_id, 7)
    await feed(record)
    (request,) = await endpoint.received(1)
    headers = {name: value.decode() for name, value in record.headers}
    assert request.message_id == headers["ce_id"]
    assert request.headers["content-type"] == "application/cloudevents+json"
    event = request.verify(subscription["secret"])
    assert event["data"] == json.loads(record.value or b"")
    attributes = {name[3:]: value for name, value in headers.items() if name.startswith("ce_")}
    assert {name: event[name] for name in attributes} == {**attributes, "aggregateversion": 7}
    assert event["datacontenttype"] == "application/json"
    assert event["traceparent"] == headers["traceparent"]
    (delivery,) = await settled(erp, subscription, "delivered", 1)
    assert delivery["event_id"] == request.message_id
    assert delivery["last_status_code"] == 204


@pytest.mark.usefixtures("sending")
async def test_a_type_and_a_field_that_this_release_does_not_know_arrive_too(
    erp: Caller, feed: Feed, endpoint: Endpoint, customer_id: UUID
) -> None:
    await erp.subscribe(endpoint, "crm.contacts.customer.*")
    record = change(customer_id)
    new = [
        (name, b"crm.contacts.customer.moved.v2" if name == "ce_type" else value)
        for name, value in record.headers
    ]
    record.headers = new
    record.value = b'{"customer_id": "x", "city": "Oslo"}'
    await feed(record)
    (request,) = await endpoint.received(1)
    assert request.event["type"] == "crm.contacts.customer.moved.v2"
    assert request.event["data"]["city"] == "Oslo"


@pytest.mark.usefixtures("sending")
async def test_only_what_a_subscription_asked_for_arrives(
    erp: Caller, feed: Feed, endpoint: Endpoint, other_endpoint: Endpoint, customer_id: UUID
) -> None:
    await erp.subscribe(endpoint, "crm.contacts.customer.created.v1", "crm.pipeline.*")
    wanted = await erp.subscribe(
        other_endpoint, "crm.contacts.customer.owner-changed.v1", "crm.contacts.*", "*"
    )
    await erp.subscribe(endpoint, "*", services=["pipeline"])
    await feed(change(customer_id, 1))
    await feed(change(customer_id, 2))
    await settled(erp, wanted, "delivered", 2)
    assert other_endpoint.versions(customer_id) == [1, 2]
    assert endpoint.requests == []


@pytest.mark.usefixtures("sending")
async def test_a_record_that_comes_twice_is_delivered_once(
    erp: Caller, feed: Feed, endpoint: Endpoint, customer_id: UUID
) -> None:
    subscription = await erp.subscribe(endpoint)
    record = change(customer_id)
    await feed(record, record)
    await feed(record)
    await settled(erp, subscription, "delivered", 1)
    assert len(await erp.deliveries(subscription)) == 1


@pytest.mark.usefixtures("sending")
async def test_an_aggregate_keeps_its_order_through_failures(
    erp: Caller, feed: Feed, hurry: Hurry, endpoint: Endpoint
) -> None:
    """Two customers of four fail at first; each one's facts come in order all the same."""
    customers = [new_id() for _ in range(4)]
    refused: dict[tuple[str, int], int] = {}

    async def moody(request: Request) -> web.StreamResponse:
        key = (request.subject, request.version)
        refused[key] = refused.get(key, 0) + 1
        is_ill = request.subject in {str(customers[0]), str(customers[1])}
        return web.Response(status=500 if is_ill and refused[key] <= 2 else 200)

    endpoint.answer = moody
    subscription = await erp.subscribe(endpoint)
    for version in range(1, 6):
        await feed(*(change(each, version) for each in customers))

    async def all_delivered() -> bool:
        await hurry()
        return len(await erp.deliveries(subscription, status="delivered")) == 20

    await until(all_delivered, within=90)
    for each in customers[:2]:
        assert endpoint.versions(each) == [n for n in range(1, 6) for _ in range(3)]
    for each in customers[2:]:
        assert endpoint.versions(each) == [1, 2, 3, 4, 5]


@pytest.mark.usefixtures("sending")
async def test_the_next_fact_of_an_aggregate_waits_and_others_do_not(
    erp: Caller, feed: Feed, hurry: Hurry, endpoint: Endpoint
) -> None:
    ill, well = new_id(), new_id()

    async def answer(request: Request) -> web.StreamResponse:
        return web.Response(status=500 if request.subject == str(ill) else 200)

    endpoint.answer = answer
    subscription = await erp.subscribe(endpoint)
    await feed(change(ill, 1), change(ill, 2), change(well, 1), change(well, 2))
    await settled(erp, subscription, "delivered", 2)
    await failed(erp, subscription)
    assert set(endpoint.versions(ill)) == {1}
    endpoint.answer = ok
    await hurry()
    await settled(erp, subscription, "delivered", 4)
    assert endpoint.versions(ill)[-2:] == [1, 2]


@pytest.mark.usefixtures("sending")
async def test_connections_are_kept(erp: Caller, feed: Feed, endpoint: Endpoint) -> None:
    subscription = await erp.subscribe(endpoint)
    for count in range(1, 6):
        await feed(change(new_id()))
        await settled(erp, subscription, "delivered", count)
    assert len({each.peer for each in endpoint.requests}) == 1


async def test_two_senders_send_each_delivery_once(
    erp: Caller, feed: Feed, endpoint: Endpoint, sender: Sender, pool: Pool, customer_id: UUID
) -> None:
    subscription = await erp.subscribe(endpoint)
    async with running(sender, pool), running(sender, pool):
        for version in range(1, 31):
            await feed(change(customer_id, version), change(new_id()))
        await settled(erp, subscription, "delivered", 60)
    assert endpoint.versions(customer_id) == list(range(1, 31))
    assert len(endpoint.requests) == 60


async def test_a_database_that_drops_its_connections_is_waited_out(
    erp: Caller, feed: Feed, endpoint: Endpoint, sender: Sender, pool: Pool, url: str
) -> None:
    """The listener's too: the job goes on, and nothing is lost or out of order."""
    customer_id = new_id()
    subscription = await erp.subscribe(endpoint)
    own_pool = await open_pool(f"{url}?application_name=sender")
    brief = replace(sender, timeout_seconds=0.5)  # and the leases that are lost end in 6 s
    job = asyncio.create_task(repeat(Job("send", brief.send, every=0.1), own_pool))
    try:
        for version in range(1, 4):
            await feed(change(customer_id, version))
            await endpoint.received(version)
            assert await pool.fetchval(_CUT_OFF) >= 1
        await settled(erp, subscription, "delivered", 3)
    finally:
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)
        await own_pool.close()
    seen = endpoint.versions(customer_id)
    assert list(dict.fromkeys(seen)) == [1, 2, 3]
    assert seen == sorted(seen)


@pytest.mark.usefixtures("sending")
async def test_a_paused_subscription_keeps_facts_for_later(
    erp: Caller, feed: Feed, endpoint: Endpoint, customer_id: UUID
) -> None:
    subscription = await erp.subscribe(endpoint)
    path = f"/v1/subscriptions/{subscription['subscription_id']}"
    await erp.post(f"{path}/pause")
    await feed(change(customer_id, 1), change(customer_id, 2))
    witness = await erp.subscribe(endpoint, "crm.contacts.*")
    await feed(change(new_id()))
    await settled(erp, witness, "delivered", 1)
    assert len(await erp.deliveries(subscription, status="waiting")) == 3
    await erp.post(f"{path}/resume")
    await settled(erp, subscription, "delivered", 3)
    assert endpoint.versions(customer_id) == [1, 2]


@pytest.mark.usefixtures("sending")
async def test_a_deleted_subscription_gets_nothing_more(
    erp: Caller, feed: Feed, endpoint: Endpoint, pool: Pool
) -> None:
    endpoint.answer = first_then(always(500), ok)
    subscription = await erp.subscribe(endpoint)
    await feed(change(new_id()))
    await failed(erp, subscription)
    path = f"/v1/subscriptions/{subscription['subscription_id']}"
    assert (await erp.call("DELETE", path)).status_code == 204
    assert (await erp.call("GET", path)).status_code == 404
    row = await pool.fetchrow("SELECT url, secret FROM subscriptions")
    assert row is not None
    assert (row["url"], row["secret"]) == ("", b"")
    witness = await erp.subscribe(endpoint)
    await feed(change(new_id()))
    await settled(erp, witness, "delivered", 1)
    assert await pool.fetchval("SELECT count(*) FROM deliveries WHERE status = 'waiting'") == 1


async def test_a_poisoned_record_is_parked_and_the_rest_goes_on(
    erp: Caller, app: Any, pool: Pool, endpoint: Endpoint
) -> None:
    subscription = await erp.subscribe(endpoint)
    bad = change(new_id())
    bad.value = b"{no json"
    await apply(pool, app.state.consumers["webhooks.events"], [bad, change(new_id())])
    assert len(await erp.deliveries(subscription)) == 1
    assert await pool.fetchval("SELECT reason FROM parked_events") == "undecodable-body"
