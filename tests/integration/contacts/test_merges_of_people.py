"""Merging people on a real database: what is united, who may be written to, and what comes back."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from contacts.consents.consumers import optouts
from contacts.merges.handlers import forget_closed
from contacts.people.consumers import bounces
from shared.db import Pool
from shared.messaging.consuming import apply

from tests.integration.contacts.conftest import RULES, Api, Outbox
from tests.integration.contacts.test_consents import bounced, unsubscribed
from tests.integration.contacts.test_merges import code_of, undo
from tests.integration.contacts.test_permits import ask, end, reasons
from tests.records import record_of

NEWS = {"channel": "email", "purpose": "newsletter"}
YES = {**NEWS, "source": "call"}
TALK = {"channel": "phone", "direction": "inbound", "kind": "call",
        "occurred_at": "2026-01-01T00:00:00Z"}  # fmt: skip
ADA = {"type": "email", "value": "ada@example.org"}


async def person(api: Api, **fields: Any) -> str:
    answer = await api.post("/v1/contacts?force_reason=test", fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["contact_id"])


async def merge(api: Api, survivor: str, *merged: str, **fields: Any) -> Any:
    body = {"survivor_id": survivor, "merged_ids": merged, "reason_code": "duplicate", **fields}
    return await api.post("/v1/merges/people", body)


async def merged(api: Api, survivor: str, *others: str, **fields: Any) -> dict[str, Any]:
    answer = await merge(api, survivor, *others, **fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def shown(api: Api, contact_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await api.get(f"/v1/contacts/{contact_id}", as_is=True)).json()
    return found


async def say(api: Api, contact_id: str, how: str) -> Any:
    answer = await api.post(f"/v1/contacts/{contact_id}/consents/{how}", YES)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def status_of(pool: Pool, contact_id: str) -> str | None:
    status: str | None = await pool.fetchval(
        "SELECT status FROM consents WHERE contact_id = $1 AND channel = 'email'"
        " AND purpose = 'newsletter'",
        UUID(contact_id),
    )
    return status


async def test_two_people_become_one_with_all_that_was_theirs(api: Api, outbox: Outbox) -> None:
    firm, other = [(await api.create_customer())["customer_id"] for _ in range(2)]
    birthday = {"kind": "birthday", "month_day": "12-10", "year": 1985}
    one = await person(
        api, given_name="Ada", points=[{**ADA, "is_primary": True}],
        memberships=[{"customer_id": firm}],
    )  # fmt: skip
    two = await person(
        api, given_name="A.", family_name="Lovelace", key_dates=[birthday],
        points=[ADA, {"type": "email", "value": "a@example.org", "is_primary": True}],
        memberships=[{"customer_id": firm, "role": "boss"}, {"customer_id": other}],
    )  # fmt: skip
    said = {"contact_id": two, "key": "call-time", "value_code": "morning"}
    await api.post(f"/v1/customers/{firm}/preferences", said)
    talked = await api.post("/v1/interactions", {**TALK, "contact_ids": [two, one]})
    assert talked.status_code == 201, talked.text
    number = {"identifier_type": "loyalty_no", "identifier": "7", "source": "shop"}
    await api.post(f"/v1/contacts/{two}/identities", number)
    before = [await shown(api, each) for each in (one, two)]
    await outbox.clear()

    made = await merged(api, one, two)
    now = await shown(api, one)
    assert (now["given_name"], now["family_name"]) == ("A.", "Lovelace")
    assert now["key_dates"] == [birthday]
    points = {point["value"]: point["is_primary"] for point in now["points"]}
    assert points == {"ada@example.org": True, "a@example.org": False}
    parts = {part["customer_id"]: part["role"] for part in now["memberships"]}
    assert parts == {firm: "boss", other: None}
    assert made["moved"] == {
        "points": 1, "postal_points": 0, "memberships": 1, "identities": 1, "interactions": 1,
        "preferences": 1, "consents": 0, "relationships": 0, "households": 0, "reps": 0,
    }  # fmt: skip
    assert await outbox.types(one) == ["contact.updated", "contact.merged", "contact.state"]
    assert await outbox.types(two) == ["contact.record-status-changed", "contact.state"]
    [heard] = (await api.get("/v1/interactions", contact_id=two)).json()["items"]
    assert heard["contact_ids"] == [one]
    [liked] = (await api.get("/v1/preferences", contact_id=one)).json()["items"]
    assert liked["key"] == "call-time"
    assert len((await api.get(f"/v1/contacts/{one}/identities")).json()) == 1
    moved = await api.get(f"/v1/contacts/{two}")
    assert (moved.status_code, moved.headers["location"]) == (308, f"/v1/contacts/{one}")
    history = (await api.get(f"/v1/contacts/{one}/history")).json()["items"]
    assert history[0]["fields"]["family_name"] == {"before": None, "after": "Lovelace"}

    undone = await undo(api, made["merge_id"])
    assert undone.status_code == 200, undone.text
    after = [await shown(api, each) for each in (one, two)]
    for each in (*before, *after):
        del each["version"]
    assert after == before
    [heard] = (await api.get("/v1/interactions", contact_id=two)).json()["items"]
    assert heard["contact_ids"] == [two, one]
    assert (await api.get("/v1/preferences", contact_id=one)).json()["items"] == []
    assert len((await api.get(f"/v1/contacts/{two}/identities")).json()) == 1
    told = await outbox.types()
    assert (await undo(api, made["merge_id"])).json() == undone.json()
    assert await outbox.types() == told


async def test_who_is_no_one_person_is_refused(api: Api) -> None:
    one, two, three = [await person(api, given_name="Ada") for _ in range(3)]
    for each, number in ((one, "1"), (three, "2")):
        said = {"identifier_type": "loyalty_no", "identifier": number, "source": "shop"}
        await api.post(f"/v1/contacts/{each}/identities", said)
    asked = await api.post("/v1/privacy/restrictions", {"contact_id": two})
    assert asked.status_code == 201, asked.text
    refused = {
        "merge-of-itself": await merge(api, one, one),
        "contact-not-found": await merge(api, one, str(uuid4())),
        "unique-identifiers-differ": await merge(api, one, three),
        "record-has-changed": await merge(api, one, three, versions={three: 9}),
        "choice-is-unknown": await merge(api, one, three, choices={"points": three}),
        "record-is-restricted": await merge(api, one, two),
    }
    assert [code_of(answer) for answer in refused.values()] == list(refused)
    await merged(api, one, three, force_reason="two-cards")
    assert code_of(await merge(api, two, three)) == "record-is-merged"


@pytest.mark.parametrize(
    ("own", "theirs", "then", "facts"),
    [
        ("grant", "withdraw", "withdrawn", ["consent.withdrawn"]),
        ("grant", "deny", "withdrawn", ["consent.withdrawn"]),
        ("grant", None, "granted", []),
        (None, "grant", "granted", ["consent.granted"]),
        (None, "deny", "denied", ["consent.denied"]),
        ("deny", "grant", "denied", []),
        ("grant", "request", "granted", []),
        (None, "request", "pending-confirmation", ["consent.confirmation-requested"]),
    ],
)  # fmt: skip
async def test_the_most_restrictive_of_their_consents_wins_and_each_has_their_own_back(
    own: str | None, theirs: str | None, then: str, facts: list[str], api: Api, outbox: Outbox
) -> None:
    one, two = await person(api, points=[ADA]), await person(api, points=[ADA])
    for contact_id, how in ((one, own), (two, theirs)):
        if how:
            await say(api, contact_id, how)
    before = [await status_of(outbox.pool, each) for each in (one, two)]
    await outbox.clear()
    made = await merged(api, one, two)
    assert await status_of(outbox.pool, one) == then
    assert [each for each in await outbox.types() if each.startswith("consent")] == facts
    assert (await undo(api, made["merge_id"])).status_code == 200
    after = [await status_of(outbox.pool, each) for each in (one, two)]
    assert after == [before[0] or ("expired" if facts else None), before[1]]


async def test_a_no_that_was_said_meanwhile_stays_with_both(api: Api, pool: Pool) -> None:
    one, two = await person(api, points=[ADA]), await person(api, points=[ADA])
    await say(api, one, "grant")
    await say(api, two, "grant")
    made = await merged(api, one, two)
    answer = await say(api, two, "withdraw")
    assert answer["contact_id"] == one
    await undo(api, made["merge_id"])
    assert [await status_of(pool, each) for each in (one, two)] == ["withdrawn"] * 2


@pytest.mark.parametrize("by", ["the one that stays", "the merged one", "a link in a mail"])
async def test_a_no_that_is_said_again_meanwhile_stays_with_both(
    api: Api, pool: Pool, by: str
) -> None:
    """By the merge, or by their own word, the one that stays had said no before."""
    for said in (("grant", "deny"), ("deny", "grant")):
        one, two = await person(api), await person(api)
        for each, how in zip((one, two), said, strict=True):
            await say(api, each, how)
        made = await merged(api, one, two)
        assert await status_of(pool, one) in {"denied", "withdrawn"}
        if by == "a link in a mail":
            no = unsubscribed(two, scope="purpose", purpose="newsletter")
            await apply(pool, optouts, [record_of(no)])
        else:
            await say(api, one if by == "the one that stays" else two, "withdraw")
        assert (await undo(api, made["merge_id"])).status_code == 200
        assert await status_of(pool, one) in {"denied", "withdrawn"}
        assert await status_of(pool, two) in {"denied", "withdrawn"}


async def test_a_merge_is_answered_when_nobody_can_write_to_them(api: Api, pool: Pool) -> None:
    one, two = await person(api, points=[ADA]), await person(api, points=[ADA])
    await say(api, one, "deny")
    await say(api, two, "grant")
    permit = await ask(api, two)
    assert permit["answers"][0]["ok"]
    merging = asyncio.ensure_future(merge(api, one, two))
    async with asyncio.timeout(10):
        while await pool.fetchval("SELECT count(*) FROM merges") == 0:
            await asyncio.sleep(0.01)
    assert await reasons(api, two) == ["consent-denied"]
    assert not merging.done()
    await end(api, permit)
    assert (await asyncio.wait_for(merging, 5)).status_code == 201


async def test_no_permit_slips_past_a_merge(api: Api, pool: Pool) -> None:
    for _ in range(5):
        one, two = await person(api, points=[ADA]), await person(api, points=[ADA])
        await say(api, one, "deny")
        await say(api, two, "grant")
        asking = [ask(api, two, seconds=0.3) for _ in range(4)]
        made, *_ = await asyncio.gather(merge(api, one, two), *asking)
        assert made.status_code == 201
        named = await pool.fetchval(
            "SELECT count(*) FROM sending_permits WHERE contact_ids && $1::uuid[]"
            " AND ends_at > clock_timestamp()",
            [UUID(one), UUID(two)],
        )
        assert named == 0
        assert await reasons(api, two) == ["consent-denied"]


async def test_commands_and_facts_with_the_old_id_are_the_survivors(api: Api, pool: Pool) -> None:
    firm = (await api.create_customer())["customer_id"]
    one, two, three = [await person(api, points=[ADA]) for _ in range(3)]
    await say(api, three, "grant")
    await merged(api, two, one)
    await merged(api, three, two)
    added = await api.post(f"/v1/contacts/{one}/points", {"type": "phone", "value": "+431234567"})
    assert (added.status_code, added.json()["contact_id"]) == (201, three)
    joined = await api.call("PUT", f"/v1/contacts/{one}/memberships/{firm}", json={})
    assert joined.json()["memberships"][0]["customer_id"] == firm
    liked = {"contact_id": one, "key": "call-time", "value_code": "morning"}
    learned = await api.post(f"/v1/customers/{firm}/preferences", liked)
    assert learned.json()["contact_id"] == three
    body = {"from_id": firm, "to_id": one, "to_type": "contact", "relationship_type": "employs"}
    headers = {"idempotency-key": "hired"}
    for _ in range(2):
        related = await api.post("/v1/relationships", body, headers=headers)
        assert (related.status_code, related.json()["to_id"]) == (201, three)
    talk = {**TALK, "contact_ids": [one, two]}
    for _ in range(2):
        talked = await api.post("/v1/interactions", talk, headers={"idempotency-key": "talk"})
        assert (talked.status_code, talked.json()["contact_ids"]) == (201, [three])
    await apply(pool, bounces(RULES), [record_of(bounced(one))])
    statuses = {point["value"]: point["status"] for point in (await shown(api, three))["points"]}
    assert statuses == {ADA["value"]: "invalid", "+431234567": "active"}
    await apply(
        pool, optouts, [record_of(unsubscribed(one, scope="purpose", purpose="newsletter"))]
    )
    assert await status_of(pool, three) == "withdrawn"
    assert (await api.get(f"/v1/contacts/{one}/consents")).json()[0]["contact_id"] == three


async def test_what_was_found_out_of_an_address_goes_back_with_it(api: Api) -> None:
    one, two = await person(api), await person(api, points=[ADA])
    made = await merged(api, one, two)
    [copy] = (await shown(api, one))["points"]
    bad = {"reason_code": "hard-bounce"}
    await api.post(f"/v1/contacts/{one}/points/{copy['point_id']}/invalidate", bad)
    await undo(api, made["merge_id"])
    assert (await shown(api, one))["points"] == []
    assert [each["status"] for each in (await shown(api, two))["points"]] == ["invalid"]


async def test_merges_into_one_person_are_undone_the_last_first(api: Api, pool: Pool) -> None:
    one, two, three = [await person(api, points=[ADA]) for _ in range(3)]
    await say(api, one, "grant")
    await say(api, two, "deny")
    first, second = await merged(api, one, two), await merged(api, one, three)
    refused = await undo(api, first["merge_id"])
    assert (refused.status_code, code_of(refused)) == (409, "merge-is-not-last")
    for each in (second, first):
        assert (await undo(api, each["merge_id"])).status_code == 200
    assert await status_of(pool, one) == "granted"


async def test_a_preview_tells_all_and_changes_nothing(api: Api, outbox: Outbox) -> None:
    one, two = await person(api, given_name="Ada"), await person(api, given_name="A.", points=[ADA])
    for each, number in ((one, "1"), (two, "2")):
        said = {"identifier_type": "loyalty_no", "identifier": number, "source": "shop"}
        await api.post(f"/v1/contacts/{each}/identities", said)
    await say(api, two, "deny")
    told = await outbox.types()
    body = {"survivor_id": one, "merged_ids": [two], "reason_code": "duplicate",
            "choices": {"given_name": two, "shoe": two}, "versions": {two: 9}}  # fmt: skip
    answer = await api.post("/v1/merges/people/preview", body)
    assert answer.status_code == 200, answer.text
    seen = answer.json()
    assert [each["code"] for each in seen["objections"]] == [
        "record-has-changed", "choice-is-unknown", "unique-identifiers-differ"
    ]  # fmt: skip
    name = {"field": "given_name", "from_id": two, "strategy": "chosen", "value": "A."}
    assert seen["fields"] == [name]
    assert (seen["moved"]["points"], seen["moved"]["identities"]) == (1, 1)
    assert seen["consents"] == [{**NEWS, "status": "denied", "from_id": two}]
    assert await outbox.types() == told
    assert (await shown(api, two))["record_status"] == "active"
    clean = {**body, "choices": {}, "versions": seen["versions"], "force_reason": "two-cards"}
    assert (await api.post("/v1/merges/people/preview", clean)).json()["objections"] == []
    assert (await api.post("/v1/merges/people", clean)).status_code == 201


async def test_after_the_window_a_merge_of_people_is_final(api: Api, pool: Pool) -> None:
    one, two = await person(api), await person(api, points=[ADA])
    made = await merged(api, one, two)
    await pool.execute("UPDATE merges SET reversible_until = now()")
    assert code_of(await undo(api, made["merge_id"])) == "merge-is-final"
    await forget_closed(pool)
    assert await pool.fetchval("SELECT kept FROM merges") is None


async def test_what_is_written_to_both_at_the_same_moment_is_kept(api: Api) -> None:
    for _ in range(3):
        one, two = await person(api), await person(api)
        said = [{"type": "email", "value": f"{each}@example.org"} for each in ("x", "y")]
        adding = [
            api.post(f"/v1/contacts/{each}/points", point)
            for each, point in zip((one, two), said, strict=True)
        ]
        made, *added = await asyncio.gather(merge(api, one, two), *adding)
        assert (made.status_code, [each.status_code for each in added]) == (201, [201, 201])
        values = {point["value"] for point in (await shown(api, one))["points"]}
        assert values == {"x@example.org", "y@example.org"}


async def test_relationships_go_with_the_merge_and_come_back(api: Api) -> None:
    firm = (await api.create_customer())["customer_id"]
    one, two = await person(api), await person(api)
    for from_id, to_id, kind in (
        (one, two, "influences"), (two, firm, "influences"), (one, firm, "guarantor"),
        (two, firm, "guarantor"),
    ):  # fmt: skip
        body = {"from_id": from_id, "to_id": to_id, "from_type": "contact",
                "to_type": "customer" if to_id == firm else "contact",
                "relationship_type": kind}  # fmt: skip
        assert (await api.post("/v1/relationships", body)).status_code == 201

    async def related(contact_id: str) -> list[tuple[str, str]]:
        found = (await api.get("/v1/relationships", party_id=contact_id)).json()["items"]
        return sorted((each["relationship_type"], each["to_id"]) for each in found)

    before = [await related(each) for each in (one, two)]
    made = await merged(api, one, two)
    assert await related(one) == [("guarantor", firm), ("influences", firm)]
    await undo(api, made["merge_id"])
    assert [await related(each) for each in (one, two)] == before
