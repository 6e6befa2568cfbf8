"""Partners and their reps over HTTP, by the clock, and after an erasure."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from contacts.access_requests.store import SECTIONS
from contacts.partners.handlers import expire_reps
from contacts.privacy.consumers import consumer
from shared.db import Pool
from shared.messaging.consuming import apply

from tests.integration.contacts.test_interactions import parties
from tests.integration.contacts.test_privacy import answers, code_of, nora, started

SOON = (datetime.now(UTC) + timedelta(days=30)).isoformat()


async def onboarded(api: Any, customer: str, **fields: Any) -> dict[str, Any]:
    body = {"customer_id": customer, "program": "dealer", "tier": "silver", **fields}
    answer = await api.post("/v1/partners", body)
    assert answer.status_code == 201, answer.text
    partner: dict[str, Any] = answer.json()
    return partner


async def becomes(api: Any, partner_id: str, status: str) -> Any:
    body = {"status": status, "reason_code": "agreed"}
    return await api.post(f"/v1/partners/{partner_id}/status", body)


async def certified(api: Any, partner_id: str, contact: str, **fields: Any) -> Any:
    path = f"/v1/partners/{partner_id}/reps/{contact}"
    registered = await api.call("PUT", path, json={"role": "sales"})
    assert registered.status_code == 200, registered.text
    body = {"course_id": "basic", "score": 87.5, "valid_until": SOON, **fields}
    return await api.post(f"{path}/certify", body)


async def test_a_partner_goes_its_way_and_is_onboarded_anew(api: Any, outbox: Any) -> None:
    customer, _ = await parties(api)
    partner = await onboarded(api, customer, territories=["AT"], agreement_ref="a-1")
    partner_id = partner["partner_id"]
    assert (partner["status"], partner["version"]) == ("prospective", 1)
    assert code_of(await becomes(api, partner_id, "suspended")) == "partner-status-does-not-follow"
    for status in ("active", "active", "suspended", "terminated"):
        assert (await becomes(api, partner_id, status)).status_code == 200
    assert (await api.get(f"/v1/partners/{partner_id}")).json()["version"] == 4
    again = await onboarded(api, customer)
    body = {"customer_id": customer, "program": "dealer", "tier": "gold"}
    taken = await api.post("/v1/partners", body)
    assert (taken.status_code, code_of(taken)) == (409, "partner-is-there")
    assert taken.json()["partner_id"] == again["partner_id"]
    assert (await onboarded(api, customer, program="reseller"))["status"] == "prospective"
    missing = {**body, "customer_id": str(uuid4())}
    assert (await api.post("/v1/partners", missing)).status_code == 404
    assert await outbox.types(partner_id) == [
        "partner.onboarded",
        *["partner.status-changed"] * 3,
    ]


async def test_two_at_once_make_one_partner(api: Any) -> None:
    customer, _ = await parties(api)
    body = {"customer_id": customer, "program": "dealer", "tier": "silver"}
    answered = await asyncio.gather(*(api.post("/v1/partners", body) for _ in range(3)))
    assert sorted(answer.status_code for answer in answered) == [201, 409, 409]


async def test_a_repeat_is_quiet_and_lists_filter_and_page(api: Any, outbox: Any) -> None:
    customer, contact = await parties(api)
    body = {"customer_id": customer, "program": "dealer", "tier": "gold", "territories": ["AT"]}
    headers = {"idempotency-key": "once"}
    first, again = [await api.post("/v1/partners", body, headers=headers) for _ in range(2)]
    assert again.json() == first.json()
    other = await onboarded(api, customer, program="reseller", territories=["DE"])
    partner_id = first.json()["partner_id"]
    await becomes(api, partner_id, "active")
    await certified(api, partner_id, contact)
    for wanted in (
        {"status": "active"},
        {"program": "dealer"},
        {"tier": "gold"},
        {"territory": "AT"},
        {"contact_id": contact},
    ):
        listed = (await api.get("/v1/partners", **wanted)).json()["items"]
        assert [each["partner_id"] for each in listed] == [partner_id], wanted
    page = (await api.get("/v1/partners", customer_id=customer, limit=1)).json()
    rest = (await api.get("/v1/partners", customer_id=customer, cursor=page["next"])).json()
    listed = [*page["items"], *rest["items"]]
    assert {each["partner_id"] for each in listed} == {partner_id, other["partner_id"]}
    assert (await outbox.types(partner_id)).count("partner.onboarded") == 1


async def test_a_rep_is_a_person_registered_certified_and_removed(api: Any, outbox: Any) -> None:
    customer, contact = await parties(api)
    partner_id = (await onboarded(api, customer))["partner_id"]
    path = f"/v1/partners/{partner_id}/reps"
    nobody = await api.call("PUT", f"{path}/{uuid4()}", json={"role": "sales"})
    assert (nobody.status_code, code_of(nobody)) == (404, "contact-not-found")
    early = await api.post(
        f"{path}/{contact}/certify", {"course_id": "basic", "score": 1, "valid_until": SOON}
    )
    assert (early.status_code, code_of(early)) == (404, "rep-not-found")
    for _ in range(2):
        rep = await certified(api, partner_id, contact)
        assert (rep.json()["status"], rep.headers["etag"]) == ("certified", '"3"'), rep.text
    over = await certified(api, partner_id, contact, valid_until="2020-01-01T00:00:00Z")
    assert (over.status_code, code_of(over)) == (422, "certificate-is-over")
    [shown] = (await api.get(path, status="certified")).json()["items"]
    assert shown == rep.json()
    assert (await api.get(path, status="expired")).json()["items"] == []
    for _ in range(2):
        removed = await api.post(f"{path}/{contact}/remove", {"reason_code": "left-company"})
        assert removed.json()["version"] == 4
    assert (await api.get(path)).json()["items"] == []
    assert await outbox.types(partner_id) == [
        "partner.onboarded",
        "partner.rep-registered",
        "partner.rep-certified",
        "partner.rep-removed",
    ]


async def test_a_certificate_ends_by_the_clock_once_however_many_look(
    api: Any, pool: Pool, outbox: Any
) -> None:
    customer, contact = await parties(api)
    partner_id = (await onboarded(api, customer))["partner_id"]
    other = (await api.create_contact())["contact_id"]
    for each in (contact, other):
        await certified(api, partner_id, each)
    assert not await expire_reps(pool)
    await pool.execute(
        "UPDATE partner_reps SET certified_until = now() - interval '1 s',"
        " certificates = jsonb_set(certificates, '{0,valid_until}', '\"2026-01-01T00:00:00Z\"')"
        " WHERE contact_id = $1",
        UUID(contact),
    )
    assert sorted(await asyncio.gather(*(expire_reps(pool) for _ in range(3)))) == [
        False,
        False,
        True,
    ]
    assert (await outbox.types(partner_id)).count("partner.rep-expired") == 1
    reps = (await api.get(f"/v1/partners/{partner_id}/reps")).json()["items"]
    assert {each["contact_id"]: each["status"] for each in reps} == {
        contact: "expired",
        other: "certified",
    }
    assert (await certified(api, partner_id, contact)).json()["status"] == "certified"


async def test_who_is_erased_is_nobodys_rep_and_no_partner(
    api: Any, pool: Pool, outbox: Any
) -> None:
    contact, own = await nora(api)
    customer, _ = await parties(api)
    dealer = (await onboarded(api, customer))["partner_id"]
    self_employed = (await onboarded(api, own))["partner_id"]
    await certified(api, dealer, contact)
    async with pool.acquire() as connection:
        held = await connection.fetch(
            f"WITH typed AS (SELECT $1::uuid[]) {SECTIONS['sells_for_partners']}", [UUID(contact)]
        )
    assert [(row["program"], row["status"]) for row in held] == [("dealer", "certified")]
    request_id = await started(api, contact_id=contact)
    for record in answers(request_id):
        await apply(pool, consumer, [record])
    assert (await api.get(f"/v1/partners/{dealer}/reps")).json()["items"] == []
    assert (await outbox.types(dealer))[-1] == "partner.rep-removed"
    ended = (await api.get(f"/v1/partners/{self_employed}")).json()
    assert (ended["status"], ended["reason_code"]) == ("terminated", "erased")


async def test_who_changed_a_partner_and_its_reps(api: Any) -> None:
    customer, contact = await parties(api)
    partner_id = (await onboarded(api, customer))["partner_id"]
    await becomes(api, partner_id, "active")
    await becomes(api, partner_id, "active")
    assert (await certified(api, partner_id, contact)).status_code == 200
    path = f"/v1/partners/{partner_id}"
    removed = await api.post(f"{path}/reps/{contact}/remove", {"reason_code": "left"})
    assert removed.status_code == 200, removed.text
    gone, passed, registered, active, begun = (await api.get(f"{path}/history")).json()["items"]
    assert active["fields"] == {
        "status": {"before": "prospective", "after": "active"},
        "reason_code": {"before": None, "after": "agreed"},
    }
    assert (active["actor"], active["part"]) == ("user:tester", "partner")
    rep = f"rep:{contact}"
    assert registered["fields"][rep]["before"] is None
    assert registered["fields"][rep]["after"]["status"] == "registered"
    [certificate] = passed["fields"][rep]["after"]["certificates"]
    assert (certificate["course_id"], certificate["score"]) == ("basic", 87.5)
    assert gone["fields"][rep] == {"before": passed["fields"][rep]["after"], "after": None}
    assert (begun["version"], begun["fields"]) == (1, {})
    missing = await api.get(f"/v1/partners/{uuid4()}/history")
    assert missing.status_code == 404
