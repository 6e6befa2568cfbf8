"""Households and partners follow merges of people and customers, and their undoing."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest
from contacts.merges.store import forget_of
from shared.db import Pool

from tests.integration.contacts.conftest import Api, Outbox
from tests.integration.contacts.test_households import founded, member_ids
from tests.integration.contacts.test_merges import code_of, organization, undo
from tests.integration.contacts.test_merges import merge as merge_of_customers
from tests.integration.contacts.test_merges import merged as merged_customers
from tests.integration.contacts.test_merges_of_people import merge, merged, person
from tests.integration.contacts.test_partners import becomes, certified, onboarded


async def home(api: Api, household_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await api.get(f"/v1/households/{household_id}")).json()
    return found


async def reps(api: Api, partner_id: str) -> dict[str, str]:
    found = (await api.get(f"/v1/partners/{partner_id}/reps")).json()["items"]
    return {each["contact_id"]: each["status"] for each in found}


async def actions(outbox: Outbox, household_id: str) -> list[str]:
    rows = [row for row in await outbox.rows(household_id) if "events" in row["topic"]]
    return [json.loads(row["payload"])["action"] for row in rows]


async def test_a_seat_goes_with_the_merge_and_comes_back(api: Api, outbox: Outbox) -> None:
    one, two, bob = [await person(api) for _ in range(3)]
    before = await founded(api, two, bob, name="The Lovelaces")
    path = before["household_id"]
    await outbox.clear()
    made = await merged(api, one, two)
    assert made["moved"]["households"] == 1
    now = await home(api, path)
    assert (member_ids(now), now["head_contact_id"]) == ({one, bob}, one)
    assert (now["name"], now["version"]) == ("The Lovelaces", 2)
    assert await actions(outbox, path) == ["member-replaced"]
    assert (await outbox.types(path))[-1] == "household.state"
    shown = (await api.get(f"/v1/contacts/{one}")).json()
    assert shown["household_id"] == path
    for _ in range(2):
        assert (await undo(api, made["merge_id"])).status_code == 200
    assert await home(api, path) == {**before, "version": 3}
    assert await actions(outbox, path) == ["member-replaced"] * 2


async def test_whoever_lives_elsewhere_stays_there(api: Api, outbox: Outbox) -> None:
    one, two, three = [await person(api) for _ in range(3)]
    own = await founded(api, one)
    theirs = await founded(api, two, name="Two")
    await outbox.clear()
    made = await merged(api, one, two)
    assert (await home(api, theirs["household_id"]))["dissolved_at"] is not None
    assert await actions(outbox, own["household_id"]) == []
    again = await merged(api, one, three)
    assert again["moved"]["households"] == 0
    for each in (again, made):
        assert (await undo(api, each["merge_id"])).status_code == 200
    [anew] = (await api.get("/v1/households", contact_id=two)).json()["items"]
    assert anew["household_id"] != theirs["household_id"]
    assert (anew["name"], anew["head_contact_id"], member_ids(anew)) == ("Two", two, {two})
    assert await home(api, own["household_id"]) == own


async def test_a_household_takes_an_old_id_for_whom_it_means(api: Api) -> None:
    one, two, bob = [await person(api) for _ in range(3)]
    await merged(api, one, two)
    body = {"member_contact_ids": [two, one, bob], "head_contact_id": two}
    headers = {"idempotency-key": "once"}
    first, again = [await api.post("/v1/households", body, headers=headers) for _ in range(2)]
    assert (first.status_code, again.json()) == (201, first.json())
    household = first.json()
    assert (member_ids(household), household["head_contact_id"]) == ({one, bob}, one)
    path = f"/v1/households/{household['household_id']}"
    assert (await api.call("PUT", f"{path}/members/{two}")).json()["version"] == 1
    assert (await api.call("PUT", f"{path}/head", json={"contact_id": bob})).status_code == 200
    back = await api.call("PUT", f"{path}/head", json={"contact_id": two})
    assert back.json()["head_contact_id"] == one
    stuck = await api.post(f"{path}/members/{two}/remove")
    assert (stuck.status_code, code_of(stuck)) == (409, "head-cannot-leave")


@pytest.mark.parametrize("survivor_is_rep", [False, True])
async def test_a_rep_goes_with_the_merge_and_comes_back(
    api: Api, outbox: Outbox, *, survivor_is_rep: bool
) -> None:
    one, two = await person(api), await person(api)
    partner_id = (await onboarded(api, await organization(api)))["partner_id"]
    path = f"/v1/partners/{partner_id}/reps"
    if survivor_is_rep:
        await api.call("PUT", f"{path}/{one}", json={"role": "boss"})
    await certified(api, partner_id, two)
    before = (await api.get(path)).json()["items"]
    await outbox.clear()
    made = await merged(api, one, two)
    assert made["moved"]["reps"] == 1
    assert await reps(api, partner_id) == {one: "certified"}
    facts = ["rep-removed", *([] if survivor_is_rep else ["rep-registered"]), "rep-certified"]
    assert await outbox.types(partner_id) == [f"partner.{each}" for each in facts]
    same = {key: before[-1]["certificates"][0][key] for key in ("course_id", "score")}
    until = before[-1]["certificates"][0]["valid_until"]
    told = await api.post(f"{path}/{two}/certify", {**same, "valid_until": until})
    assert (told.status_code, told.json()["contact_id"]) == (200, one), "meant by the old id"
    assert (await undo(api, made["merge_id"])).status_code == 200
    after = (await api.get(path)).json()["items"]
    assert sorted(after, key=str) == sorted(before, key=str)


async def test_a_rep_whom_somebody_removed_since_does_not_come_back(api: Api) -> None:
    one, two = await person(api), await person(api)
    partner_id = (await onboarded(api, await organization(api)))["partner_id"]
    await certified(api, partner_id, two)
    assert (await becomes(api, partner_id, "terminated")).status_code == 200
    made = await merged(api, one, two)
    path = f"/v1/partners/{partner_id}/reps/{two}/remove"
    assert (await api.post(path, {"reason_code": "left"})).status_code == 200
    assert (await undo(api, made["merge_id"])).status_code == 200
    assert await reps(api, partner_id) == {}


async def test_a_partner_goes_with_its_customer_and_comes_back(api: Api, outbox: Outbox) -> None:
    one, two = await organization(api), await organization(api)
    partner_id = (await onboarded(api, two))["partner_id"]
    ended = (await onboarded(api, two, program="reseller"))["partner_id"]
    await becomes(api, ended, "terminated")
    await onboarded(api, one, program="reseller")
    await outbox.clear()
    made = await merged_customers(api, one, two)
    assert made["moved"]["partners"] == 2
    partner = (await api.get(f"/v1/partners/{partner_id}")).json()
    assert (partner["customer_id"], partner["version"]) == (one, 2)
    assert await outbox.types(partner_id) == ["partner.repointed"]
    again = {"customer_id": one, "program": "dealer", "tier": "silver"}
    assert code_of(await api.post("/v1/partners", again)) == "partner-is-there"
    for _ in range(2):
        assert (await undo(api, made["merge_id"])).status_code == 200
    back = (await api.get("/v1/partners", customer_id=two)).json()["items"]
    assert {each["partner_id"] for each in back} == {partner_id, ended}
    assert await outbox.types(partner_id) == ["partner.repointed"] * 2


async def test_partners_in_one_program_are_not_made_one(api: Api) -> None:
    one, two = await organization(api), await organization(api)
    held = [(await onboarded(api, each))["partner_id"] for each in (one, two)]
    refused = await merge_of_customers(api, one, two)
    assert (refused.status_code, code_of(refused)) == (409, "partners-in-one-program")
    assert (refused.json()["program"], set(refused.json()["partner_ids"])) == ("dealer", set(held))
    body = {"survivor_id": one, "merged_ids": [two], "reason_code": "duplicate"}
    seen = (await api.post("/v1/merges/customers/preview", body)).json()
    assert [each["code"] for each in seen["objections"]] == ["partners-in-one-program"]
    assert seen["moved"]["partners"] == 1
    await becomes(api, held[1], "terminated")
    assert (await merge_of_customers(api, one, two)).status_code == 201


async def test_a_preview_counts_seats_and_reps(api: Api) -> None:
    one, two = await person(api), await person(api)
    await founded(api, two)
    partner_id = (await onboarded(api, await organization(api)))["partner_id"]
    await certified(api, partner_id, two)
    body = {"survivor_id": one, "merged_ids": [two], "reason_code": "duplicate"}
    seen = (await api.post("/v1/merges/people/preview", body)).json()
    assert (seen["moved"]["households"], seen["moved"]["reps"]) == (1, 1)
    assert (await reps(api, partner_id)).keys() == {two}


async def test_who_moves_in_or_registers_at_the_same_moment_is_kept(api: Api) -> None:
    partner_id = (await onboarded(api, await organization(api)))["partner_id"]
    for _ in range(5):
        one, two, bob = [await person(api) for _ in range(3)]
        path = f"/v1/households/{(await founded(api, bob))['household_id']}"
        made, moved_in, registered = await asyncio.gather(
            merge(api, one, two),
            api.call("PUT", f"{path}/members/{two}"),
            api.call("PUT", f"/v1/partners/{partner_id}/reps/{two}", json={"role": "sales"}),
        )
        answered = [each.status_code for each in (made, moved_in, registered)]
        assert answered == [201, 200, 200], (made.text, moved_in.text, registered.text)
        assert member_ids((await api.get(path)).json()) == {one, bob}
        assert one in await reps(api, partner_id)
        assert two not in await reps(api, partner_id)


async def test_what_is_kept_of_a_seat_goes_with_the_erased(api: Api, pool: Pool) -> None:
    one, two = await person(api), await person(api)
    await founded(api, one)
    await founded(api, two, name="The Lovelaces")
    made = await merged(api, one, two)
    assert "The Lovelaces" in await pool.fetchval("SELECT kept::text FROM merges")
    async with pool.acquire() as connection:
        await forget_of(connection, [UUID(two)])
    assert code_of(await undo(api, made["merge_id"])) == "merge-is-final"


async def test_who_was_merged_before_ties_followed_is_taken_out_by_the_old_id(
    api: Api, pool: Pool
) -> None:
    one, two, bob = [await person(api) for _ in range(3)]
    path = f"/v1/households/{(await founded(api, bob, one))['household_id']}"
    partner_id = (await onboarded(api, await organization(api)))["partner_id"]
    await certified(api, partner_id, one)
    await merged(api, one, two)
    for table in ("household_members", "partner_reps"):
        await pool.execute(
            f"UPDATE {table} SET contact_id = $2 WHERE contact_id = $1", UUID(one), UUID(two)
        )
    left = await api.post(f"{path}/members/{two}/remove")
    assert (left.status_code, member_ids(left.json())) == (200, {bob})
    rep = f"/v1/partners/{partner_id}/reps/{two}/remove"
    for _ in range(2):
        removed = await api.post(rep, {"reason_code": "twice"})
        assert (removed.status_code, removed.json()["version"]) == (200, 4)
    assert await reps(api, partner_id) == {}
