"""Erasure and restriction in contacts: what is left of a person, and what is refused."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
from contacts.intake.consumers import intake
from contacts.privacy.consumers import consumer
from shared.contracts.campaigns import FORM_STATE, FormState
from shared.contracts.contacts import CONTACT_STATE, CUSTOMER_STATE
from shared.contracts.privacy import ANSWERING, ERASURE_ACKNOWLEDGED
from shared.db import Pool
from shared.messaging.consuming import apply

from tests.integration.contacts.conftest import RULES, Api, Outbox
from tests.records import record_of

MARK = "Zqxwv"
EMAIL = "zqxwv@marker.example"
PHONE = "+44 20 7946 0777"
DIGITS = "442079460777"
INTAKE = intake(RULES)


async def nora(api: Api) -> tuple[str, str]:
    """A person with a customer of her own, marked wherever she is named."""
    customer = await api.create_customer(display_name=f"{MARK} Nora", tags=[MARK])
    points = [{"type": "email", "value": EMAIL}, {"type": "phone", "value": PHONE}]
    contact = await api.create_contact(
        given_name=MARK,
        family_name=f"{MARK}-Lind",
        points=points,
        memberships=[{"customer_id": customer["customer_id"], "role": MARK}],
    )
    return contact["contact_id"], customer["customer_id"]


def form(**fields: Any) -> FormState:
    return FormState(
        submission_id=UUID(int=77),
        form_id="f",
        form_version=1,
        kind="contact-request",
        given_name=MARK,
        email=EMAIL,
        submitted_at=datetime.now(UTC),
        **fields,
    )


async def asked(api: Api, **whom: str) -> str:
    answer = await api.post("/v1/privacy/erasures", whom, roles=("privacy",))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["request_id"])


async def started(api: Api, **whom: str) -> str:
    request_id = await asked(api, **whom)
    await api.post(f"/v1/privacy/requests/{request_id}/verify", {"method": "passport"})
    hold = {"category": "litigation", "legal_basis": "legal-claims"}
    answer = await api.post(f"/v1/privacy/requests/{request_id}/start", {"legal_holds": [hold]})
    assert answer.json()["awaited"] == list(ANSWERING), answer.text
    return request_id


def answers(request_id: str) -> list[Any]:
    return [
        record_of(ack(request_id=UUID(request_id), erased={"rows": 1}), 1)
        for ack in ERASURE_ACKNOWLEDGED.values()
    ]


def code_of(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


async def found(pool: Pool, *marks: str) -> list[str]:
    """The tables in which any column of any row holds one of these texts."""
    tables = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    hits = [
        table["tablename"]
        for table in tables
        for mark in marks
        if await pool.fetchval(
            f"SELECT EXISTS (SELECT FROM {table['tablename']} AS t"
            f" WHERE position(lower($1) IN lower(t::text)) > 0)",
            mark,
        )
    ]
    return sorted(set(hits))


async def test_nothing_of_the_person_is_left_and_the_hash_stays(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    contact_id, _ = await nora(api)
    await apply(pool, INTAKE, [record_of(form(phone=PHONE))])
    evidence = {
        "channel": "email",
        "purpose": "marketing",
        "source": MARK,
        "evidence_ref": f"paper-{MARK}",
    }
    await api.post(f"/v1/contacts/{contact_id}/consents/grant", evidence)
    poison = record_of(form(), value=b'{"email": "zqxwv@marker.example"}')
    await apply(pool, INTAKE, [poison])
    assert "people" in await found(pool, MARK)
    assert await pool.fetchval("SELECT count(*) FROM parked_events") == 1

    request_id = await started(api, contact_id=contact_id)
    for record in answers(request_id):
        await apply(pool, consumer, [record])
        await apply(pool, consumer, [record])  # told again

    request = (await api.get(f"/v1/privacy/requests/{request_id}")).json()
    assert request["status"] == "completed"
    assert {each["category"] for each in request["retained"]} == {"litigation", "suppression-hash"}
    rows = {row["topic"]: row for row in await outbox.rows()}
    assert rows[CONTACT_STATE.name]["payload"] is None
    assert rows[CUSTOMER_STATE.name]["payload"] is None
    assert (await outbox.types(request_id))[-1] == "privacy.erasure-completed"
    await outbox.clear()  # as the relay does
    assert await found(pool, MARK, EMAIL, PHONE, DIGITS) == []
    suppressions = (await api.get("/v1/suppressions", channel="email", value=EMAIL)).json()
    assert [each["reason_code"] for each in suppressions["items"]] == ["erasure"]


async def test_nobody_changes_a_record_that_waits_for_its_erasure(api: Api) -> None:
    contact_id, customer_id = await nora(api)
    await asked(api, contact_id=contact_id)
    for path in (f"/v1/contacts/{contact_id}", f"/v1/customers/{customer_id}"):
        name = {"timezone": "Europe/London"}
        answer = await api.call("PATCH", path, json=name)
        assert (answer.status_code, code_of(answer)) == (409, "record-is-erased")


async def test_a_rejected_request_leaves_the_records_as_they_were(api: Api) -> None:
    contact_id, customer_id = await nora(api)
    await api.post(f"/v1/contacts/{contact_id}/archive", {"reason_code": "left-company"})
    request_id = await asked(api, contact_id=contact_id)
    path = f"/v1/privacy/requests/{request_id}/reject"
    await api.post(path, {"reason_code": "identity-not-verified"})
    contact = (await api.get(f"/v1/contacts/{contact_id}")).json()
    customer = (await api.get(f"/v1/customers/{customer_id}")).json()
    assert (contact["record_status"], customer["record_status"]) == ("archived", "active")
    assert contact["points"]


async def test_a_late_form_of_an_erased_person_makes_nobody(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    await apply(pool, INTAKE, [record_of(form())])
    contact_id = str(await pool.fetchval("SELECT contact_id FROM people"))
    request_id = await started(api, contact_id=contact_id)
    await apply(pool, consumer, answers(request_id))
    await outbox.clear()

    await apply(pool, INTAKE, [record_of(form(), 1), record_of(form(phone=PHONE), 1)])

    assert await pool.fetchval("SELECT count(*) FROM people") == 1
    assert await found(pool, MARK, EMAIL) == []
    keys = await pool.fetch("SELECT topic, key FROM erased_keys")
    assert [tuple(row) for row in keys] == [(FORM_STATE.name, str(UUID(int=77)))]


async def test_a_second_request_for_the_same_person_is_refused(api: Api) -> None:
    contact_id, _ = await nora(api)
    request_id = await asked(api, contact_id=contact_id)
    answer = await api.post("/v1/privacy/erasures", {"contact_id": contact_id})
    assert answer.status_code == 409
    assert code_of(answer) == "erasure-is-asked-for"
    listed = (await api.get("/v1/privacy/requests", status="received", limit=1)).json()
    assert [each["request_id"] for each in listed["items"]] == [request_id]
    overdue = await api.get("/v1/privacy/requests", due_before=datetime.now(UTC).isoformat())
    assert overdue.json()["items"] == []


async def test_only_the_role_for_it_may_ask(api: Api) -> None:
    contact_id, _ = await nora(api)
    answer = await api.post(
        "/v1/privacy/erasures", {"contact_id": contact_id}, roles=("sales", "service")
    )
    assert answer.status_code == 403


async def test_a_restricted_person_is_left_alone_until_it_is_lifted(api: Api, pool: Pool) -> None:
    contact_id, _ = await nora(api)
    path = "/v1/privacy/restrictions"
    request_id = (await api.post(path, {"contact_id": contact_id})).json()["request_id"]
    change = {"job_title": "Captain"}
    refused = await api.call("PATCH", f"/v1/contacts/{contact_id}", json=change)
    assert (refused.status_code, code_of(refused)) == (409, "record-is-restricted")
    yes = {"channel": "email", "purpose": "marketing", "source": "phone"}
    granted = await api.post(f"/v1/contacts/{contact_id}/consents/grant", yes)
    assert granted.status_code == 409
    no = await api.post(f"/v1/contacts/{contact_id}/consents/withdraw", yes)
    assert no.status_code == 200
    await apply(pool, INTAKE, [record_of(form(phone="+44 20 7946 0999"))])
    assert await pool.fetchval("SELECT count(*) FROM points") == 2

    await api.post(f"/v1/privacy/requests/{request_id}/lift")
    changed = await api.call("PATCH", f"/v1/contacts/{contact_id}", json=change)
    assert changed.status_code == 200


async def test_rows_of_a_paused_import_that_are_theirs_are_forgotten(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    contact_id, _ = await nora(api)
    rows = f'[[2, ["Ada", "ada@other.example"]], [3, ["{MARK}", "{EMAIL}"]]]'
    await pool.execute("INSERT INTO import_blocks VALUES ($1, 0, $2)", UUID(int=5), rows)
    await pool.execute("INSERT INTO import_keys VALUES ($1, $2, 3)", UUID(int=5), EMAIL)
    await apply(pool, consumer, answers(await started(api, contact_id=contact_id)))
    await outbox.clear()
    left = await pool.fetchval("SELECT rows FROM import_blocks")
    assert left == '[[2, ["Ada", "ada@other.example"]]]'
    assert await found(pool, MARK, EMAIL) == []
