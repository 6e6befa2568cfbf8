"""Calls and purchases from other systems, on the real database: attached, left open, repeated."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from contacts.touches.consumers import touches
from shared.contracts.external import CallCompleted, PurchaseRecorded
from shared.contracts.topic import Event
from shared.db import Pool
from shared.messaging.consuming import apply

from tests.integration.contacts.conftest import RULES, Api, Outbox
from tests.records import record_of

AT = datetime(2026, 11, 25, 9, tzinfo=UTC)
NUMBER = "+44 20 7946 0018"
PHONE = {"type": "mobile", "value": NUMBER}
CARD = {"identifier_type": "loyalty_no", "identifier": "4711", "source": "card"}


def call(**fields: Any) -> CallCompleted:
    said = {
        "call_id": uuid4().hex,
        "direction": "inbound",
        "phone": NUMBER,
        "started_at": AT,
        "duration_s": 90,
        "agent_id": "tim",
        **fields,
    }
    return CallCompleted.model_validate(said)


def purchase(**fields: Any) -> PurchaseRecorded:
    said = {
        "receipt_no": uuid4().hex,
        "store_id": "kiel",
        "program": "card",
        "loyalty_no": "47 11",
        "product_ids": ("P-1",),
        "total": Decimal(10),
        "currency": "EUR",
        "purchased_at": AT,
        **fields,
    }
    return PurchaseRecorded.model_validate(said)


async def hear(pool: Pool, *facts: Event) -> None:
    await apply(pool, touches(RULES), [record_of(fact) for fact in facts])


async def interactions(api: Api, **wanted: Any) -> list[dict[str, Any]]:
    return list((await api.get("/v1/interactions", **wanted)).json()["items"])


async def unattached(api: Api) -> list[dict[str, Any]]:
    return list((await api.get("/v1/unattached-touches")).json()["items"])


async def test_a_call_is_with_whoever_has_the_number(api: Api, pool: Pool, outbox: Outbox) -> None:
    firm = (await api.create_customer())["customer_id"]
    ada = await api.create_contact(points=[PHONE], memberships=[{"customer_id": firm}])
    await outbox.clear()
    heard = call()
    for _ in range(2):
        await hear(pool, heard)
    [found] = await interactions(api, contact_id=ada["contact_id"])
    assert (found["customer_id"], found["channel"], found["kind"]) == (firm, "phone", "call")
    assert (found["duration_s"], found["actor_id"], found["source"]) == (90, "tim", "call")
    assert await outbox.types() == ["interaction.recorded"]
    assert "7946" not in "".join(row["payload"] for row in await outbox.rows())
    assert await unattached(api) == []


async def test_many_calls_of_one_set_find_each_their_own(api: Api, pool: Pool) -> None:
    numbers = [f"+44207946{n:04}" for n in range(20)]
    ids = [
        (await api.create_contact(points=[{"type": "phone", "value": number}]))["contact_id"]
        for number in numbers
    ]
    await hear(pool, *(call(phone=number) for number in numbers))
    found = await interactions(api)
    assert sorted(each["contact_ids"][0] for each in found) == sorted(ids)


async def test_a_number_of_several_is_left_to_a_person(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    both = [
        (await api.create_contact(given_name=name, points=[PHONE]))["contact_id"]
        for name in ("Ada", "Eve")
    ]
    heard = call()
    await hear(pool, heard)
    [open_one] = await unattached(api)
    assert (open_one["reason"], sorted(open_one["candidate_ids"])) == ("ambiguous", sorted(both))
    await outbox.clear()
    path = f"/v1/unattached-touches/{open_one['interaction_id']}/attach"
    for _ in range(2):
        answer = await api.post(path, {"contact_id": both[0]})
        assert (answer.status_code, answer.json()["contact_ids"]) == (200, [both[0]])
    assert await outbox.types() == ["interaction.recorded"]
    assert (await api.post(path, {"contact_id": both[1]})).status_code == 409
    await hear(pool, heard)
    assert await unattached(api) == []
    assert len(await interactions(api)) == 1


async def test_of_a_stranger_the_call_is_kept_without_the_number(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    known = call()
    await hear(pool, known, known, call(phone="anonymous"))
    reasons = sorted(each["reason"] for each in await unattached(api))
    assert reasons == ["unknown", "unreadable"]
    assert await outbox.types() == []
    rows = await pool.fetch("SELECT told::text, identifier_hash FROM unattached_touches")
    assert not any("7946" in row["told"] for row in rows)
    ada = await api.create_contact(points=[PHONE])
    await hear(pool, known)
    [open_one] = await unattached(api)
    assert open_one["reason"] == "unreadable"
    assert len(await interactions(api, contact_id=ada["contact_id"])) == 1


async def test_a_purchase_is_of_whoever_has_the_card(api: Api, pool: Pool, outbox: Outbox) -> None:
    ada = await api.create_contact()
    answer = await api.post(f"/v1/contacts/{ada['contact_id']}/identities", CARD)
    assert answer.status_code == 200, answer.text
    await outbox.clear()
    bought = purchase()
    for _ in range(2):
        await hear(pool, bought)
    [found] = await interactions(api, contact_id=ada["contact_id"])
    assert (found["kind"], found["channel"]) == ("purchase", "store")
    assert found["product_interests"] == ["P-1"]
    assert await outbox.types() == ["interaction.recorded"]
    await hear(pool, purchase(program="another-card"))
    assert [each["reason"] for each in await unattached(api)] == ["unknown"]


async def test_who_was_erased_has_no_card(api: Api, pool: Pool) -> None:
    ada = await api.create_contact()
    await api.post(f"/v1/contacts/{ada['contact_id']}/identities", CARD)
    await pool.execute("UPDATE people SET record_status = 'erased'")
    await hear(pool, purchase())
    assert await interactions(api) == []
    assert [each["reason"] for each in await unattached(api)] == ["unknown"]


async def test_what_cannot_be_attached_is_refused(api: Api, pool: Pool) -> None:
    await hear(pool, call())
    [open_one] = await unattached(api)
    path = f"/v1/unattached-touches/{open_one['interaction_id']}/attach"
    assert (await api.post(path)).status_code == 422
    assert (await api.post(path, {"contact_id": str(uuid4())})).status_code == 404
    unknown = f"/v1/unattached-touches/{UUID(int=1)}/attach"
    assert (await api.post(unknown, {"contact_id": str(uuid4())})).status_code == 404
    assert (await api.call("POST", path, json={}, roles=("reader",))).status_code == 403


async def test_a_call_that_is_none_is_parked(api: Api, pool: Pool) -> None:
    bad = record_of(call(), value=b'{"call_id": "1", "phone": "+442079460018"}')
    await apply(pool, touches(RULES), [bad, record_of(call())])
    assert await pool.fetchval("SELECT count(*) FROM parked_events") == 1
    assert len(await unattached(api)) == 1
