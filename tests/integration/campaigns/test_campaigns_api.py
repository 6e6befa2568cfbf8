"""Campaigns over HTTP: who may, what is refused, what a repeat answers."""

from decimal import Decimal
from typing import Any

import httpx
from campaigns.sending import Sender
from shared.auth import issue_token
from shared.contracts.campaigns import AttributionComputed, CampaignLaunched, CampaignPlanned
from shared.contracts.pipeline import DealReopened
from shared.db import Pool
from shared.ids import new_id
from shared.messaging import consuming

from tests.integration.campaigns import scene
from tests.integration.campaigns.conftest import JWT_KEY, MailSink
from tests.records import record_of

SOME = "00000000-0000-4000-8000-000000000000"
ENDPOINTS = [
    ("POST", "/v1/forms"),
    ("GET", "/v1/forms"),
    ("POST", "/v1/segments"),
    ("GET", "/v1/segments"),
    ("GET", f"/v1/segments/{SOME}"),
    ("GET", f"/v1/segments/{SOME}/members"),
    ("POST", f"/v1/segments/{SOME}/members"),
    ("DELETE", f"/v1/segments/{SOME}/members/{SOME}"),
    ("POST", "/v1/campaigns"),
    ("GET", "/v1/campaigns"),
    ("GET", f"/v1/campaigns/{SOME}"),
    ("POST", f"/v1/campaigns/{SOME}/launch"),
    ("POST", f"/v1/campaigns/{SOME}/complete"),
    ("GET", "/v1/messages"),
]


def plan(segment_id: object, **changes: Any) -> dict[str, Any]:
    body = {
        "name": "Spring",
        "campaign_type": "email",
        "objective": "promotion",
        "purpose": "marketing",
        "segment_ids": [str(segment_id)],
        "subject": "Spring",
        "body_text": "It is here.",
    }
    return {**body, **changes}


async def test_nothing_opens_without_a_token(stranger: httpx.AsyncClient) -> None:
    answers = [await stranger.request(method, path) for method, path in ENDPOINTS]
    assert {answer.status_code for answer in answers} == {401}


async def test_only_marketing_writes(stranger: httpx.AsyncClient) -> None:
    headers = {"authorization": f"Bearer {issue_token(JWT_KEY, 'sue', ['sales'])}"}
    for method, path in ENDPOINTS:
        if method != "GET":
            answer = await stranger.request(method, path, headers=headers)
            assert answer.status_code == 403, path


async def test_what_is_not_there_is_not_found(client: httpx.AsyncClient) -> None:
    for method, path in ENDPOINTS:
        if SOME in path:
            body = {"contact_ids": [SOME]} if path.endswith("members") else None
            answer = await client.request(method, path, json=body)
            assert answer.status_code == 404, path


async def test_a_bad_plan_is_refused_with_the_field_named(client: httpx.AsyncClient) -> None:
    segment_id = await scene.segment_of(client, [new_id()])
    for changes, field in (
        ({"subject": "two\nlines"}, "subject"),
        ({"link_url": "javascript:alert(1)"}, "link_url"),
        ({"link_url": "http://"}, "link_url"),
        ({"purpose": "fun"}, "purpose"),
        ({"segment_ids": []}, "segment_ids"),
        ({"segment_ids": [SOME]}, "segment_ids.0"),
    ):
        answer = await client.post("/v1/campaigns", json=plan(segment_id, **changes))
        assert answer.status_code == 422, field
        assert field in answer.text


