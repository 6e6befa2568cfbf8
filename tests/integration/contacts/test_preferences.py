"""Preferences over HTTP, after an erasure and after a merge."""

from typing import Any
from uuid import UUID, uuid4

from contacts.preferences import store
from shared.db import Pool

from tests.integration.contacts.test_interactions import parties

MORNING = {"key": "call-time", "value_code": "morning"}


async def learned(api: Any, customer: str, **body: Any) -> dict[str, Any]:
    answer = await api.post(f"/v1/customers/{customer}/preferences", {**MORNING, **body})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_preference_is_a_fact_of_its_customer(api: Any, outbox: Any) -> None:
    customer, contact = await parties(api)
    await outbox.clear()
    made = await learned(api, customer, contact_id=contact, confidence=0.6)
    assert await learned(api, customer, contact_id=contact, confidence=0.6) == made
    weaker = {"contact_id": contact, "value_code": "evening", "confidence": 0.5}
    assert (await learned(api, customer, **weaker))["value_code"] == "morning"
    rows = await outbox.rows(customer)
    assert await outbox.types() == ["customer.preference-learned", "customer.state"]
    assert {row["version"] for row in rows} == {2}
    stronger = await learned(api, customer, **{**weaker, "confidence": 0.9})
    assert stronger["value_code"] == "evening"
    assert stronger["preference_id"] == made["preference_id"]


async def test_free_text_and_strangers_are_refused(api: Any) -> None:
    customer, _ = await parties(api)
    path = f"/v1/customers/{customer}/preferences"
    for wrong in ({"value_code": "Calls at noon"}, {"confidence": 0}, {"key": "Ü"}):
        assert (await api.post(path, {**MORNING, **wrong})).status_code == 422
    assert (await api.post(path, {**MORNING, "contact_id": str(uuid4())})).status_code == 404
    nobody = f"/v1/customers/{uuid4()}/preferences"
    assert (await api.post(nobody, MORNING)).status_code == 404
    await api.post(f"/v1/customers/{customer}/archive", {"reason_code": "x"})
    assert (await api.post(path, MORNING)).status_code == 409


async def test_the_list_pages_and_finds_who_likes_something(api: Any) -> None:
    customer, contact = await parties(api)
    for number in range(3):
        await learned(api, customer, key=f"key-{number}")
    await learned(api, customer, contact_id=contact)
    first = (await api.get("/v1/preferences", customer_id=customer, limit=3)).json()
    second = (await api.get("/v1/preferences", customer_id=customer, cursor=first["next"])).json()
    assert (len(first["items"]), len(second["items"])) == (3, 1)
    who = (await api.get("/v1/preferences", **MORNING)).json()["items"]
    assert [each["contact_id"] for each in who] == [contact]


async def test_an_erasure_takes_them(api: Any, pool: Pool) -> None:
    customer, contact = await parties(api)
    await learned(api, customer)
    await learned(api, customer, contact_id=contact)
    async with pool.acquire() as connection:
        assert await store.delete_preferences(connection, [UUID(contact)], []) == 1
        assert await store.delete_preferences(connection, [], [UUID(customer)]) == 1


async def test_a_merge_moves_them(api: Any) -> None:
    customer, _ = await parties(api)
    survivor, _ = await parties(api)
    await learned(api, customer, key="wine", value_code="red")
    await learned(api, survivor, value_code="evening")
    wanted = {"survivor_id": survivor, "merged_ids": [customer], "reason_code": "duplicate"}
    assert (await api.post("/v1/merges/customers", wanted)).status_code == 201
    items = (await api.get("/v1/preferences", customer_id=survivor)).json()["items"]
    assert sorted(each["value_code"] for each in items) == ["evening", "red"]
    assert (await api.get("/v1/preferences", customer_id=customer)).json()["items"] == []
