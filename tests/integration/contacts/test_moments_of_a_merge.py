"""What is done at the very moment of a merge: one waits for the other, and nothing is missed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import pytest
from contacts.intake.consumers import intake
from shared.db import Pool, transaction
from shared.messaging.consuming import apply

from tests.integration.contacts.conftest import RULES, Api
from tests.integration.contacts.test_imports import upload
from tests.integration.contacts.test_merges import members, merge, merged, organization, undo
from tests.integration.contacts.test_reactions import lead
from tests.records import record_of

PEOPLE: dict[str, Any] = {
    "entity_type": "contact",
    "mapping": {"mail": "email", "firm": "customer_name"},
    "constants": {},
}
_WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
Act: TypeAlias = Callable[[], Awaitable[Any]]


async def person(api: Api, *customer_ids: str) -> str:
    parts = [{"customer_id": each} for each in customer_ids]
    answer = await api.post("/v1/contacts?force_reason=test", {"memberships": parts})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["contact_id"])


async def merge_people(api: Api, survivor: str, other: str) -> str:
    body = {"survivor_id": survivor, "merged_ids": [other], "reason_code": "duplicate"}
    answer = await api.post("/v1/merges/people", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["merge_id"])


async def related(api: Api, party_id: str) -> list[tuple[str, str]]:
    found = (await api.get("/v1/relationships", party_id=party_id)).json()["items"]
    return [(each["from_id"], each["to_id"]) for each in found]


async def one_waits_for_the_other(pool: Pool, first: Act, second: Act) -> Any:
    """Let a merge, or its undoing, wait at its end until the second has met it; what that says."""
    async with transaction(pool) as outside:
        await outside.execute("LOCK TABLE merges IN SHARE MODE")
        merging = asyncio.ensure_future(first())
        await _waiting(pool, 1)
        beside = asyncio.ensure_future(second())
        await _waiting(pool, 2)
    answers = await asyncio.gather(merging, beside)
    return answers[1]


async def undoing_goes_first(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, table: str, survivor_id: str, acts: Sequence[Act]
) -> list[Any]:
    """Both wait for the one that stays, the undoing before the other, and nobody tries again."""
    monkeypatch.setattr("shared.db.ATTEMPTS", 1)
    column = "customer_id" if table == "customers" else "contact_id"
    async with transaction(pool) as outside:
        await outside.execute(
            f"SELECT FROM {table} WHERE {column} = $1 FOR UPDATE", UUID(survivor_id)
        )
        waiting = []
        for count, act in enumerate(acts, 1):
            waiting.append(asyncio.ensure_future(act()))
            await _waiting(pool, count)
    return await asyncio.gather(*waiting)


async def _waiting(pool: Pool, wanted: int) -> None:
    async with asyncio.timeout(20):
        while await pool.fetchval(_WAITING) < wanted:
            await asyncio.sleep(0.01)


async def test_who_has_just_brought_a_part_in_a_customer_moves_on_with_it(
    api: Api, pool: Pool
) -> None:
    stays, goes = await organization(api), await organization(api)
    survivor, other = await person(api), await person(api, goes)
    await one_waits_for_the_other(
        pool, lambda: merge_people(api, survivor, other), lambda: merged(api, stays, goes)
    )
    assert await members(api, stays) == {survivor}
    assert await members(api, goes) == set()


async def test_who_has_just_brought_a_part_is_back_with_the_parted_customer(
    api: Api, pool: Pool
) -> None:
    stays, goes = await organization(api), await organization(api)
    survivor, other = await person(api), await person(api, goes)
    made = await merged(api, stays, goes)
    parted = await one_waits_for_the_other(
        pool, lambda: merge_people(api, survivor, other), lambda: undo(api, made["merge_id"])
    )
    assert parted.status_code == 200, parted.text
    assert await members(api, stays) == set()
    assert await members(api, goes) == {survivor}


async def test_both_ends_of_a_relationship_move(api: Api, pool: Pool) -> None:
    one, dealer, stays, dealer_stays = [await organization(api) for _ in range(4)]
    body = {"from_id": dealer, "to_id": one, "relationship_type": "dealer"}
    assert (await api.post("/v1/relationships", body)).status_code == 201
    answer = await one_waits_for_the_other(
        pool, lambda: merged(api, stays, one), lambda: merge(api, dealer_stays, dealer)
    )
    assert answer.status_code == 201, answer.text
    assert await related(api, stays) == [(dealer_stays, stays)]


async def test_a_converted_lead_is_the_one_that_stays(api: Api, pool: Pool) -> None:
    stays, goes = await organization(api), await organization(api)
    contact_id = uuid4()
    converted = lead(customer_id=UUID(goes), contact_id=contact_id)
    await one_waits_for_the_other(
        pool,
        lambda: merged(api, stays, goes),
        lambda: apply(pool, intake(RULES), [record_of(converted)]),
    )
    assert await members(api, stays) == {str(contact_id)}
    assert await members(api, goes) == set()


async def test_a_row_that_names_a_customer_is_of_the_one_that_stays(
    api: Api, pool: Pool, run_all_imports: Act
) -> None:
    stays, goes = await organization(api), await organization(api, display_name="Bell AG")
    await upload(api, "mail,firm\nada@example.org,Bell AG\n", **PEOPLE)
    await one_waits_for_the_other(pool, lambda: merged(api, stays, goes), run_all_imports)
    assert len(await members(api, stays)) == 1
    assert await members(api, goes) == set()


async def test_a_change_by_the_old_id_of_a_customer_does_not_stand_in_the_way_of_an_undoing(
    api: Api, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stays, goes = sorted([await organization(api), await organization(api)])
    made = await merged(api, stays, goes)
    acts = (
        lambda: undo(api, made["merge_id"]),
        lambda: api.call("PATCH", f"/v1/customers/{goes}", json={"region": "AT"}),
    )
    parted, changed = await undoing_goes_first(pool, monkeypatch, "customers", stays, acts)
    assert (parted.status_code, changed.status_code) == (200, 200), (parted.text, changed.text)
    assert changed.json()["customer_id"] == goes


async def test_a_change_by_the_old_id_of_a_person_does_not_stand_in_the_way_of_an_undoing(
    api: Api, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stays, goes = sorted([await person(api), await person(api)])
    merge_id = await merge_people(api, stays, goes)
    acts = (
        lambda: undo(api, merge_id),
        lambda: api.call("PATCH", f"/v1/contacts/{goes}", json={"job_title": "boss"}),
    )
    parted, changed = await undoing_goes_first(pool, monkeypatch, "people", stays, acts)
    assert (parted.status_code, changed.status_code) == (200, 200), (parted.text, changed.text)
    assert changed.json()["contact_id"] == goes


async def test_a_part_in_the_old_id_does_not_stand_in_the_way_of_an_undoing(
    api: Api, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stays, goes = sorted([await organization(api), await organization(api)])
    made = await merged(api, stays, goes)
    newcomer = await person(api)
    acts = (
        lambda: undo(api, made["merge_id"]),
        lambda: api.call("PUT", f"/v1/contacts/{newcomer}/memberships/{goes}", json={}),
    )
    parted, joined = await undoing_goes_first(pool, monkeypatch, "customers", stays, acts)
    assert (parted.status_code, joined.status_code) == (200, 200), (parted.text, joined.text)
    assert await members(api, goes) == {newcomer}
    assert await members(api, stays) == set()