async def test_a_campaign_goes_from_plan_to_end(pool: Pool, client: httpx.AsyncClient) -> None:
    segment_id = await scene.segment_of(client, [new_id()])
    key = {"idempotency-key": "spring"}
    planned = await client.post("/v1/campaigns", json=plan(segment_id), headers=key)
    again = await client.post("/v1/campaigns", json=plan(segment_id), headers=key)
    assert (planned.status_code, planned.json()) == (again.status_code, again.json())
    other = await client.post("/v1/campaigns", json=plan(segment_id, name="Fall"), headers=key)
    assert other.status_code == 409
    path = f"/v1/campaigns/{planned.json()['campaign_id']}"

    assert (await client.post(f"{path}/complete")).status_code == 409
    stale = await client.post(f"{path}/launch", headers={"if-match": '"7"'})
    assert stale.status_code == 412
    launched = await client.post(f"{path}/launch", headers={"if-match": '"1"'})
    assert launched.json()["audience_size"] == 1
    assert launched.headers["etag"] == '"2"'
    assert (await client.post(f"{path}/launch")).json()["version"] == 2
    waiting = await client.post(f"{path}/complete")
    assert (waiting.status_code, waiting.json()["is_reserved"]) == (409, False)

    assert len(await scene.published(pool, CampaignPlanned)) == 1
    assert len(await scene.published(pool, CampaignLaunched)) == 1


async def test_a_launch_waits_for_the_segments_first_evaluation(client: httpx.AsyncClient) -> None:
    rule = {"fact": "customer.kind", "op": "eq", "value": "individual"}
    body = {"name": "All", "kind": "dynamic", "rule": rule}
    segment = await client.post("/v1/segments", json=body)
    planned = await client.post("/v1/campaigns", json=plan(segment.json()["segment_id"]))
    answer = await client.post(f"/v1/campaigns/{planned.json()['campaign_id']}/launch")
    assert (answer.status_code, "evaluat" in answer.text) == (409, True)


async def test_lists_go_on_where_they_stopped(client: httpx.AsyncClient) -> None:
    segment_id = await scene.segment_of(client, [new_id()])
    made = {
        (await client.post("/v1/campaigns", json=plan(segment_id))).json()["campaign_id"]
        for _ in range(3)
    }
    first = (await client.get("/v1/campaigns", params={"limit": 2})).json()
    rest = (await client.get("/v1/campaigns", params={"cursor": first["next"]})).json()
    assert {item["campaign_id"] for item in [*first["items"], *rest["items"]]} == made
    assert rest["next"] is None


async def test_a_won_deal_is_shared_among_its_touches_and_taken_back_on_reopen(
    pool: Pool, client: httpx.AsyncClient, mail: MailSink, sender: Sender
) -> None:
    contact_id, customer_id = await scene.person(pool)
    for _ in range(3):
        await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    assert len(mail.received) == 3
    deal = scene.deal_won(customer_id, "100.00")
    won = record_of(deal, version=4)
    reopened = DealReopened(
        deal_id=deal.deal_id,
        customer_id=customer_id,
        from_status="won",
        stage_id="negotiation",
        probability=70,
        reason_code="mistake",
    )
    for record in (won, won, record_of(reopened, version=5), won):
        await scene.apply(pool, scene.deals, [record])

    shared, taken_back = await scene.published(pool, AttributionComputed)
    assert isinstance(shared, AttributionComputed)
    assert isinstance(taken_back, AttributionComputed)
    amounts = [touch.amount for touch in shared.touches]
    assert amounts == [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]
    assert sum(touch.weight for touch in shared.touches) == 1
    assert (taken_back.amount, taken_back.touches) == (0, ())
    versions = await pool.fetch("SELECT version FROM outbox WHERE aggregate_type = 'attribution'")
    assert [row["version"] for row in versions] == [1, 2]


async def test_a_broken_record_is_parked_and_the_others_go_on(
    pool: Pool,
) -> None:
    good, bad = new_id(), new_id()
    await consuming.apply(
        pool,
        scene.people,
        [
            record_of(scene.customer_state(bad), value=b"{"),
            record_of(scene.customer_state(good)),
        ],
    )
    assert await pool.fetchval("SELECT count(*) FROM customers") == 1
    assert await pool.fetchval("SELECT key FROM parked_keys") == str(bad)
