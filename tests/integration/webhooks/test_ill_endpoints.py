"""Endpoints that fail, hang or answer oddly: tried again, given up, and nobody waits for them."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from aiohttp import web
from shared.db import Pool
from shared.ids import new_id
from webhooks.sending import OF_EACH

from tests.integration.webhooks.conftest import Caller, change, failed, settled
from tests.integration.webhooks.endpoint import Endpoint, Request, always, ok
from tests.integration.webhooks.waiting import until

Feed = Callable[..., Awaitable[None]]
Hurry = Callable[[], Awaitable[None]]


@pytest.mark.usefixtures("sending")
async def test_a_failure_is_logged_and_tried_again_after_a_pause(
    erp: Caller, feed: Feed, endpoint: Endpoint, customer_id: UUID
) -> None:
    endpoint.answer = always(500)
    subscription = await erp.subscribe(endpoint)
    await feed(change(customer_id))
    first = await failed(erp, subscription)
    pause = datetime.fromisoformat(first["due_at"]) - datetime.fromisoformat(
        first["last_attempted_at"]
    )
    assert timedelta(seconds=4) <= pause <= timedelta(seconds=8)
    assert first["last_status_code"] == 500
    again = await failed(erp, subscription, attempts=2)
    path = f"/v1/subscriptions/{subscription['subscription_id']}/deliveries"
    attempts = (await erp.get(f"{path}/{again['delivery_id']}/attempts"))["items"]
    assert [each["status_code"] for each in attempts] == [500, 500]
    assert all(each["duration_ms"] < 5000 for each in attempts)
    first_request, second_request = endpoint.requests[:2]
    assert first_request.message_id == second_request.message_id
    assert second_request.at - first_request.at >= 3.9
    second_request.verify(subscription["secret"])


@pytest.mark.usefixtures("sending")
@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_retry_after_is_honoured(
    erp: Caller, feed: Feed, endpoint: Endpoint, customer_id: UUID, form: str
) -> None:
    until_when = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    text = "3600" if form == "seconds" else until_when.strftime("%a, %d %b %Y %H:%M:%S GMT")
    endpoint.answer = always(503, retry_after=text)
    subscription = await erp.subscribe(endpoint)
    await feed(change(customer_id))
    delivery = await failed(erp, subscription)
    due = datetime.fromisoformat(delivery["due_at"])
    assert abs(due - until_when) < timedelta(seconds=30)
    shown = await erp.get(f"/v1/subscriptions/{subscription['subscription_id']}")
    assert datetime.fromisoformat(shown["health"]["hold_until"]) == due


@pytest.mark.usefixtures("sending")
async def test_an_endpoint_that_is_gone_disables_its_subscription(
    erp: Caller, feed: Feed, endpoint: Endpoint, customer_id: UUID, pool: Pool
) -> None:
    endpoint.answer = always(410)
    subscription = await erp.subscribe(endpoint, "crm.contacts.*")
    path = f"/v1/subscriptions/{subscription['subscription_id']}"
    await feed(change(customer_id, 1))

    async def is_disabled() -> bool:
        return bool((await erp.get(path))["status"] == "disabled")

    await until(is_disabled)
    shown = await erp.get(path)
    assert shown["disabled_reason"] == "gone"
    await feed(change(new_id()))
    assert len(await erp.deliveries(subscription)) == 1
    facts = await pool.fetch("SELECT headers, payload FROM outbox ORDER BY id")
    disabled = json.loads(facts[-1]["payload"])
    assert disabled == {
        "subscription_id": subscription["subscription_id"],
        "host": "127.0.0.1",
        "reason": "gone",
    }
    endpoint.answer = ok
    resumed = await erp.post(f"{path}/resume")
    assert (resumed["status"], resumed["disabled_reason"]) == ("active", None)
    await feed(change(customer_id, 2))
    resend = {"since": "2020-01-01T00:00:00Z"}
    await erp.post(f"{path}/resend", resend)
    await settled(erp, subscription, "delivered", 2)
    assert endpoint.versions(customer_id) == [1, 1, 2]


@pytest.mark.usefixtures("sending")
async def test_what_fails_for_three_days_is_given_up_and_disables_who_took_nothing(
    erp: Caller, feed: Feed, endpoint: Endpoint, customer_id: UUID, pool: Pool, hurry: Hurry
) -> None:
    endpoint.answer = always(500)
    subscription = await erp.subscribe(endpoint)
    await feed(change(customer_id, 1))
    await failed(erp, subscription)
    await pool.execute("UPDATE deliveries SET first_attempted_at = now() - interval '3 days'")
    await hurry()
    await settled(erp, subscription, "given-up", 1)
    shown = await erp.get(f"/v1/subscriptions/{subscription['subscription_id']}")
    assert (shown["status"], shown["disabled_reason"]) == ("disabled", "unreachable")


@pytest.mark.usefixtures("sending")
async def test_who_took_other_facts_meanwhile_stays_and_gets_the_next_of_the_aggregate(
    erp: Caller, feed: Feed, endpoint: Endpoint, customer_id: UUID, pool: Pool, hurry: Hurry
) -> None:
    async def picky(request: Request) -> web.StreamResponse:
        is_bad = request.subject == str(customer_id) and request.version == 1
        return web.Response(status=400 if is_bad else 200)

    endpoint.answer = picky
    subscription = await erp.subscribe(endpoint)
    await feed(change(customer_id, 1), change(customer_id, 2), change(new_id()))
    await failed(erp, subscription)
    await settled(erp, subscription, "delivered", 1)
    await pool.execute(
        "UPDATE deliveries SET first_attempted_at = now() - interval '3 days'"
        " WHERE status = 'waiting' AND attempts > 0"
    )
    await hurry()
    await settled(erp, subscription, "delivered", 2)
    assert len(await erp.deliveries(subscription, status="given-up")) == 1
    assert set(endpoint.versions(customer_id)) == {1, 2}
    shown = await erp.get(f"/v1/subscriptions/{subscription['subscription_id']}")
    assert shown["status"] == "active"


async def hang(_request: Request) -> web.StreamResponse:
    await asyncio.get_running_loop().create_future()
    raise AssertionError("never")


@pytest.mark.usefixtures("sending")
async def test_an_endpoint_that_hangs_delays_nobody_else(
    erp: Caller, feed: Feed, endpoint: Endpoint, other_endpoint: Endpoint
) -> None:
    endpoint.answer = hang
    ill = await erp.subscribe(endpoint)
    well = await erp.subscribe(other_endpoint)
    began = asyncio.get_running_loop().time()
    for _ in range(3):
        await feed(*(change(new_id()) for _ in range(20)))
    await other_endpoint.received(60)
    took = asyncio.get_running_loop().time() - began
    assert took < 4.5, "the others waited for the time-out of the one that hangs"
    await settled(erp, well, "delivered", 60)
    assert await erp.deliveries(ill, status="delivered") == []
    assert 1 <= endpoint.most_at_once <= OF_EACH
    tried = await failed(erp, ill)
    assert tried["last_error"] == "timeout"


@pytest.mark.usefixtures("sending")
async def test_an_endpoint_that_failed_often_is_tried_with_one_request_at_a_time(
    erp: Caller, feed: Feed, endpoint: Endpoint, pool: Pool
) -> None:
    subscription = await erp.subscribe(endpoint)
    await pool.execute("UPDATE endpoint_health SET failures = 5, failing_since = now()")
    endpoint.answer = hang
    await feed(*(change(new_id()) for _ in range(20)))
    await failed(erp, subscription)
    assert endpoint.most_at_once == 1
    shown = await erp.get(f"/v1/subscriptions/{subscription['subscription_id']}")
    assert shown["health"]["failures"] == 6


@pytest.mark.usefixtures("sending")
async def test_a_redirect_is_not_followed(
    erp: Caller, feed: Feed, endpoint: Endpoint, other_endpoint: Endpoint
) -> None:
    endpoint.answer = always(302, location=other_endpoint.url)
    redirected = await erp.subscribe(endpoint)
    await feed(change(new_id()))
    delivery = await failed(erp, redirected)
    assert delivery["last_status_code"] == 302
    assert other_endpoint.requests == []


@pytest.mark.usefixtures("sending")
async def test_an_answer_without_end_is_not_read(
    erp: Caller, feed: Feed, endpoint: Endpoint
) -> None:
    written = 0

    async def without_end(request: Request) -> web.StreamResponse:
        nonlocal written
        response = web.StreamResponse()
        await response.prepare(request.raw)
        while True:
            await response.write(b"x" * 65536)
            written += 65536

    endpoint.answer = without_end
    subscription = await erp.subscribe(endpoint)
    await feed(change(new_id()))
    await settled(erp, subscription, "delivered", 1)
    assert written < 50_000_000
