"""Permits: the last word about a batch, and a no that waits for those who were allowed before."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from contacts.consents.commands import Subject
from contacts.consents.consumers import confirmations
from contacts.consents.handlers import expire_consents
from contacts.permits.handlers import forget_ended
from shared.contact_points import subject_hash
from shared.contracts.campaigns import ConfirmationConfirmed
from shared.db import Pool
from shared.messaging.consuming import apply

from tests.integration.contacts.conftest import HASH_KEY, RULES
from tests.records import record_of

NEWS = {"channel": "email", "purpose": "newsletter"}
YES = {**NEWS, "source": "call"}
HASH = subject_hash(HASH_KEY, "email", "ada@example.org")


@pytest.fixture
async def person(api: Any) -> Any:
    return await api.create_contact(points=[{"type": "email", "value": "ada@example.org"}])


@pytest.fixture
def path(person: Any) -> str:
    return f"/v1/contacts/{person['contact_id']}/consents"


async def ask(
    api: Any, *contact_ids: str, seconds: float = 30, address: str = HASH, **recipient: Any
) -> Any:
    recipients = [
        {**NEWS, "contact_id": each, "subject_hash": address, **recipient} for each in contact_ids
    ]
    body = {"recipients": recipients, "seconds": seconds}
    answer = await api.post("/v1/consents/check", body, roles=["integration"])
    assert answer.status_code == 200, answer.text
    return answer.json()


async def reasons(api: Any, *contact_ids: str, **asked: Any) -> list[str | None]:
    return [each["reason"] for each in (await ask(api, *contact_ids, **asked))["answers"]]


async def end(api: Any, permit: Any) -> None:
    ended = await api.call(
        "DELETE", f"/v1/consents/permits/{permit['permit_id']}", roles=["integration"]
    )
    assert ended.status_code == 204


async def test_a_batch_is_answered_in_its_order_with_reasons(
    api: Any, person: Any, path: str
) -> None:
    stranger = str(uuid4())
    assert await reasons(api, stranger, person["contact_id"]) == ["consent-unknown"] * 2
    await api.post(f"{path}/grant", YES)
    permit = await ask(api, stranger, person["contact_id"])
    assert [each["ok"] for each in permit["answers"]] == [False, True]
    assert permit["permit_id"] is not None
    assert (await ask(api, stranger))["permit_id"] is None


async def test_only_an_integration_asks(api: Any) -> None:
    answer = await api.post("/v1/consents/check", {"recipients": []}, roles=["marketing"])
    assert answer.status_code == 403


@pytest.mark.parametrize("way", ["withdraw", "withdraw-all"])
async def test_a_withdrawal_is_answered_when_the_permit_has_ended(
    way: str, api: Any, person: Any, path: str, pool: Pool
) -> None:
    await api.post(f"{path}/grant", YES)
    permit = await ask(api, person["contact_id"])
    body = YES if way == "withdraw" else {"source": "call"}
    leaving = asyncio.ensure_future(api.post(f"{path}/{way}", body))
    while await pool.fetchval("SELECT bool_or(status = 'granted') FROM consents"):
        await asyncio.sleep(0.01)
    assert await reasons(api, person["contact_id"]) == ["consent-withdrawn"]
    assert not leaving.done()
    await end(api, permit)
    assert (await asyncio.wait_for(leaving, 5)).status_code == 200


async def test_a_repeat_of_the_withdrawal_waits_as_well(
    api: Any, person: Any, path: str, pool: Pool
) -> None:
    await api.post(f"{path}/grant", YES)
    permit = await ask(api, person["contact_id"])
    impatient = asyncio.ensure_future(api.post(f"{path}/withdraw", YES))
    while await pool.fetchval("SELECT bool_or(status = 'granted') FROM consents"):
        await asyncio.sleep(0.01)
    impatient.cancel()
    again = asyncio.ensure_future(api.post(f"{path}/withdraw", YES))
    done, _ = await asyncio.wait([again], timeout=0.3)
    assert not done
    await end(api, permit)
    assert (await asyncio.wait_for(again, 5)).json()["status"] == "withdrawn"


async def test_a_sender_that_died_keeps_nobody_waiting_beyond_its_permit(
    api: Any, person: Any, path: str, pool: Pool
) -> None:
    await api.post(f"{path}/grant", YES)
    permit = await ask(api, person["contact_id"], seconds=0.7)
    answer = await asyncio.wait_for(api.post(f"{path}/withdraw", YES), 10)
    assert answer.status_code == 200
    assert datetime.now(UTC) >= datetime.fromisoformat(permit["ends_at"])
    await forget_ended(pool)
    assert await pool.fetchval("SELECT count(*) FROM sending_permits") == 0


async def test_a_suppression_waits_for_whoever_writes_to_the_address(
    api: Any, person: Any, path: str, pool: Pool
) -> None:
    await api.post(f"{path}/grant", YES)
    permit = await ask(api, person["contact_id"])
    body = {"channel": "email", "value": "ada@example.org", "reason_code": "complaint"}
    adding = asyncio.ensure_future(api.post("/v1/suppressions", body))
    while not await pool.fetchval("SELECT count(*) FROM suppressions"):
        await asyncio.sleep(0.01)
    assert await reasons(api, person["contact_id"]) == ["suppression-list"]
    assert not adding.done()
    await end(api, permit)
    assert (await asyncio.wait_for(adding, 5)).status_code == 201


async def test_a_withdrawal_waits_for_nobody_elses_permit(api: Any, person: Any, path: str) -> None:
    other = await api.create_contact(points=[{"type": "email", "value": "bob@example.org"}])
    for contact_id in (person["contact_id"], other["contact_id"]):
        await api.post(f"/v1/contacts/{contact_id}/consents/grant", YES)
    await ask(api, other["contact_id"])
    answer = await asyncio.wait_for(api.post(f"{path}/withdraw", YES), 5)
    assert answer.status_code == 200


async def test_no_permit_outlives_the_answer_to_a_no(api: Any, pool: Pool) -> None:
    """Many batches race many withdrawals; each sender looks for a permit after an answer."""
    people = [
        (await api.create_contact(points=[{"type": "email", "value": f"p{n}@example.org"}]))
        for n in range(8)
    ]
    ids = [person["contact_id"] for person in people]
    for contact_id in ids:
        await api.post(f"/v1/contacts/{contact_id}/consents/grant", YES)
    answered: set[str] = set()
    broken: list[str] = []

    async def send_on() -> None:
        while len(answered) < len(ids):
            said_no = set(answered)
            batch = random.sample(ids, 5)
            permit = await ask(api, *batch)
            allowed = {each["contact_id"] for each in permit["answers"] if each["ok"]}
            broken.extend(allowed & said_no)
            await asyncio.sleep(0)
            broken.extend(allowed & (answered - said_no))
            if permit["permit_id"]:
                await end(api, permit)

    async def leave(contact_id: str) -> None:
        answer = await api.post(f"/v1/contacts/{contact_id}/consents/withdraw", YES)
        assert answer.status_code == 200
        in_force = await pool.fetchval(
            "SELECT count(*) FROM sending_permits WHERE $1 = ANY(contact_ids)", UUID(contact_id)
        )
        broken.extend([contact_id] * in_force)
        answered.add(contact_id)

    await asyncio.gather(*(send_on() for _ in range(4)), *map(leave, ids))
    assert broken == []


async def test_a_no_to_everything_is_one_call(api: Any, path: str) -> None:
    await api.post(f"{path}/grant", YES)
    await api.post(f"{path}/grant", {**YES, "channel": "phone"})
    answer = await api.post(f"{path}/withdraw-all", {"channel": "email", "source": "call"})
    told = {each["purpose"]: each["status"] for each in answer.json()}
    assert told.pop("newsletter") == "withdrawn"
    assert set(told.values()) == {"denied"}
    everything = await api.post(f"{path}/withdraw-all", {"source": "call"})
    assert len(everything.json()) == 24
    assert {each["status"] for each in everything.json()} == {"denied", "withdrawn"}


async def test_a_consent_that_is_over_closes_the_gate_before_anybody_tells_so(
    api: Any, person: Any, path: str, pool: Pool, outbox: Any
) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    await api.post(f"{path}/grant", {**YES, "expires_at": soon})
    assert await reasons(api, person["contact_id"]) == [None]
    await pool.execute("UPDATE consents SET expires_at = now()")
    assert await reasons(api, person["contact_id"]) == ["consent-expired"]
    assert (await api.get(path)).json()[0]["status"] == "granted"
    await outbox.clear()
    await asyncio.gather(*(expire_consents(pool) for _ in range(4)))
    assert await outbox.types() == ["consent.expired"]
    assert (await api.get(path)).json()[0]["status"] == "expired"


async def test_many_consents_expire_once_beside_several_processes(pool: Pool, outbox: Any) -> None:
    subjects = [Subject(uuid4(), "email", "newsletter") for _ in range(2500)]
    await pool.execute(
        "INSERT INTO consents (consent_id, contact_id, version, channel, purpose, status, since,"
        " source, effective_from, expires_at) SELECT consent_id, contact_id, 1, 'email',"
        " 'newsletter', 'granted', now(), 'test', now(), now()"
        " FROM unnest($1::uuid[], $2::uuid[]) AS over (consent_id, contact_id)",
        [subject.consent_id for subject in subjects],
        [subject.contact_id for subject in subjects],
    )
    await asyncio.gather(*(expire_consents(pool) for _ in range(4)))
    assert await outbox.types() == ["consent.expired"] * 2500
    assert len({row["payload"] for row in await outbox.rows()}) == 2500
    assert await pool.fetchval("SELECT count(*) FROM consents WHERE status = 'expired'") == 2500


async def test_a_consent_for_later_is_not_used_before(api: Any, person: Any, path: str) -> None:
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    granted = await api.post(f"{path}/grant", {**YES, "effective_from": later})
    assert granted.json()["status"] == "granted"
    assert await reasons(api, person["contact_id"]) == ["consent-not-yet-effective"]


def confirmed(consent: Any, token_id: str, at: datetime | None = None) -> ConfirmationConfirmed:
    return ConfirmationConfirmed(
        token_id=UUID(token_id),
        consent_id=UUID(consent["consent_id"]),
        contact_id=UUID(consent["contact_id"]),
        channel="email",
        purpose="newsletter",
        confirmed_at=at or datetime.now(UTC),
    )


async def test_a_requested_consent_is_granted_when_it_is_confirmed(
    api: Any, person: Any, path: str, pool: Pool, outbox: Any
) -> None:
    await outbox.clear()
    shown = {"evidence_ref": "sheet:7", "form_version": "fair/v2", "ip_hash": "ab12"}
    asked = (await api.post(f"{path}/request", {**YES, **shown})).json()
    assert asked["status"] == "pending-confirmation"
    assert await reasons(api, person["contact_id"]) == ["consent-pending-confirmation"]
    token_id = str(await pool.fetchval("SELECT token_id FROM consents"))
    assert await reasons(api, person["contact_id"], token_id=token_id) == [None]
    assert await reasons(api, person["contact_id"], token_id=str(uuid4())) == [
        "confirmation-not-open"
    ]
    for _ in range(2):
        await apply(pool, confirmations(RULES), [record_of(confirmed(asked, token_id))])
    [consent] = (await api.get(path)).json()
    assert consent["status"] == "granted"
    assert consent["double_opt_in_at"] is not None
    assert {name: consent[name] for name in shown} == shown
    assert await outbox.types() == ["consent.confirmation-requested", "consent.granted"]
    assert await reasons(api, person["contact_id"], token_id=token_id) == ["confirmation-not-open"]


async def test_a_confirmation_that_comes_too_late_grants_nothing(
    api: Any, path: str, pool: Pool
) -> None:
    asked = (await api.post(f"{path}/request", {**YES, "evidence_ref": "sheet:7"})).json()
    token_id = str(await pool.fetchval("SELECT token_id FROM consents"))
    late = datetime.fromisoformat(asked["confirmation_expires_at"])
    await apply(pool, confirmations(RULES), [record_of(confirmed(asked, token_id, late))])
    assert (await api.get(path)).json()[0]["status"] == "pending-confirmation"


async def test_a_request_is_repeated_by_its_key_and_asks_once(
    api: Any, path: str, outbox: Any
) -> None:
    await outbox.clear()
    for _ in range(2):
        await api.post(f"{path}/request", YES, headers={"idempotency-key": "fair-7"})
    assert await outbox.types() == ["consent.confirmation-requested"]


@pytest.mark.usefixtures("person")
async def test_a_suppression_outlives_the_person_and_meets_whoever_comes_with_the_address(
    api: Any, pool: Pool
) -> None:
    """As after an erasure, and as after a merge into a record that nobody suppressed."""
    body = {"channel": "email", "value": "ada@example.org", "reason_code": "opt-out"}
    await api.post("/v1/suppressions", body)
    await pool.execute("DELETE FROM points")
    await pool.execute("DELETE FROM people")
    other = await api.create_contact(points=[{"type": "email", "value": " ADA@example.org"}])
    await api.post(f"/v1/contacts/{other['contact_id']}/consents/grant", YES)
    assert await reasons(api, other["contact_id"]) == ["suppression-list"]
    assert await pool.fetchval("SELECT count(*) FROM suppressions WHERE is_active") == 1
