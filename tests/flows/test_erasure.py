"""A person is forgotten: their marks are in no database, no newest record and no log afterwards."""

import uuid
from typing import Any

import asyncpg
from devstack.demo.doors import Caller, Doors, Json, eventually
from devstack.demo.story.cast import Cast, in_days
from devstack.stack import Stack
from shared.contracts import SERVICES, TOPICS
from shared.contracts.contacts import CONTACT_STATE, CUSTOMER_STATE
from shared.settings import KafkaSettings

from tests.flows.test_resync import _records

CONTACT_PATH = "/v1/contacts"


async def _form(cast: Cast, mark: str) -> tuple[str, str]:
    """Somebody fills a form; the person and the lead that come of it."""
    form = {
        "form_id": f"erasure-{uuid.uuid4().hex[:8]}",
        "kind": "contact-request",
        "title": "Ask us",
        "consents": [],
    }
    published = await cast.marketing.post("campaigns", "/v1/forms", form)
    email = f"{mark}@marker.example"
    answer = {
        "given_name": mark,
        "family_name": f"{mark}-lind",
        "email": email,
        "message": f"It is {mark} who asks",
    }
    await cast.doors.request("POST", published["submit_url"], json=answer)

    async def known() -> str | None:
        page = await cast.sales.get("contacts", CONTACT_PATH, email=email)
        return str(page["items"][0]["contact_id"]) if page["items"] else None

    contact_id = await eventually(known, "the form's sender becomes a person")

    async def led() -> Json | None:
        return await cast.sales.find(
            "pipeline", "/v1/leads", lambda lead: bool(lead["contact_id"] == contact_id)
        )

    return contact_id, (await eventually(led, "a lead appears"))["lead_id"]


async def _sale(cast: Cast, lead_id: str, mark: str) -> Json:
    deal = {
        "name": f"Lamps for {mark}",
        "amount": "48000.00",
        "currency": "EUR",
        "expected_close_date": in_days(30).isoformat(),
    }
    steps: tuple[tuple[str, Json], ...] = (
        ("assign", {"owner_id": "sue"}),
        ("contact", {}),
        ("qualify", {"framework": "bant", "answers": {"need": "light"}}),
        ("convert", {"deal": deal}),
    )
    lead: Json = {}
    for command, body in steps:
        lead = await cast.sales.post("pipeline", f"/v1/leads/{lead_id}/{command}", body)
    return lead


async def _ticket(cast: Cast, customer_id: str, contact_id: str, mark: str) -> None:
    ticket = {
        "customer_id": customer_id,
        "contact_id": contact_id,
        "channel": "phone",
        "ticket_type": "repair",
        "subject": f"{mark} is in the dark",
        "body": f"Regards, {mark}",
        "severity": 3,
    }
    await cast.service.post("service-desk", "/v1/tickets", ticket)


async def _erased(officer: Caller, contact_id: str) -> Json:
    asked = await officer.post("contacts", "/v1/privacy/erasures", {"contact_id": contact_id})
    path = f"/v1/privacy/requests/{asked['request_id']}"
    await officer.post("contacts", f"{path}/verify", {"method": "passport"})
    await officer.post("contacts", f"{path}/start")

    async def done() -> Json | None:
        request = await officer.get("contacts", path)
        return request if request["status"] == "completed" else None

    return await eventually(done, "every service has acknowledged")


async def _tables_with(system: Stack, mark: str) -> set[str]:
    """Where any row of any table of any database holds the mark, in whatever column."""
    found: set[str] = set()
    for service in SERVICES:
        variable = f"{service.replace('-', '_').upper()}_DATABASE_URL"
        connection = await asyncpg.connect(system.settings.values[variable])
        try:
            tables = await connection.fetch(
                "SELECT schemaname, tablename FROM pg_tables"
                " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            )
            for schema, table in tables:
                query = (
                    f'SELECT EXISTS (SELECT FROM {schema}."{table}" AS t WHERE t::text ILIKE $1)'
                )
                if await connection.fetchval(query, f"%{mark}%"):
                    found.add(f"{service}.{table}")
        finally:
            await connection.close()
    return found


async def _topics_with(kafka: KafkaSettings, mark: str) -> tuple[set[str], set[str]]:
    """Topics with the mark in any record, and compacted ones with it in the newest of a key."""
    anywhere: set[str] = set()
    newest: dict[tuple[str, bytes], Any] = {}
    for record in await _records(kafka):
        newest[record.topic, record.key] = record
        if mark.encode() in (record.value or b"").lower():
            anywhere.add(record.topic)
    return anywhere, {
        topic
        for (topic, _), record in newest.items()
        if TOPICS[topic].cleanup == "compact" and mark.encode() in (record.value or b"").lower()
    }


async def test_after_an_erasure_a_search_for_the_person_finds_nothing(
    system: Stack, kafka: KafkaSettings, doors: Doors, cast: Cast
) -> None:
    mark = f"zqx{uuid.uuid4().hex[:10]}"
    contact_id, lead_id = await _form(cast, mark)
    lead = await _sale(cast, lead_id, mark)
    customer_id = lead["customer_id"]
    await _ticket(cast, customer_id, contact_id, mark)
    await cast.rest()
    reader = doors.caller("reader", "reader")
    before = await reader.get("customer-360", f"/v1/customers/{customer_id}")
    told = await _tables_with(system, mark)
    assert {"contacts.people", "pipeline.leads", "service-desk.tickets"} <= told
    assert {"campaigns.submissions", "customer-360.contacts", "pipeline.deals"} <= told

    request = await _erased(doors.caller("pia", "privacy"), contact_id)
    await cast.rest()

    assert request["customer_ids"] == [customer_id]
    assert await _tables_with(system, mark) == set()
    anywhere, newest = await _topics_with(kafka, mark)
    assert newest == set()
    assert {CONTACT_STATE.name, CUSTOMER_STATE.name} <= anywhere  # until the log is compacted
    assert all(TOPICS[name].cleanup == "compact" for name in anywhere)
    for log in system.supervisor.logs.glob("*.log"):
        assert mark not in log.read_text(errors="replace").lower(), log.name
    assert await doors.mails_to(f"{mark}@marker.example") == []
    after = await reader.get("customer-360", f"/v1/customers/{customer_id}")
    assert (after["header"], after["people"]) == (None, [])
    assert after["deals"]["open_amount"] == before["deals"]["open_amount"] != {}
    assert len(after["service"]["open"]) == len(before["service"]["open"]) == 1
