"""Automatic merges of people on the real database: two identifiers that both claim make one."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from contacts.auto_merges.handlers import AT_ONCE, merge_sure
from contacts.grades.consumers import consumer as figures
from contacts.scans.handlers import run_scans
from shared.contracts.pipeline import DealOpened
from shared.db import Pool
from shared.messaging.consuming import apply

from tests.integration.contacts.conftest import Api, Outbox
from tests.integration.contacts.test_auto_merges import statuses
from tests.integration.contacts.test_grades import deal
from tests.integration.contacts.test_merges import undo
from tests.integration.contacts.test_merges_of_people import person
from tests.records import record_of

WINDOW = timedelta(days=30)
NAMED = {"given_name": "Ada", "family_name": "Lovelace"}
MAIL = {"type": "email", "value": "ada@example.org"}


async def twin(api: Api, pool: Pool, **fields: Any) -> str:
    """As a form or a till makes it: with no case of its own, and refused to nobody."""
    contact_id = await person(api, **NAMED, points=[MAIL], **fields)
    await pool.execute("DELETE FROM duplicate_cases; DELETE FROM outbox")
    return contact_id


async def verify(api: Api, contact_id: str) -> int:
    [point] = (await api.get(f"/v1/contacts/{contact_id}")).json()["points"]
    path = f"/v1/contacts/{contact_id}/points/{point['point_id']}/verify"
    return (await api.post(path, {"method": "call"})).status_code


async def has_card(api: Api, contact_id: str, number: str = "7") -> None:
    said = {"identifier_type": "loyalty_no", "identifier": number, "source": "shop"}
    answer = await api.post(f"/v1/contacts/{contact_id}/identities", said)
    assert answer.status_code < 300, answer.text


async def scan(api: Api, pool: Pool) -> None:
    assert (await api.post("/v1/duplicates/scans", {"entity_type": "contact"})).status_code == 202
    await run_scans(pool)


async def two_that_are_one(api: Api, pool: Pool, **fields: Any) -> tuple[str, str]:
    """The card and the address are of the first, and said to be of the second as well."""
    one, two = await twin(api, pool), await twin(api, pool, **fields)
    assert [await verify(api, each) for each in (one, two)] == [200, 409]
    await has_card(api, one)
    await has_card(api, two)
    await scan(api, pool)
    return one, two


async def status_of(api: Api, contact_id: str) -> str:
    found = (await api.get(f"/v1/contacts/{contact_id}", as_is=True)).json()
    return str(found["record_status"])


async def test_who_is_surely_one_is_merged_once(api: Api, pool: Pool, outbox: Outbox) -> None:
    one, two = await two_that_are_one(api, pool)
    await outbox.clear()
    assert await merge_sure(pool, WINDOW)
    assert await statuses(api) == {"auto-merged": 1}
    gone = (await api.get(f"/v1/contacts/{two}", as_is=True)).json()
    assert (gone["record_status"], gone["merged_into"]) == ("merged", one)
    facts = {row["payload"] for row in await outbox.rows() if "contact.merged" in row["headers"]}
    [told] = map(json.loads, facts)
    assert told["decided_by"] == "policy:duplicates"
    types = await outbox.types()
    assert not await merge_sure(pool, WINDOW)
    assert await outbox.types() == types


async def test_several_processes_merge_them_once(api: Api, pool: Pool, outbox: Outbox) -> None:
    await two_that_are_one(api, pool)
    await asyncio.gather(*(merge_sure(pool, WINDOW) for _ in range(3)))
    assert await statuses(api) == {"auto-merged": 1}
    assert (await outbox.types()).count("contact.merged") == 1


async def test_who_was_parted_again_stays_apart(api: Api, pool: Pool) -> None:
    _, two = await two_that_are_one(api, pool)
    await merge_sure(pool, WINDOW)
    [merge] = (await api.get("/v1/merges")).json()["items"]
    assert (await undo(api, merge["merge_id"])).status_code == 200
    await scan(api, pool)
    assert not await merge_sure(pool, WINDOW)
    assert await status_of(api, two) == "active"


async def test_one_identifier_that_both_claim_is_not_enough(api: Api, pool: Pool) -> None:
    one, two = await twin(api, pool), await twin(api, pool)
    for each in (one, two):
        await has_card(api, each)
    await scan(api, pool)
    assert not await merge_sure(pool, WINDOW)
    assert await statuses(api) == {"open": 1}


async def test_who_has_a_card_of_their_own_is_another(api: Api, pool: Pool) -> None:
    one, two = await twin(api, pool), await twin(api, pool)
    await scan(api, pool)
    assert [await verify(api, each) for each in (one, two)] == [200, 409]
    for contact_id, number in ((one, "7"), (two, "7"), (two, "8")):
        await has_card(api, contact_id, number)
    assert not await merge_sure(pool, WINDOW)
    assert await statuses(api) == {"open": 1}


async def test_a_large_deal_of_a_customer_of_theirs_waits_for_a_person(
    api: Api, pool: Pool
) -> None:
    firm, older = [(await api.create_customer(display_name=each))["customer_id"]
                   for each in ("Acme", "Zeta")]  # fmt: skip
    _, two = await two_that_are_one(api, pool, memberships=[{"customer_id": firm}])
    body = {"survivor_id": firm, "merged_ids": [older], "reason_code": "duplicate"}
    assert (await api.post("/v1/merges/customers", body)).status_code == 201
    opened = DealOpened.model_validate({**dict(deal(UUID(older))), "amount": 10001})
    await apply(pool, figures, [record_of(opened)])
    assert not await merge_sure(pool, WINDOW)
    ended = await api.post(f"/v1/contacts/{two}/memberships/{firm}/end")
    assert ended.status_code == 200, ended.text
    assert await merge_sure(pool, WINDOW)


async def test_who_is_put_away_or_restricted_is_left_alone(api: Api, pool: Pool) -> None:
    one, two = await two_that_are_one(api, pool)
    await api.post(f"/v1/contacts/{two}/archive", {"reason_code": "request"})
    assert not await merge_sure(pool, WINDOW)
    assert (await api.post(f"/v1/contacts/{two}/restore")).status_code == 200
    asked = await api.post("/v1/privacy/restrictions", {"contact_id": one})
    assert asked.status_code == 201, asked.text
    assert not await merge_sure(pool, WINDOW)
    assert await statuses(api) == {"open": 1}


async def test_who_was_said_to_be_another_is(api: Api, pool: Pool) -> None:
    one = await twin(api, pool)
    two = await person(api, **NAMED, points=[MAIL])
    assert [await verify(api, each) for each in (one, two)] == [200, 409]
    for each in (one, two):
        await has_card(api, each)
    assert await statuses(api) == {"open": 1}
    assert not await merge_sure(pool, WINDOW)


async def test_the_sure_case_behind_a_page_of_others_is_found(api: Api, pool: Pool) -> None:
    _, two = await two_that_are_one(api, pool)
    await pool.execute(
        "INSERT INTO duplicate_cases SELECT (jsonb_populate_record(c, jsonb_build_object("
        "'case_id', gen_random_uuid(), 'first_id', gen_random_uuid(),"
        "'second_id', gen_random_uuid(), 'score', 1))).*"
        " FROM duplicate_cases AS c, generate_series(1, $1)",
        AT_ONCE + 1,
    )
    assert await merge_sure(pool, WINDOW)
    assert await status_of(api, two) == "merged"
