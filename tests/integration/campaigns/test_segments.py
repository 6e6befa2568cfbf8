"""Segments kept current by facts, in whatever order these come."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import httpx
import pytest
from campaigns.segments.handlers import evaluate_new_segments
from shared.contracts.campaigns import (
    SegmentActivated,
    SegmentMemberEntered,
    SegmentMemberExited,
)
from shared.contracts.contacts import CONTACT_STATE, ConsentWithdrawn, Grading
from shared.contracts.pipeline import OrderRepointed, OrderStatusChanged
from shared.db import Pool
from shared.ids import new_id

from tests.integration.campaigns import scene
from tests.records import record_of, tombstone_of

BUYERS = {
    "all": [
        {"fact": "customer.lifecycle", "op": "eq", "value": "customer"},
        {"fact": "customer.revenue.USD", "op": "gte", "value": "20.00"},
        {"fact": "has_consent.email.marketing", "op": "eq", "value": True},
    ]
}


GRADING = Grading(
    grade="B",
    score=Decimal(60),
    policy_version=1,
    service_level="gold",
    decided_by="policy",
    graded_at=datetime(2026, 1, 1, tzinfo=UTC),
    next_review_at=datetime(2026, 4, 1, tzinfo=UTC),
)


async def dynamic(client: httpx.AsyncClient, rule: object = BUYERS) -> str:
    body = {"name": "Buyers", "kind": "dynamic", "rule": rule}
    made = await client.post("/v1/segments", json=body)
    assert made.status_code == 201, made.text
    segment_id: str = made.json()["segment_id"]
    return segment_id


async def members(client: httpx.AsyncClient, segment_id: str) -> list[str]:
    answer = await client.get(f"/v1/segments/{segment_id}/members")
    return [item["contact_id"] for item in answer.json()["items"]]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2), (2, 0, 3, 1)])
async def test_a_person_enters_once_whatever_comes_first(
    order: tuple[int, ...], pool: Pool, client: httpx.AsyncClient
) -> None:
    segment_id = await dynamic(client)
    await evaluate_new_segments(pool)
    contact_id, customer_id = new_id(), new_id()
    facts = [
        (scene.people, record_of(scene.customer_state(customer_id))),
        (scene.people, record_of(scene.contact_state(contact_id, "a@example.com", customer_id))),
        (scene.orders, record_of(scene.order_confirmed(customer_id, "25.00"))),
        (scene.consents, record_of(scene.consent_granted(contact_id))),
    ]
    for at in order:
        await scene.apply(pool, facts[at][0], [facts[at][1]])
    for consumer, record in facts:
        await scene.apply(pool, consumer, [record])

    assert await members(client, segment_id) == [str(contact_id)]
    [entered] = await scene.published(pool, SegmentMemberEntered)
    assert isinstance(entered, SegmentMemberEntered)
    assert (entered.contact_id, entered.customer_id) == (contact_id, customer_id)


async def test_a_person_leaves_when_a_fact_says_so(pool: Pool, client: httpx.AsyncClient) -> None:
    segment_id = await dynamic(client)
    contact_id, customer_id = await scene.person(pool)
    order = scene.order_confirmed(customer_id, "25.00")
    await scene.apply(pool, scene.orders, [record_of(order)])
    await evaluate_new_segments(pool)
    assert await members(client, segment_id) == [str(contact_id)]

    cancelled = OrderStatusChanged(
        order_id=order.order_id,
        customer_id=customer_id,
        from_status="confirmed",
        to_status="cancelled",
        total=order.total,
        currency=order.currency,
        changed_at=scene.NOW,
    )
    await scene.apply(pool, scene.orders, [record_of(cancelled, version=2)])
    await scene.apply(pool, scene.orders, [record_of(order, version=1)])

    assert await members(client, segment_id) == []
    assert len(await scene.published(pool, SegmentMemberExited)) == 1


async def test_an_order_counts_for_the_people_of_whose_it_is_now(
    pool: Pool, client: httpx.AsyncClient
) -> None:
    segment_id = await dynamic(client)
    contact_id, customer_id = await scene.person(pool)
    order = scene.order_confirmed(new_id(), "25.00")
    await scene.apply(pool, scene.orders, [record_of(order)])
    await evaluate_new_segments(pool)
    assert await members(client, segment_id) == []

    def goes(from_id: UUID, to_id: UUID) -> OrderRepointed:
        common = {"total": order.total, "currency": order.currency, "customer_id": to_id}
        ids = {"order_id": order.order_id, "from_id": from_id, "to_id": to_id}
        return OrderRepointed.model_validate({**common, **ids})

    merged = record_of(goes(order.customer_id, customer_id), version=2)
    await scene.apply(pool, scene.orders, [merged])
    assert await members(client, segment_id) == [str(contact_id)]
    await scene.apply(pool, scene.orders, [record_of(order), merged])
    assert len(await scene.published(pool, SegmentMemberEntered)) == 1
    parted = record_of(goes(customer_id, order.customer_id), version=3)
    await scene.apply(pool, scene.orders, [parted])
    assert await members(client, segment_id) == []


async def test_a_grade_is_asked_for_and_followed(pool: Pool, client: httpx.AsyncClient) -> None:
    rule = {"fact": "customer.grade", "op": "in", "value": ["A", "B"]}
    segment_id = await dynamic(client, rule)
    await evaluate_new_segments(pool)
    contact_id, customer_id = await scene.person(pool)
    for version, grade in enumerate(("C", "B", "D"), start=2):
        grading = GRADING.model_copy(update={"grade": grade})
        state = scene.customer_state(customer_id).model_copy(update={"grading": grading})
        await scene.apply(pool, scene.people, [record_of(state, version)])
        inside = [str(contact_id)] if grade == "B" else []
        assert await members(client, segment_id) == inside


async def test_a_withdrawn_consent_and_an_erased_person_leave(
    pool: Pool, client: httpx.AsyncClient
) -> None:
    rule = {"fact": "has_consent.email.marketing", "op": "eq", "value": True}
    segment_id = await dynamic(client, rule)
    first, _ = await scene.person(pool)
    second, _ = await scene.person(pool, "b@example.com")
    await evaluate_new_segments(pool)
    assert set(await members(client, segment_id)) == {str(first), str(second)}

    withdrawn = ConsentWithdrawn(
        consent_id=new_id(),
        contact_id=first,
        channel="email",
        purpose="marketing",
        source="phone",
        effective_at=scene.NOW,
    )
    await scene.apply(pool, scene.consents, [record_of(withdrawn, version=2)])
    await scene.apply(pool, scene.people, [tombstone_of(CONTACT_STATE, str(second), 2)])

    assert await members(client, segment_id) == []
    assert await pool.fetchval("SELECT count(*) FROM people WHERE contact_id = $1", second) == 0


async def test_the_first_evaluation_pages_over_everybody(
    pool: Pool, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.segments.handlers.PAGE", 2)
    people = {(await scene.person(pool, f"p{at}@example.com"))[0] for at in range(5)}
    segment_id = await dynamic(
        client, {"fact": "customer.kind", "op": "in", "value": ["organization"]}
    )
    before = await client.get(f"/v1/segments/{segment_id}")
    assert before.json()["is_evaluated"] is False
    await evaluate_new_segments(pool)
    assert set(map(UUID, await members(client, segment_id))) == people
    assert (await client.get(f"/v1/segments/{segment_id}")).json()["is_evaluated"] is True


async def test_a_static_segment_is_edited_by_hand(pool: Pool, client: httpx.AsyncClient) -> None:
    one, two = new_id(), new_id()
    segment_id = await scene.segment_of(client, [one, two, one])
    path = f"/v1/segments/{segment_id}/members"
    await client.post(path, json={"contact_ids": [str(one)]})
    for _ in range(2):
        gone = await client.delete(f"{path}/{two}")
        assert gone.status_code == 200
    assert await members(client, segment_id) == [str(one)]
    assert len(await scene.published(pool, SegmentMemberEntered)) == 2
    assert len(await scene.published(pool, SegmentMemberExited)) == 1


async def test_the_members_of_a_dynamic_segment_are_nobodys_choice(
    client: httpx.AsyncClient,
) -> None:
    segment_id = await dynamic(client)
    path = f"/v1/segments/{segment_id}/members"
    answer = await client.post(path, json={"contact_ids": [str(new_id())]})
    assert answer.status_code == 409


async def test_a_repeat_with_the_same_key_is_the_same_segment(
    pool: Pool, client: httpx.AsyncClient
) -> None:
    key = {"idempotency-key": "one"}
    body = {"name": "These", "kind": "static"}
    first = await client.post("/v1/segments", json=body, headers=key)
    again = await client.post("/v1/segments", json=body, headers=key)
    other = await client.post("/v1/segments", json={**body, "name": "Those"}, headers=key)
    assert first.json() == again.json()
    assert again.status_code == 201
    assert other.status_code == 409
    assert len(await scene.published(pool, SegmentActivated)) == 1


async def test_a_bad_rule_is_refused_with_its_place(client: httpx.AsyncClient) -> None:
    unknown = {"fact": "age", "op": "eq", "value": 1}
    for rule, field in (
        ({"all": []}, "rule.all"),
        ({"all": [{"not": unknown}]}, "rule.all[0].not.fact"),
        (None, "rule"),
    ):
        body = {"name": "Bad", "kind": "dynamic", "rule": rule}
        answer = await client.post("/v1/segments", json=body)
        assert answer.status_code == 422
        assert answer.json()["field"] == field
