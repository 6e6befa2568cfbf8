"""Consents and suppressions: over HTTP, and by the unsubscribe link."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from contacts.consents.consumers import optouts
from contacts.people.consumers import bounces
from shared.contact_points import subject_hash
from shared.contracts.campaigns import MessageBounced, MessageUnsubscribed
from shared.db import Pool
from shared.messaging.consuming import apply

from tests.integration.contacts.conftest import HASH_KEY, RULES
from tests.records import record_of

MAIL = {"channel": "email", "purpose": "marketing", "source": "call"}
HASH = subject_hash(HASH_KEY, "email", "ada@example.org")


@pytest.fixture
async def person(api: Any) -> Any:
    return await api.create_contact(points=[{"type": "email", "value": "ada@example.org"}])


def unsubscribed(contact_id: str, **fields: Any) -> MessageUnsubscribed:
    return MessageUnsubscribed(
        message_id=uuid4(),
        send_id="s",
        campaign_id=uuid4(),
        contact_id=UUID(contact_id),
        **{"scope": "all", "purpose": "marketing", "subject_hash": HASH, **fields},
        unsubscribed_at=datetime.now(UTC),
    )


async def statuses(api: Any, contact_id: str) -> dict[str, str]:
    consents = (await api.get(f"/v1/contacts/{contact_id}/consents")).json()
    return {f"{each['channel']}:{each['purpose']}": each["status"] for each in consents}


async def test_consent_is_granted_withdrawn_and_granted_again_by_a_new_act(
    api: Any, person: Any, outbox: Any
) -> None:
    await outbox.clear()
    path = f"/v1/contacts/{person['contact_id']}/consents"
    granted = await api.post(f"{path}/grant", MAIL)
    assert (granted.json()["status"], granted.json()["version"]) == ("granted", 1)
    assert (await api.post(f"{path}/grant", MAIL)).json()["version"] == 1
    withdrawn = await api.post(f"{path}/withdraw", MAIL)
    assert withdrawn.json()["status"] == "withdrawn"
    assert (await api.post(f"{path}/grant", MAIL)).status_code == 409
    with_evidence = {**MAIL, "evidence_ref": "call-7"}
    old = {**with_evidence, "captured_at": "2020-01-01T00:00:00Z"}
    assert (await api.post(f"{path}/grant", old)).status_code == 409
    assert (await api.post(f"{path}/grant", with_evidence)).json()["version"] == 3
    assert await outbox.types() == ["consent.granted", "consent.withdrawn", "consent.granted"]


@pytest.mark.parametrize(
    ("act", "field", "words"),
    [
        ("grant", "evidence_ref", "Ada said so on the phone"),
        ("grant", "source", "ada@example.com"),
        ("withdraw", "evidence_ref", "Ada said so on the phone"),
        ("withdraw-all", "source_ref", "a letter of hers"),
    ],
)
async def test_words_do_not_enter_a_topic_that_is_kept_for_ever(
    act: str, field: str, words: str, api: Any, person: Any, outbox: Any
) -> None:
    await outbox.clear()
    path = f"/v1/contacts/{person['contact_id']}/consents/{act}"
    answer = await api.post(path, {**MAIL, field: words})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert await outbox.types() == []


async def test_a_withdrawal_is_committed_before_it_is_answered(
    api: Any, person: Any, pool: Pool
) -> None:
    path = f"/v1/contacts/{person['contact_id']}/consents"
    await api.post(f"{path}/grant", MAIL)
    await api.post(f"{path}/withdraw", MAIL)
    assert await pool.fetchval("SELECT status FROM consents") == "withdrawn"


async def test_a_grant_at_the_same_time_twice_is_one_fact(
    api: Any, person: Any, outbox: Any
) -> None:
    await outbox.clear()
    path = f"/v1/contacts/{person['contact_id']}/consents/grant"
    answers = await asyncio.gather(*(api.post(path, MAIL) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert await outbox.types() == ["consent.granted"]


async def test_a_consent_cannot_come_from_the_future(api: Any, person: Any) -> None:
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    path = f"/v1/contacts/{person['contact_id']}/consents/grant"
    answer = await api.post(path, {**MAIL, "captured_at": later})
    assert (answer.status_code, answer.json()["field"]) == (422, "captured_at")


async def test_nobody_consents_for_a_person_that_is_not_there(api: Any) -> None:
    path = f"/v1/contacts/{uuid4()}/consents"
    assert (await api.post(f"{path}/grant", MAIL)).status_code == 404
    assert (await api.get(path)).status_code == 404


async def test_a_suppression_is_found_by_the_address_lifted_and_added_again(
    api: Any, outbox: Any
) -> None:
    body = {"channel": "email", "value": "Ada@example.org", "reason_code": "complaint"}
    added = await api.post("/v1/suppressions", body)
    assert added.json()["subject_hash"] == HASH
    await api.post("/v1/suppressions", body)
    path = f"/v1/suppressions/{added.json()['suppression_id']}/lift"
    lifted = await api.post(path, {"reason_code": "asked"})
    assert (lifted.json()["is_active"], lifted.json()["version"]) == (False, 2)
    await api.post(path, {"reason_code": "asked"})
    await api.post("/v1/suppressions", body)
    found = await api.get("/v1/suppressions", channel="email", value="ada@EXAMPLE.org")
    assert [each["version"] for each in found.json()["items"]] == [3]
    assert await outbox.types() == ["suppression.added", "suppression.lifted", "suppression.added"]
    assert (await api.get("/v1/suppressions", value="x")).status_code == 422
    missing = f"/v1/suppressions/{uuid4()}/lift"
    assert (await api.post(missing, {"reason_code": "x"})).status_code == 404


async def test_unsubscribing_from_all_withdraws_all_mail_and_suppresses(
    api: Any, person: Any, pool: Pool, outbox: Any
) -> None:
    contact_id = person["contact_id"]
    for purpose in ("marketing", "newsletter"):
        body = {**MAIL, "purpose": purpose}
        await api.post(f"/v1/contacts/{contact_id}/consents/grant", body)
    await api.post(f"/v1/contacts/{contact_id}/consents/grant", {**MAIL, "channel": "phone"})
    await outbox.clear()
    record = record_of(unsubscribed(contact_id))
    await apply(pool, optouts, [record])
    await apply(pool, optouts, [record])
    await apply(pool, optouts, [record_of(unsubscribed(contact_id))])

    assert await statuses(api, contact_id) == {
        "email:marketing": "withdrawn",
        "email:newsletter": "withdrawn",
        "phone:marketing": "granted",
    }
    assert sorted(await outbox.types()) == [
        "consent.withdrawn",
        "consent.withdrawn",
        "suppression.added",
    ]


async def test_unsubscribing_from_one_purpose_leaves_the_others(
    api: Any, person: Any, pool: Pool
) -> None:
    contact_id = person["contact_id"]
    for purpose in ("marketing", "newsletter"):
        body = {**MAIL, "purpose": purpose}
        await api.post(f"/v1/contacts/{contact_id}/consents/grant", body)
    await apply(pool, optouts, [record_of(unsubscribed(contact_id, scope="purpose"))])
    assert await statuses(api, contact_id) == {
        "email:marketing": "withdrawn",
        "email:newsletter": "granted",
    }
    assert await pool.fetchval("SELECT scope FROM suppressions") == "marketing"


async def test_who_never_consented_can_unsubscribe(api: Any, person: Any, pool: Pool) -> None:
    await apply(pool, optouts, [record_of(unsubscribed(person["contact_id"]))])
    assert await statuses(api, person["contact_id"]) == {"email:marketing": "denied"}


def bounced(contact_id: str, bounce: str = "hard") -> MessageBounced:
    return MessageBounced(
        message_id=uuid4(),
        send_id="s",
        campaign_id=uuid4(),
        contact_id=UUID(contact_id),
        bounce=bounce,
        subject_hash=HASH,
        smtp_code=550,
        bounced_at=datetime.now(UTC),
    )


async def test_a_hard_bounce_ends_the_address_and_a_soft_one_does_not(
    api: Any, person: Any, pool: Pool, outbox: Any
) -> None:
    contact_id = person["contact_id"]
    await api.post(f"/v1/contacts/{contact_id}/points", {"type": "phone", "value": "+442079460018"})
    await outbox.clear()
    consumer = bounces(RULES)
    await apply(pool, consumer, [record_of(bounced(contact_id, "soft"))])
    assert await outbox.types() == []
    again = record_of(bounced(contact_id))
    for record in (again, again, record_of(bounced(contact_id))):
        await apply(pool, consumer, [record])
    told = [each for each in await outbox.types() if not each.endswith("state")]
    assert told == ["contact.point-invalidated", "suppression.added"]
    points = (await api.get(f"/v1/contacts/{contact_id}")).json()["points"]
    assert {each["type"]: each["status"] for each in points} == {
        "email": "invalid",
        "phone": "active",
    }


async def test_a_bounce_of_somebody_who_has_gone_still_suppresses_the_address(
    pool: Pool, outbox: Any
) -> None:
    await apply(pool, bounces(RULES), [record_of(bounced(str(uuid4())))])
    assert await outbox.types() == ["suppression.added"]


async def test_a_malformed_unsubscribe_parks_its_key_alone(
    api: Any, person: Any, pool: Pool
) -> None:
    fact = unsubscribed(person["contact_id"])
    bad = record_of(fact, value=b'{"message_id": 1}')
    await apply(pool, optouts, [bad, record_of(unsubscribed(person["contact_id"]))])
    assert await pool.fetchval("SELECT count(*) FROM parked_keys") == 1
    assert await statuses(api, person["contact_id"]) == {"email:marketing": "denied"}
