"""Preferences over HTTP, learned from facts elsewhere, after an erasure and after a merge."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from contacts.preferences import store
from contacts.preferences.consumers import consumer
from shared.contracts.campaigns import ResponseRecorded
from shared.contracts.service_desk import SurveyAnswered
from shared.db import Pool
from shared.messaging.consuming import apply

from tests.integration.contacts.test_interactions import NOW, parties
from tests.integration.contacts.test_merges import merged
from tests.records import record_of

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


def response(**fields: Any) -> ResponseRecorded:
    said = {"response_id": uuid4(), "kind": "click", "score_delta": 1, "occurred_at": NOW}
    return ResponseRecorded.model_validate({**said, "product_interests": ("pump",), **fields})


def survey(customer: str, score: int, **fields: Any) -> SurveyAnswered:
    said = {"survey_id": uuid4(), "kind": "nps", "score": score, "answered_at": NOW}
    return SurveyAnswered.model_validate({**said, "customer_id": customer, **fields})


async def likes(api: Any, **wanted: str) -> dict[str, str]:
    items = (await api.get("/v1/preferences", **wanted)).json()["items"]
    return {each["key"]: each["value_code"] for each in items}


async def test_what_people_respond_to_and_say_is_learned_once(
    api: Any, pool: Pool, outbox: Any
) -> None:
    customer, contact = await parties(api)
    other, _ = await parties(api)
    await outbox.clear()
    told = [
        response(contact_id=contact),
        response(contact_id=contact, product_interests=("pump", "seal")),
        survey(customer, 9),
        response(customer_id=uuid4()),
        response(contact_id=uuid4()),
        response(),
    ]
    later = survey(customer, 10, answered_at=NOW + timedelta(days=1))
    for _ in range(2):
        broken = record_of(response(), value=b"{", key=b"x")
        await apply(pool, consumer, [*map(record_of, told), broken])
        await apply(pool, consumer, [record_of(later)])
    assert await likes(api, customer_id=customer, contact_id=contact) == {
        "product:pump": "interested",
        "product:seal": "interested",
    }
    assert await likes(api, key="recommends-us") == {"recommends-us": "yes"}
    rows = await outbox.rows(customer)
    assert await outbox.types(customer) == ["customer.preference-learned"] * 3 + ["customer.state"]
    assert [row["version"] for row in rows] == [2, 3, 4, 4]
    assert (await api.get("/v1/preferences", customer_id=other)).json()["items"] == []
    changed = survey(customer, 3, answered_at=NOW + timedelta(days=2))
    await apply(pool, consumer, [record_of(changed)])
    assert await likes(api, key="recommends-us") == {"recommends-us": "no"}


async def test_what_they_said_themselves_stays(api: Any, pool: Pool, outbox: Any) -> None:
    customer, contact = await parties(api)
    said = {"key": "product:pump", "value_code": "never-again", "contact_id": contact}
    await learned(api, customer, **said)
    await outbox.clear()
    await apply(pool, consumer, [record_of(response(contact_id=contact, customer_id=customer))])
    assert await likes(api, contact_id=contact) == {"product:pump": "never-again"}
    assert await outbox.types() == []


async def test_nothing_is_learned_of_who_wants_no_profile_or_is_not_in_use(
    api: Any, pool: Pool, outbox: Any
) -> None:
    customer, opposed = await parties(api)
    archived, _ = await parties(api)
    gone = (await api.create_contact(memberships=[{"customer_id": customer}]))["contact_id"]
    restricted = (await api.create_contact(memberships=[{"customer_id": customer}]))["contact_id"]
    denied = await api.post(
        f"/v1/contacts/{opposed}/consents/deny",
        {"channel": "email", "purpose": "profiling", "source": "phone"},
    )
    assert denied.status_code == 200, denied.text
    await api.post(f"/v1/customers/{archived}/archive", {"reason_code": "x"})
    await api.post(f"/v1/contacts/{gone}/archive", {"reason_code": "left-company"})
    await pool.execute(
        "INSERT INTO restrictions (contact_id, request_id) VALUES ($1, $1)", UUID(restricted)
    )
    await outbox.clear()
    told = [response(customer_id=archived), survey(archived, 9)]
    told += [response(contact_id=each) for each in (opposed, gone, restricted)]
    await apply(pool, consumer, [record_of(each) for each in told])
    assert await outbox.types() == []
    assert await pool.fetchval("SELECT count(*) FROM preferences") == 0


async def test_what_is_told_of_an_old_id_is_learned_of_whom_it_means(api: Any, pool: Pool) -> None:
    goes, _ = await parties(api)
    stays, contact = await parties(api)
    await learned(api, goes, key="product:pump", value_code="unsure", confidence=0.1)
    await merged(api, stays, goes)
    await apply(pool, consumer, [record_of(response(customer_id=goes))])
    assert await likes(api, customer_id=stays) == {"product:pump": "interested"}
    assert await likes(api, contact_id=contact) == {}
