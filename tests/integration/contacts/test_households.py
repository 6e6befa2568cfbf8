"""Households over HTTP, at the same moment, and after an erasure."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

from contacts.access_requests.store import SECTIONS
from contacts.households import store
from contacts.privacy.consumers import consumer
from shared.db import Pool
from shared.messaging.consuming import apply

from tests.integration.contacts.test_privacy import MARK, answers, code_of, found, nora, started


async def people(api: Any, number: int) -> list[str]:
    return [(await api.create_contact())["contact_id"] for _ in range(number)]


async def founded(api: Any, *members: str, **fields: Any) -> dict[str, Any]:
    body = {"member_contact_ids": members, "head_contact_id": members[0], **fields}
    answer = await api.post("/v1/households", body)
    assert answer.status_code == 201, answer.text
    household: dict[str, Any] = answer.json()
    return household


def member_ids(household: dict[str, Any]) -> set[str]:
    return {member["contact_id"] for member in household["members"]}


async def test_a_household_is_founded_changed_and_dissolved(api: Any, outbox: Any) -> None:
    ada, bob, eve = await people(api, 3)
    household = await founded(api, ada, bob, name="The Lovelaces")
    household_id = household["household_id"]
    path = f"/v1/households/{household_id}"
    for _ in range(2):
        added = await api.call("PUT", f"{path}/members/{eve}")
        assert (added.status_code, added.headers["etag"]) == (200, '"2"'), added.text
    assert member_ids(added.json()) == {ada, bob, eve}
    stuck = await api.post(f"{path}/members/{ada}/remove")
    assert (stuck.status_code, code_of(stuck)) == (409, "head-cannot-leave")
    stale = await api.call(
        "PUT", f"{path}/head", json={"contact_id": bob}, headers={"if-match": '"1"'}
    )
    assert stale.status_code == 412
    assert (await api.call("PUT", f"{path}/head", json={"contact_id": bob})).status_code == 200
    assert (await api.post(f"{path}/members/{ada}/remove")).json()["version"] == 4
    renamed = await api.call("PATCH", path, json={"name": "Bob & Eve"})
    assert renamed.json() == (await api.get(path)).json()
    assert (await api.get(f"/v1/contacts/{eve}")).json()["household_id"] == household_id
    assert (await api.get(f"/v1/contacts/{ada}")).json()["household_id"] is None
    gone = (await api.post(f"{path}/dissolve")).json()
    assert (gone["members"], gone["name"], gone["version"]) == ([], None, 6)
    late = await api.call("PUT", f"{path}/members/{eve}")
    assert (late.status_code, code_of(late)) == (409, "household-is-dissolved")
    rows = [row for row in await outbox.rows(household_id) if "events" in row["topic"]]
    actions = [json.loads(row["payload"])["action"] for row in rows]
    assert actions == [
        "founded",
        "member-added",
        "head-set",
        "member-removed",
        "renamed",
        "dissolved",
    ]
    assert not any("Lovelaces" in row["payload"] for row in rows)


async def test_a_person_lives_in_one_household_even_at_the_same_moment(api: Any) -> None:
    ada, bob, eve = await people(api, 3)
    one, other = await founded(api, ada), await founded(api, bob)
    answered = await asyncio.gather(
        *(
            api.call("PUT", f"/v1/households/{each['household_id']}/members/{eve}")
            for each in (one, other)
        )
    )
    assert sorted(answer.status_code for answer in answered) == [200, 409]
    body = {"member_contact_ids": [ada], "head_contact_id": ada}
    taken = await api.post("/v1/households", body)
    assert (taken.status_code, code_of(taken)) == (409, "person-is-in-household")
    unknown = str(uuid4())
    body = {"member_contact_ids": [unknown], "head_contact_id": unknown}
    assert (await api.post("/v1/households", body)).status_code == 404
    body = {"member_contact_ids": [unknown], "head_contact_id": ada}
    assert (await api.post("/v1/households", body)).status_code in {404, 422}


async def test_a_repeat_is_the_same_household_and_the_list_pages(api: Any, outbox: Any) -> None:
    ada, bob = await people(api, 2)
    headers = {"idempotency-key": "once"}
    body = {"member_contact_ids": [ada], "head_contact_id": ada}
    first = await api.post("/v1/households", body, headers=headers)
    again = await api.post("/v1/households", body, headers=headers)
    assert again.json() == first.json()
    assert (await outbox.types()).count("household.changed") == 1
    other = await founded(api, bob)
    page = (await api.get("/v1/households", limit=1)).json()
    rest = (await api.get("/v1/households", cursor=page["next"])).json()
    listed = {each["household_id"] for each in [*page["items"], *rest["items"]]}
    assert listed == {first.json()["household_id"], other["household_id"]}
    of_bob = (await api.get("/v1/households", contact_id=bob)).json()["items"]
    assert [each["household_id"] for each in of_bob] == [other["household_id"]]


async def test_who_is_erased_leaves_and_takes_the_name_along(
    api: Any, pool: Pool, outbox: Any
) -> None:
    contact_id, _ = await nora(api)
    [bob] = await people(api, 1)
    household = await founded(api, contact_id, bob, name=f"The {MARK}s")
    request_id = await started(api, contact_id=contact_id)
    for record in answers(request_id):
        await apply(pool, consumer, [record])
    left = (await api.get(f"/v1/households/{household['household_id']}")).json()
    assert (member_ids(left), left["head_contact_id"], left["name"]) == ({bob}, bob, None)
    await outbox.clear()
    assert await found(pool, MARK) == []


async def test_the_household_is_told_to_its_member_and_says_nothing_of_others(
    api: Any, pool: Pool
) -> None:
    ada, bob = await people(api, 2)
    household = await founded(api, ada, bob, name="The Lovelaces")
    async with pool.acquire() as connection:
        [row] = await connection.fetch(
            f"WITH typed AS (SELECT $1::uuid[]) {SECTIONS['household']}", [UUID(bob)]
        )
        assert (row["name"], row["is_head"]) == ("The Lovelaces", False)
        assert ada not in str(dict(row))
        [fact] = await store.lock_snapshots(connection, [UUID(household["household_id"])])
    assert fact.version == 1


async def test_who_changed_a_household_and_its_name_comes_back(api: Any) -> None:
    ada, bob = await people(api, 2)
    household = await founded(api, ada, name="The Lovelaces")
    path = f"/v1/households/{household['household_id']}"
    await api.call("PUT", f"{path}/members/{bob}")
    await api.call("PATCH", path, json={"name": "Ada & Bob"})
    renamed, joined, begun = (await api.get(f"{path}/history")).json()["items"]
    assert renamed["fields"] == {"name": {"before": "The Lovelaces", "after": "Ada & Bob"}}
    assert (renamed["actor"], renamed["part"]) == ("user:tester", "household")
    after = joined["fields"]["members"]["after"]
    assert {each["contact_id"] for each in after} == {ada, bob}
    assert (begun["version"], begun["fields"]) == (1, {})
    body = {"change_id": renamed["change_id"], "fields": ["name"]}
    for _ in range(2):
        restored = await api.post(f"{path}/history/restore", body)
        assert (restored.json()["name"], restored.json()["version"]) == ("The Lovelaces", 4)
    body["change_id"] = joined["change_id"]
    refused = await api.post(f"{path}/history/restore", body)
    assert (refused.status_code, code_of(refused)) == (409, "field-is-not-restorable")
    assert len((await api.get(f"{path}/history")).json()["items"]) == 4


async def test_a_history_does_not_outlive_the_erasure_of_a_member(
    api: Any, pool: Pool, outbox: Any
) -> None:
    contact_id, _ = await nora(api)
    [other] = await people(api, 1)
    household = await founded(api, other, contact_id, name=f"Family of {MARK}")
    path = f"/v1/households/{household['household_id']}"
    await api.call("PATCH", path, json={"name": f"{MARK} and others"})
    assert len((await api.get(f"{path}/history")).json()["items"]) == 2
    request_id = await started(api, contact_id=contact_id)
    await apply(pool, consumer, answers(request_id))
    assert (await api.get(path)).json()["name"] is None
    assert (await api.get(f"{path}/history")).json()["items"] == []
    await outbox.clear()
    assert await found(pool, MARK) == []
