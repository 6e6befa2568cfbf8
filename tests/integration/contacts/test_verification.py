"""Verified addresses on the real database: whose they are, and that nobody else has them."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from contacts.consents.consumers import confirmations
from contacts.matching.scoring import current_policy, score
from contacts.people import store
from contacts.people.consumers import bounces
from shared.contracts.campaigns import ConfirmationConfirmed, MessageBounced
from shared.db import Pool
from shared.messaging.consuming import apply

from tests.integration.contacts.conftest import RULES, Api, Outbox
from tests.records import record_of

EMAIL = {"type": "email", "value": "ada@example.org"}
PHONE = {"type": "phone", "value": "+442079460018"}


async def person(api: Api, *points: Any, **fields: Any) -> dict[str, Any]:
    body = {"given_name": "Ada", "points": points, **fields}
    answer = await api.post("/v1/contacts?force_reason=test", body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def path_of(person: dict[str, Any], kind: str = "email") -> str:
    [point] = [each for each in person["points"] if each["type"] == kind]
    return f"/v1/contacts/{person['contact_id']}/points/{point['point_id']}"


async def verify(api: Api, person: dict[str, Any], method: str = "document") -> Any:
    return await api.post(f"{path_of(person)}/verify", {"method": method})


def confirmed(person: dict[str, Any], subject_hash: str | None) -> ConfirmationConfirmed:
    return ConfirmationConfirmed(
        token_id=uuid4(),
        consent_id=uuid4(),
        contact_id=UUID(person["contact_id"]),
        channel="email",
        purpose="newsletter",
        confirmed_at=datetime.now(UTC),
        subject_hash=subject_hash,
    )


async def test_an_address_is_verified_and_identifies_the_person(api: Api, outbox: Outbox) -> None:
    ada = await person(api, EMAIL, PHONE)
    await outbox.clear()
    first = await verify(api, ada)
    assert first.status_code == 200, first.text
    [point] = [each for each in first.json()["points"] if each["type"] == "email"]
    assert point["verified_at"] is not None
    facts = ["identity.linked", "contact.point-verified", "contact.state"]
    assert await outbox.types() == facts
    assert not any("example.org" in row["payload"] for row in (await outbox.rows())[:-1])
    assert (await verify(api, ada, "call")).json() == first.json()
    assert await outbox.types() == facts
    read = (await api.get(f"/v1/contacts/{ada['contact_id']}")).json()
    assert read == {**first.json(), "household_id": None}


async def test_it_is_another_s_and_the_conflict_is_told_once(api: Api, outbox: Outbox) -> None:
    ada, eve = await person(api, EMAIL), await person(api, EMAIL, given_name="Eve")
    await verify(api, ada)
    await outbox.clear()
    for _ in range(2):
        refused = await verify(api, eve)
        assert (refused.status_code, refused.json()["type"][-17:]) == (409, "email-is-anothers")
        assert refused.json()["contact_id"] == ada["contact_id"]
    assert await outbox.types() == ["identity.conflict-detected"]
    told = json.loads((await outbox.rows())[0]["payload"])
    assert told["candidate_ids"] == [ada["contact_id"], eve["contact_id"]]
    assert told["identifier_hash"] == RULES.subject("email", "ada@example.org")


async def test_of_two_who_verify_at_the_same_time_one_has_it(api: Api, pool: Pool) -> None:
    both = [await person(api, EMAIL), await person(api, EMAIL, given_name="Eve")]
    answers = await asyncio.gather(*(verify(api, each) for each in both))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert await pool.fetchval("SELECT count(*) FROM points WHERE verified_at IS NOT NULL") == 1


async def test_a_phone_may_be_verified_for_a_whole_house(api: Api) -> None:
    for name in ("Ada", "Eve"):
        one = await person(api, PHONE, given_name=name)
        answer = await api.post(f"{path_of(one, 'phone')}/verify", {"method": "call"})
        assert answer.status_code == 200, answer.text


async def test_who_loses_the_address_gives_it_free(api: Api, outbox: Outbox, pool: Pool) -> None:
    ada, eve = await person(api, EMAIL), await person(api, EMAIL, given_name="Eve")
    await verify(api, ada)
    await outbox.clear()
    await api.post(f"{path_of(ada)}/invalidate", {"reason_code": "owner-changed"})
    assert await outbox.types() == [
        "contact.point-invalidated",
        "contact.state",
        "identity.unlinked",
    ]
    assert (await verify(api, eve)).status_code == 200
    bounced = MessageBounced(
        message_id=uuid4(),
        campaign_id=uuid4(),
        send_id="send",
        contact_id=UUID(eve["contact_id"]),
        channel="email",
        subject_hash=RULES.subject("email", "ada@example.org"),
        bounce="hard",
        bounced_at=datetime.now(UTC),
    )
    await apply(pool, bounces(RULES), [record_of(bounced)])
    assert (await api.get(f"/v1/contacts/{eve['contact_id']}/identities")).json() == []


async def test_who_was_erased_has_no_address(api: Api, pool: Pool) -> None:
    ada = await person(api, EMAIL)
    await verify(api, ada)
    await pool.execute(
        "UPDATE people SET record_status = 'erased' WHERE contact_id = $1", UUID(ada["contact_id"])
    )
    await pool.execute("DELETE FROM points")
    assert (await verify(api, await person(api, EMAIL, given_name="Eve"))).status_code == 200


async def test_two_with_verified_addresses_of_their_own_are_two(api: Api, pool: Pool) -> None:
    """The same name, birthday and phone: without the addresses surely one."""
    birthday = {"kind": "birthday", "month_day": "12-10", "year": 1985}
    said = {"family_name": "King", "key_dates": [birthday]}
    one = await person(api, EMAIL, PHONE, **said)
    other = await person(api, {"type": "email", "value": "a.k@example.com"}, PHONE, **said)

    async def alike() -> float:
        async with pool.acquire() as connection:
            ids = [UUID(each["contact_id"]) for each in (one, other)]
            first, second = await store.load_traits(connection, ids)
        return score(first, second, current_policy()).score

    assert await alike() > current_policy().auto
    await verify(api, one)
    assert await alike() > current_policy().auto
    await verify(api, other)
    assert await alike() == 0


async def test_whoever_follows_the_link_in_a_mail_has_the_address(
    api: Api, outbox: Outbox, pool: Pool
) -> None:
    ada = await person(api, EMAIL, PHONE, {"type": "email", "value": "other@example.org"})
    await outbox.clear()
    hashed = RULES.subject("email", "ada@example.org")
    for _ in range(2):
        await apply(pool, confirmations(RULES), [record_of(confirmed(ada, hashed))])
    shown = (await api.get(f"/v1/contacts/{ada['contact_id']}")).json()
    assert {p["normalized"]: p["verified_at"] is not None for p in shown["points"]} == {
        "ada@example.org": True,
        "other@example.org": False,
        "+442079460018": False,
    }
    assert (await outbox.types()).count("contact.point-verified") == 1


async def test_a_link_without_its_address_or_to_a_record_put_away_verifies_nothing(
    api: Api, outbox: Outbox, pool: Pool
) -> None:
    ada = await person(api, EMAIL)
    await apply(pool, confirmations(RULES), [record_of(confirmed(ada, None))])
    await apply(pool, confirmations(RULES), [record_of(confirmed(ada, "another"))])
    await api.post(f"/v1/contacts/{ada['contact_id']}/archive", {"reason_code": "request"})
    hashed = RULES.subject("email", "ada@example.org")
    await apply(pool, confirmations(RULES), [record_of(confirmed(ada, hashed))])
    assert "contact.point-verified" not in await outbox.types()
    assert await pool.fetchval("SELECT count(*) FROM parked_events") == 0


async def test_a_link_to_what_is_another_s_tells_the_conflict(
    api: Api, outbox: Outbox, pool: Pool
) -> None:
    ada, eve = await person(api, EMAIL), await person(api, EMAIL, given_name="Eve")
    await verify(api, ada)
    await outbox.clear()
    hashed = RULES.subject("email", "ada@example.org")
    await apply(pool, confirmations(RULES), [record_of(confirmed(eve, hashed))])
    assert await outbox.types() == ["identity.conflict-detected"]


async def test_what_cannot_be_verified_is_refused(api: Api) -> None:
    ada = await person(api, EMAIL)
    unknown = f"/v1/contacts/{ada['contact_id']}/points/{uuid4()}/verify"
    assert (await api.post(unknown, {"method": "call"})).status_code == 404
    assert (await verify(api, ada, "magic")).status_code == 422
    assert (await verify(api, ada, "text-message")).status_code == 422
    answer = await api.call(
        "POST", f"{path_of(ada)}/verify", json={"method": "call"}, roles=("reader",)
    )
    assert answer.status_code == 403


async def test_a_merge_takes_the_verified_address_along_and_its_undoing_gives_it_back(
    api: Api, pool: Pool
) -> None:
    ada, other = await person(api, EMAIL), await person(api, EMAIL)
    assert (await verify(api, ada)).status_code == 200
    body = {"merged_ids": [ada["contact_id"]], "reason_code": "duplicate"}
    merge = await api.post("/v1/merges/people", {"survivor_id": other["contact_id"], **body})
    assert merge.status_code == 201, merge.text
    assert await verified_of(pool) == {UUID(other["contact_id"])}
    assert (await verify(api, await person(api, EMAIL))).json()["contact_id"] == other["contact_id"]

    undo = f"/v1/merges/{merge.json()['merge_id']}/undo"
    assert (await api.post(undo, {"reason_code": "mistake"})).status_code == 200
    assert await verified_of(pool) == {UUID(ada["contact_id"])}
    assert (await verify(api, other)).json()["contact_id"] == ada["contact_id"]


async def verified_of(pool: Pool) -> set[UUID]:
    """Who has a verified address, as rows and as identity links say alike."""
    points = await pool.fetch("SELECT contact_id FROM points WHERE verified_at IS NOT NULL")
    links = await pool.fetch(
        "SELECT contact_id FROM identity_links"
        " WHERE identifier_type = 'email_hash' AND unlinked_at IS NULL"
    )
    assert {row["contact_id"] for row in links} == {row["contact_id"] for row in points}
    return {row["contact_id"] for row in points}
