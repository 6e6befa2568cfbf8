"""An access request in contacts: the bundle of all parts, who may read it, and when it is gone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from contacts.access_requests.consumers import consumer
from contacts.access_requests.handlers import assemble, forget_bundles
from contacts.departments import Departments
from shared.contracts.privacy import ANSWERING, EXPORT_ACKNOWLEDGED
from shared.db import Pool
from shared.messaging.consuming import apply

from tests.integration.contacts.conftest import RULES, Api, Outbox
from tests.integration.contacts.test_privacy import MARK, answers, code_of, nora
from tests.integration.contacts.test_privacy import started as erasure_started
from tests.records import record_of

URLS = {service: f"http://{service}.test" for service in ANSWERING}


@dataclass
class Others:
    """The other services, as far as contacts sees them; one of them may be down."""

    down: str | None = None

    def departments(self) -> Departments:
        return Departments(URLS, lambda: "a token", httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer a token"
        service = request.url.host.removesuffix(".test")
        if service == self.down:
            return httpx.Response(503)
        return httpx.Response(200, json={"things": [{"of": service}]})


async def asked(api: Api, contact_id: str) -> str:
    answer = await api.post("/v1/privacy/exports", {"contact_id": contact_id}, roles=("privacy",))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["request_id"])


async def started(api: Api, contact_id: str) -> str:
    request_id = await asked(api, contact_id)
    await api.post(f"/v1/privacy/requests/{request_id}/verify", {"method": "passport"})
    answer = await api.post(f"/v1/privacy/exports/{request_id}/start")
    assert answer.json()["awaited"] == list(ANSWERING), answer.text
    return request_id


async def acknowledged(api: Api, pool: Pool, contact_id: str) -> str:
    request_id = await started(api, contact_id)
    for ack in EXPORT_ACKNOWLEDGED.values():
        record = record_of(ack(request_id=UUID(request_id), collected={"things": 1}), 1)
        await apply(pool, consumer, [record])
        await apply(pool, consumer, [record])  # told again
    return request_id


def bundle(request_id: str) -> str:
    return f"/v1/privacy/requests/{request_id}/bundle"


async def test_the_bundle_holds_every_part_and_nobody_elses(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    contact_id, customer_id = await nora(api)
    shared = {"type": "email", "value": "family@harbour.example"}
    await api.post(f"/v1/contacts/{contact_id}/points", shared)
    await api.create_contact(given_name="Stranger", points=[shared])
    grant = {"channel": "email", "purpose": "marketing", "source": "desk", "evidence_ref": "p-1"}
    await api.post(f"/v1/contacts/{contact_id}/consents/grant", grant)
    await api.call("PATCH", f"/v1/contacts/{contact_id}", json={"job_title": "Captain"})
    request_id = await acknowledged(api, pool, contact_id)

    assert await assemble(pool, Others().departments(), RULES)
    assert not await assemble(pool, Others().departments(), RULES)

    answer = await api.call("GET", bundle(request_id), roles=("disclosure",))
    held = answer.json()
    own = held["parts"]["contacts"]
    assert held["parts"]["campaigns"] == {"things": [{"of": "campaigns"}]}
    assert [each["given_name"] for each in own["person"]] == [MARK]
    assert [each["customer_id"] for each in own["customer"]] == [customer_id]
    assert [each["evidence_ref"] for each in own["consents"]] == ["p-1"]
    assert [each["kind"] for each in own["privacy_requests"]] == ["export"]
    assert "Captain" in str(own["history"])
    assert "Stranger" not in answer.text
    page = await api.get(bundle(request_id), format="html")
    assert MARK in page.text
    assert "sandbox" in page.headers["content-security-policy"]
    request = (await api.get(f"/v1/privacy/requests/{request_id}")).json()
    assert request["status"] == "completed"
    types = await outbox.types(request_id)
    assert types == ["privacy.export-requested", "privacy.export-completed"]
    rows = await outbox.rows(request_id)
    assert not any(MARK in row["payload"] for row in rows)


async def test_a_silent_service_only_puts_the_bundle_off(api: Api, pool: Pool) -> None:
    contact_id, _ = await nora(api)
    request_id = await acknowledged(api, pool, contact_id)
    assert not await assemble(pool, Others(down="campaigns").departments(), RULES)
    assert (await api.get(bundle(request_id))).status_code == 404
    assert await assemble(pool, Others().departments(), RULES)
    assert (await api.get(bundle(request_id))).status_code == 200


async def test_nothing_is_assembled_while_an_answer_is_awaited(api: Api, pool: Pool) -> None:
    contact_id, _ = await nora(api)
    await started(api, contact_id)
    assert not await assemble(pool, Others().departments(), RULES)


@pytest.mark.parametrize("role", ["privacy", "integration", "reader", "sales"])
async def test_only_who_discloses_reads_a_bundle(api: Api, role: str) -> None:
    answer = await api.call("GET", bundle(str(UUID(int=1))), roles=(role,))
    assert answer.status_code == 403


async def test_a_bundle_is_gone_when_it_expires(api: Api, pool: Pool) -> None:
    contact_id, _ = await nora(api)
    request_id = await acknowledged(api, pool, contact_id)
    await assemble(pool, Others().departments(), RULES)
    await forget_bundles(pool)
    assert (await api.get(bundle(request_id))).status_code == 200
    await pool.execute(
        "UPDATE access_bundles SET expires_at = $1", datetime.now(UTC) - timedelta(seconds=1)
    )
    assert (await api.get(bundle(request_id))).status_code == 404
    await forget_bundles(pool)
    assert await pool.fetchval("SELECT count(*) FROM access_bundles") == 0


async def test_one_is_asked_for_once_and_waits_for_the_identity(api: Api) -> None:
    contact_id, _ = await nora(api)
    request_id = await asked(api, contact_id)
    again = await api.post("/v1/privacy/exports", {"contact_id": contact_id})
    assert (again.status_code, code_of(again)) == (409, "access-is-asked-for")
    early = await api.post(f"/v1/privacy/exports/{request_id}/start")
    assert (early.status_code, code_of(early)) == (409, "identity-is-not-verified")


async def test_an_erasure_waits_for_the_answer_and_then_takes_the_bundle_with_it(
    api: Api, pool: Pool
) -> None:
    contact_id, _ = await nora(api)
    await acknowledged(api, pool, contact_id)
    erasure = await api.post("/v1/privacy/erasures", {"contact_id": contact_id})
    erasure_id = erasure.json()["request_id"]
    await api.post(f"/v1/privacy/requests/{erasure_id}/verify", {"method": "passport"})
    early = await api.post(f"/v1/privacy/requests/{erasure_id}/start")
    assert (early.status_code, code_of(early)) == (409, "access-is-under-way")

    await assemble(pool, Others().departments(), RULES)
    begun = await api.post(f"/v1/privacy/requests/{erasure_id}/start")
    assert begun.status_code == 200, begun.text
    for ack in answers(erasure_id):
        await apply(pool, consumer, [ack])
    assert await pool.fetchval("SELECT count(*) FROM access_bundles") == 0


async def test_who_is_being_erased_is_told_nothing(api: Api) -> None:
    contact_id, _ = await nora(api)
    request_id = await asked(api, contact_id)
    await api.post(f"/v1/privacy/requests/{request_id}/verify", {"method": "passport"})
    await erasure_started(api, contact_id=contact_id)
    late = await api.post(f"/v1/privacy/exports/{request_id}/start")
    assert (late.status_code, code_of(late)) == (409, "person-is-being-erased")
