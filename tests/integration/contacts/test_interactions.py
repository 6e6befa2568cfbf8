"""Interactions over HTTP, from facts elsewhere, and after an erasure."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from contacts.interactions import store
from contacts.interactions.consumers import consumer
from shared.contracts.campaigns import ResponseRecorded
from shared.contracts.service_desk import TicketOpened
from shared.db import Pool
from shared.messaging.consuming import apply

from tests.records import record_of

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


def call(customer: str | None, *contacts: str, **fields: Any) -> dict[str, Any]:
    said = {"channel": "phone", "direction": "outbound", "kind": "call"}
    return {
        **said,
        "customer_id": customer,
        "contact_ids": contacts,
        "occurred_at": NOW.isoformat(),
        **fields,
    }


async def recorded(api: Any, body: dict[str, Any]) -> dict[str, Any]:
    answer = await api.post("/v1/interactions", body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def parties(api: Any) -> tuple[str, str]:
    customer = (await api.create_customer())["customer_id"]
    contact = await api.create_contact(memberships=[{"customer_id": customer}])
    return customer, contact["contact_id"]


def opened(customer_id: UUID, contact_id: UUID | None = None) -> TicketOpened:
    return TicketOpened(
        ticket_id=uuid4(),
        number="T-1",
        customer_id=customer_id,
        contact_id=contact_id,
        channel="email",
        ticket_type="incident",
        severity=3,
        priority="normal",
        sla_policy_id=UUID(int=1),
        sla_policy_version=1,
        received_at=NOW,
        source="api",
    )


async def test_a_touch_is_kept_with_its_text_and_the_fact_has_none(api: Any, outbox: Any) -> None:
    customer, contact = await parties(api)
    await outbox.clear()
    made = await recorded(api, call(customer, contact, subject="Red", body="The red one"))
    assert (made["actor_id"], made["source"], made["version"]) == ("tester", "person", 1)
    [row] = await outbox.rows(made["interaction_id"])
    assert (row["topic"], row["version"]) == ("crm.contacts.interaction.events.v1", 1)
    assert "red one" not in row["payload"].lower()
    seen = (await api.get(f"/v1/interactions/{made['interaction_id']}")).json()
    assert seen["body"] == "The red one"


async def test_a_repeat_with_the_same_key_is_quiet(api: Any, outbox: Any) -> None:
    customer, _ = await parties(api)
    await outbox.clear()
    headers = {"idempotency-key": "once"}
    for _ in range(2):
        answer = await api.post("/v1/interactions", call(customer), headers=headers)
        assert answer.status_code == 201
    assert await outbox.types() == ["interaction.recorded"]
    other = await api.post("/v1/interactions", call(customer, body="x"), headers=headers)
    assert other.status_code == 409


async def test_a_correction_keeps_the_version_before(api: Any, outbox: Any) -> None:
    customer, _ = await parties(api)
    made = await recorded(api, call(customer, body="a"))
    path = f"/v1/interactions/{made['interaction_id']}"
    correction = {"body": "b", "outcome": "reached", "reason_code": "typed-wrong"}
    stale = await api.post(f"{path}/correct", correction, headers={"if-match": '"7"'})
    assert stale.status_code == 412
    corrected = await api.post(f"{path}/correct", correction, headers={"if-match": '"1"'})
    assert (corrected.json()["body"], corrected.json()["version"]) == ("b", 2)
    assert (await api.post(f"{path}/correct", correction)).json()["version"] == 2
    [before] = (await api.get(f"{path}/versions")).json()
    assert (before["interaction"]["body"], before["interaction"]["version"]) == ("a", 1)
    assert before["replaced_by"] == "user:tester"
    assert (await outbox.types(made["interaction_id"]))[-1] == "interaction.corrected"


async def test_who_is_not_there_was_not_in_touch(api: Any) -> None:
    customer, _ = await parties(api)
    assert (await api.post("/v1/interactions", call(str(uuid4())))).status_code == 404
    assert (await api.post("/v1/interactions", call(customer, str(uuid4())))).status_code == 404
    assert (await api.post("/v1/interactions", call(None))).status_code == 422
    path = f"/v1/interactions/{uuid4()}"
    assert (await api.get(path)).status_code == 404
    assert (await api.post(f"{path}/correct", {"reason_code": "x"})).status_code == 404
    reader = await api.call("POST", "/v1/interactions", roles=["privacy"], json=call(customer))
    assert reader.status_code == 403


async def test_the_list_pages_by_time_and_filters(api: Any) -> None:
    customer, contact = await parties(api)
    for hour in range(3):
        at = (NOW - timedelta(hours=hour)).isoformat()
        await recorded(api, call(customer, contact, occurred_at=at, department="sales"))
    await recorded(api, call(customer, channel="email", department="service"))
    wanted = {"customer_id": customer, "department": "sales", "limit": 2}
    first = (await api.get("/v1/interactions", **wanted)).json()
    second = (await api.get("/v1/interactions", **wanted, cursor=first["next"])).json()
    times = [each["occurred_at"] for each in (*first["items"], *second["items"])]
    assert times == sorted(times, reverse=True)
    assert (len(times), second["next"]) == (3, None)
    by_contact = (await api.get("/v1/interactions", contact_id=contact)).json()["items"]
    by_channel = (await api.get("/v1/interactions", channel="email")).json()["items"]
    assert (len(by_contact), len(by_channel)) == (3, 1)
    assert (await api.get("/v1/interactions", cursor="nonsense")).status_code == 422


async def test_tickets_and_responses_are_interactions_once(pool: Pool, outbox: Any) -> None:
    customer, contact = uuid4(), uuid4()
    response = ResponseRecorded(
        response_id=uuid4(), contact_id=contact, kind="form", score_delta=5, occurred_at=NOW
    )
    nobody = response.model_copy(update={"response_id": uuid4(), "contact_id": None})
    records = [record_of(fact) for fact in (opened(customer, contact), response, nobody)]
    for _ in range(2):
        await apply(pool, consumer, records)
    assert await outbox.types() == ["interaction.recorded"] * 2
    async with pool.acquire() as connection:
        found = await store.list_interactions(
            connection, store.Wanted(contact_id=contact), None, 10
        )
    assert {each.told.source for each in found} == {"ticket", "response"}
    assert {each.told.customer_id for each in found} == {customer, None}


async def test_a_malformed_ticket_is_parked(pool: Pool) -> None:
    broken = record_of(opened(uuid4()), value=b"{}")
    await apply(pool, consumer, [broken])
    assert await pool.fetchval("SELECT count(*) FROM parked_events") == 1


async def test_an_erasure_takes_what_was_said_with_the_person_or_names_them(
    api: Any, pool: Pool
) -> None:
    customer, contact = await parties(api)
    with_them = await recorded(api, call(customer, contact, body="a"))
    correction = {"body": "b", "reason_code": "x"}
    await api.post(f"/v1/interactions/{with_them['interaction_id']}/correct", correction)
    named = await recorded(api, call(customer, subject="Write to ADA@example.com"))
    other = await recorded(api, call(customer, body="of somebody else"))
    async with pool.acquire() as connection:
        forgotten = await store.forget_texts(connection, [UUID(contact)], [], ["ada@example.com"])
    assert forgotten == 2
    rows = await pool.fetch("SELECT interaction_id FROM interactions WHERE body IS NOT NULL")
    assert [str(row["interaction_id"]) for row in rows] == [other["interaction_id"]]
    assert await pool.fetchval("SELECT count(*) FROM interaction_versions") == 0
    seen = (await api.get(f"/v1/interactions/{named['interaction_id']}")).json()
    assert (seen["subject"], seen["channel"]) == (None, "phone")


async def test_a_merge_moves_them_and_its_undoing_returns_them(api: Any) -> None:
    customer, contact = await parties(api)
    survivor, _ = await parties(api)
    made = await recorded(api, call(customer, contact))
    wanted = {"survivor_id": survivor, "merged_ids": [customer], "reason_code": "duplicate"}
    merge = (await api.post("/v1/merges/customers", wanted)).json()
    path = f"/v1/interactions/{made['interaction_id']}"
    assert (await api.get(path)).json()["customer_id"] == survivor
    await api.post(f"/v1/merges/{merge['merge_id']}/undo", {"reason_code": "two-parties"})
    assert (await api.get(path)).json()["customer_id"] == customer
