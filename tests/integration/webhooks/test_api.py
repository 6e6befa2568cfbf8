"""Subscriptions over HTTP: who may, what is refused, repeats, versions, secrets."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from shared.db import Pool
from shared.ids import new_id
from webhooks.app import sender_of

from tests.integration.webhooks.conftest import Caller, change, failed, running, settled
from tests.integration.webhooks.endpoint import Endpoint, always

SUBSCRIPTIONS = "/v1/subscriptions"
TARGET = {"url": "http://127.0.0.1:9/in?token=hush", "types": ["crm.pipeline.*"]}


def path_of(subscription: Any, rest: str = "") -> str:
    return f"{SUBSCRIPTIONS}/{subscription['subscription_id']}{rest}"


async def test_a_secret_is_shown_once(erp: Caller, pool: Pool) -> None:
    created = await erp.post(SUBSCRIPTIONS, TARGET, idempotency_key="k-1")
    assert created["secret"].startswith("whsec_")
    repeated = await erp.post(SUBSCRIPTIONS, TARGET, idempotency_key="k-1")
    assert repeated == {**created, "secret": None}
    shown = await erp.get(path_of(created))
    assert shown["secret"] is None
    assert (await erp.get(SUBSCRIPTIONS))["items"][0]["secret"] is None
    assert await pool.fetchval("SELECT count(*) FROM outbox") == 1


async def test_another_subscription_under_the_same_key_is_refused(erp: Caller) -> None:
    await erp.post(SUBSCRIPTIONS, TARGET, idempotency_key="k-1")
    other = {**TARGET, "types": ["*"]}
    refused = await erp.call("POST", SUBSCRIPTIONS, other, idempotency_key="k-1")
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:rapport:problem:subscription-exists"


@pytest.mark.parametrize(
    ("change_of_it", "code"),
    [
        ({"url": "ftp://hooks.example/"}, "url-not-allowed"),
        ({"url": "https://anna:secret@hooks.example/"}, "url-not-allowed"),
        ({"url": "http://169.254.169.254/latest/"}, "url-not-allowed"),
        ({"url": "http://10.0.0.1/"}, "url-not-allowed"),
        ({"types": []}, "malformed-input"),
        ({"types": ["crm.pipe*"]}, "malformed-input"),
        ({"types": ["*.won"]}, "malformed-input"),
        ({"types": ["crm..deal"]}, "malformed-input"),
        ({"services": ["nobody"]}, "service-unknown"),
    ],
)
async def test_what_cannot_be_a_subscription_is_refused(
    erp: Caller, change_of_it: dict[str, Any], code: str
) -> None:
    refused = await erp.call("POST", SUBSCRIPTIONS, {**TARGET, **change_of_it})
    assert refused.status_code == 422
    assert refused.json()["type"] == f"urn:rapport:problem:{code}"
    assert "secret@" not in refused.text


async def test_an_integration_sees_and_touches_its_own_alone(
    caller: Callable[..., Caller], erp: Caller
) -> None:
    mine = await erp.post(SUBSCRIPTIONS, TARGET)
    shop, admin = caller("integration", "shop"), caller("admin", "root")
    assert (await shop.get(SUBSCRIPTIONS))["items"] == []
    for method, rest, body in (
        ("GET", "", None),
        ("PUT", "", TARGET),
        ("DELETE", "", None),
        ("POST", "/pause", None),
        ("POST", "/resume", None),
        ("POST", "/secret/rotate", {}),
        ("GET", "/deliveries", None),
        ("GET", "/deliveries/1", None),
        ("GET", "/deliveries/1/attempts", None),
        ("POST", "/deliveries/1/resend", None),
        ("POST", "/resend", {"since": "2026-01-01T00:00:00Z"}),
    ):
        answer = await shop.call(method, path_of(mine, rest), body)
        assert answer.status_code == 404, (method, rest)
    items = (await admin.get(SUBSCRIPTIONS))["items"]
    assert [item["owner"] for item in items] == ["erp"]
    assert (await admin.post(path_of(mine, "/pause")))["status"] == "paused"


async def test_a_salesman_may_not_subscribe(caller: Callable[..., Caller]) -> None:
    for role in ("sales", "reader"):
        person = caller(role, "sam")
        assert (await person.call("POST", SUBSCRIPTIONS, TARGET)).status_code == 403
        assert (await person.call("GET", SUBSCRIPTIONS)).status_code == 403


async def test_a_change_needs_the_version_that_was_seen(erp: Caller) -> None:
    created = await erp.call("POST", SUBSCRIPTIONS, TARGET)
    path, tag = path_of(created.json()), created.headers["etag"]
    assert tag == '"1"'
    changed = await erp.call("PUT", path, {**TARGET, "types": ["*"]}, if_match=tag)
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    stale = await erp.call("POST", f"{path}/pause", if_match=tag)
    assert stale.status_code == 412
    assert (await erp.get(path))["types"] == ["*"]


async def test_the_list_is_paged(erp: Caller) -> None:
    made = {(await erp.post(SUBSCRIPTIONS, TARGET))["subscription_id"] for _ in range(5)}
    seen, cursor = [], None
    while True:
        page = await erp.get(SUBSCRIPTIONS, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [item["subscription_id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert set(seen) == made
    assert len(seen) == 5


async def test_secrets_lie_sealed(erp: Caller, pool: Pool) -> None:
    created = await erp.post(SUBSCRIPTIONS, TARGET)
    row = await pool.fetchrow("SELECT secret, subscriptions::text AS whole FROM subscriptions")
    assert row is not None
    assert created["secret"].removeprefix("whsec_") not in row["whole"]
    assert len(row["secret"]) == 12 + 32 + 16
    body = await pool.fetchval("SELECT string_agg(payload, '') FROM outbox")
    assert "hush" not in body


@pytest.mark.usefixtures("sending")
async def test_both_secrets_sign_while_they_overlap(
    erp: Caller, feed: Callable[..., Any], endpoint: Endpoint, pool: Pool
) -> None:
    created = await erp.subscribe(endpoint, "crm.contacts.*")
    rotated = await erp.post(path_of(created, "/secret/rotate"), {})
    until = datetime.fromisoformat(rotated["former_secret_until"])
    assert abs(until - datetime.now(UTC) - timedelta(hours=24)) < timedelta(minutes=1)
    await feed(change(new_id()))
    (request,) = await endpoint.received(1)
    assert request.headers["webhook-signature"].count("v1,") == 2
    request.verify(created["secret"])
    request.verify(rotated["secret"])
    await pool.execute("UPDATE subscriptions SET former_secret_until = now()")
    await feed(change(new_id()))
    request = (await endpoint.received(2))[1]
    assert request.headers["webhook-signature"].count("v1,") == 1
    request.verify(rotated["secret"])


async def test_a_lost_seal_key_is_told_in_the_log_of_deliveries(
    erp: Caller,
    feed: Callable[..., Any],
    endpoint: Endpoint,
    app: Any,
    pool: Pool,
) -> None:
    created = await erp.subscribe(endpoint)
    await feed(change(new_id()))
    lost = type(app.state.seal)(["another key that never sealed anything"])
    async with running(sender_of(app.state.settings, lost), pool):
        delivery = await failed(erp, created)
    assert delivery["last_error"] == "secret-not-readable"
    assert endpoint.requests == []


@pytest.mark.usefixtures("sending")
async def test_one_a_range_or_all_since_a_time_is_sent_again_in_order(
    erp: Caller, feed: Callable[..., Any], endpoint: Endpoint
) -> None:
    customer_id = new_id()
    created = await erp.subscribe(endpoint)
    await feed(*(change(customer_id, version) for version in range(1, 6)))
    log = await settled(erp, created, "delivered", 5)
    first_ids = [request.message_id for request in endpoint.requests]
    second = log[1]["delivery_id"]
    one = await erp.post(path_of(created, f"/deliveries/{second}/resend"))
    assert one == {"deliveries": 1}
    await endpoint.received(6)
    assert endpoint.requests[5].message_id == first_ids[1]
    await settled(erp, created, "delivered", 5)
    bounds = {"from_delivery_id": second, "to_delivery_id": log[3]["delivery_id"]}
    assert await erp.post(path_of(created, "/resend"), bounds) == {"deliveries": 3}
    await endpoint.received(9)
    await settled(erp, created, "delivered", 5)
    since = {"since": log[0]["created_at"]}
    assert await erp.post(path_of(created, "/resend"), since) == {"deliveries": 5}
    await endpoint.received(14)
    assert endpoint.versions(customer_id) == [1, 2, 3, 4, 5, 2, 2, 3, 4, 1, 2, 3, 4, 5]
    assert [request.message_id for request in endpoint.requests[9:]] == first_ids
    endpoint.requests[-1].verify(created["secret"])
    late = {"since": datetime.now(UTC).isoformat()}
    assert await erp.post(path_of(created, "/resend"), late) == {"deliveries": 0}


@pytest.mark.usefixtures("sending")
async def test_what_waits_for_its_next_attempt_is_hurried(
    erp: Caller, feed: Callable[..., Any], endpoint: Endpoint
) -> None:
    endpoint.answer = always(500, retry_after="3600")
    created = await erp.subscribe(endpoint)
    await feed(change(new_id()))
    delivery = await failed(erp, created)
    endpoint.answer = always(200)
    await erp.post(path_of(created, f"/deliveries/{delivery['delivery_id']}/resend"))
    (delivered,) = await settled(erp, created, "delivered", 1)
    assert delivered["attempts"] == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"from_delivery_id": 1},
        {"to_delivery_id": 1},
        {"from_delivery_id": 1, "since": "2026-01-01T00:00:00Z"},
        {"from_delivery_id": 1, "to_delivery_id": 2, "since": "2026-01-01T00:00:00Z"},
        {"since": "2026-01-01T00:00:00"},
    ],
)
async def test_sending_again_needs_a_range_or_a_time(erp: Caller, body: dict[str, Any]) -> None:
    created = await erp.post(SUBSCRIPTIONS, TARGET)
    assert (await erp.call("POST", path_of(created, "/resend"), body)).status_code == 422


async def test_a_delivery_that_nobody_knows_is_not_found(erp: Caller) -> None:
    created = await erp.post(SUBSCRIPTIONS, TARGET)
    for method, rest in (("GET", ""), ("GET", "/attempts"), ("POST", "/resend")):
        answer = await erp.call(method, path_of(created, f"/deliveries/4711{rest}"))
        assert answer.status_code == 404


async def test_the_log_is_paged_and_filtered(
    erp: Caller, feed: Callable[..., Any], endpoint: Endpoint, pool: Pool
) -> None:
    created = await erp.subscribe(endpoint, "crm.contacts.*")
    await feed(*(change(new_id()) for _ in range(5)))
    await pool.execute(
        "UPDATE deliveries SET status = 'given-up' WHERE delivery_id IN"
        " (SELECT delivery_id FROM deliveries ORDER BY delivery_id LIMIT 2)"
    )
    first = await erp.get(path_of(created, "/deliveries"), limit=3)
    second = await erp.get(path_of(created, "/deliveries"), limit=3, cursor=first["next"])
    ids = [item["delivery_id"] for item in (*first["items"], *second["items"])]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 5
    assert second["next"] is None
    assert len(await erp.deliveries(created, status="given-up")) == 2
    assert len(await erp.deliveries(created, status="waiting")) == 3
