"""Automatic merges on the real database: what is sure becomes one, the rest is left alone."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from contacts.app import auto_merges
from contacts.auto_merges.handlers import merge_sure
from contacts.config import Settings
from contacts.grades.consumers import consumer as figures
from contacts.scans.handlers import run_scans
from shared.contracts.pipeline import DealLost, DealOpened
from shared.db import Pool
from shared.messaging.consuming import apply
from shared.settings import from_environment

from tests.integration.contacts.conftest import Api, Outbox
from tests.integration.contacts.test_grades import deal
from tests.records import record_of

WINDOW = timedelta(days=30)
FIRM = {"kind": "organization", "display_name": "Acme Tools GmbH", "region": "AT"}


async def firm(api: Api, pool: Pool, **fields: Any) -> str:
    """As an import or a lead makes it: with no case of its own, and refused to nobody."""
    answer = await api.post("/v1/customers?force_reason=test", {**FIRM, **fields})
    assert answer.status_code == 201, answer.text
    await pool.execute("DELETE FROM duplicate_cases; DELETE FROM outbox")
    return str(answer.json()["customer_id"])


async def person_in(api: Api, *customer_ids: str) -> None:
    person = await api.create_contact(
        points=[{"type": "email", "value": "ada@acme.example"}],
        memberships=[{"customer_id": each} for each in customer_ids],
    )
    [point] = person["points"]
    path = f"/v1/contacts/{person['contact_id']}/points/{point['point_id']}/verify"
    assert (await api.post(path, {"method": "call"})).status_code == 200


async def scan(api: Api, pool: Pool) -> None:
    assert (await api.post("/v1/duplicates/scans", {"entity_type": "customer"})).status_code == 202
    await run_scans(pool)


async def two_that_are_one(api: Api, pool: Pool) -> tuple[str, str]:
    one, two = await firm(api, pool, tax_id="ATU1"), await firm(api, pool, tax_id="ATU1")
    await person_in(api, one, two)
    await scan(api, pool)
    return one, two


async def statuses(api: Api) -> dict[str, int]:
    found: dict[str, int] = {}
    for status in ("open", "merged", "auto-merged"):
        items = (await api.get("/v1/duplicates", status=status)).json()["items"]
        if items:
            found[status] = len(items)
    return found


async def test_what_is_sure_is_merged_once(api: Api, pool: Pool, outbox: Outbox) -> None:
    one, two = await two_that_are_one(api, pool)
    await outbox.clear()
    assert await merge_sure(pool, WINDOW)
    assert await statuses(api) == {"auto-merged": 1}
    gone = (await api.get(f"/v1/customers/{two}", as_is=True)).json()
    assert (gone["record_status"], gone["merged_into"]) == ("merged", one)
    facts = {row["payload"] for row in await outbox.rows() if "customer.merged" in row["headers"]}
    [told] = map(json.loads, facts)
    assert told["decided_by"] == "policy:duplicates"
    types = await outbox.types()
    assert not await merge_sure(pool, WINDOW)
    assert await outbox.types() == types


async def test_two_processes_merge_it_once(api: Api, pool: Pool, outbox: Outbox) -> None:
    await two_that_are_one(api, pool)
    await asyncio.gather(*(merge_sure(pool, WINDOW) for _ in range(3)))
    assert await statuses(api) == {"auto-merged": 1}
    assert (await outbox.types()).count("customer.merged") == 1


async def test_what_was_undone_is_not_merged_again(api: Api, pool: Pool) -> None:
    _, two = await two_that_are_one(api, pool)
    await merge_sure(pool, WINDOW)
    [merge] = (await api.get("/v1/merges")).json()["items"]
    undo = await api.post(f"/v1/merges/{merge['merge_id']}/undo", {"reason_code": "two"})
    assert undo.status_code == 200, undo.text
    await scan(api, pool)
    assert not await merge_sure(pool, WINDOW)
    assert (await api.get(f"/v1/customers/{two}")).json()["record_status"] == "active"


async def test_one_identifier_is_not_enough(api: Api, pool: Pool) -> None:
    await firm(api, pool, tax_id="ATU1")
    await firm(api, pool, tax_id="ATU1")
    await scan(api, pool)
    assert not await merge_sure(pool, WINDOW)
    assert await statuses(api) == {"open": 1}


async def test_an_identifier_that_differs_by_now_is_a_veto(api: Api, pool: Pool) -> None:
    one, two = await two_that_are_one(api, pool)
    for customer_id, number in ((one, "1"), (two, "2")):
        named = {"external_ids": [{"system": "erp", "id": number}]}
        answer = await api.call("PATCH", f"/v1/customers/{customer_id}", json=named)
        assert answer.status_code == 200, answer.text
    assert not await merge_sure(pool, WINDOW)
    assert await statuses(api) == {"open": 1}


async def test_a_large_open_deal_is_a_veto_until_it_is_lost(api: Api, pool: Pool) -> None:
    _, two = await two_that_are_one(api, pool)
    opened = DealOpened.model_validate({**dict(deal(UUID(two))), "amount": 10001})
    await apply(pool, figures, [record_of(opened)])
    assert not await merge_sure(pool, WINDOW)
    lost = DealLost.model_validate(
        {
            **dict(opened),
            "reason_code": "price",
            "lost_stage_id": "offer",
            "lost_at": "2026-11-01T00:00:00Z",
        }
    )
    await apply(pool, figures, [record_of(lost, 2)])
    assert await merge_sure(pool, WINDOW)


async def test_what_was_put_away_is_left_alone(api: Api, pool: Pool) -> None:
    _, two = await two_that_are_one(api, pool)
    await api.post(f"/v1/customers/{two}/archive", {"reason_code": "ceased-trading"})
    assert not await merge_sure(pool, WINDOW)
    await api.post(f"/v1/customers/{two}/restore")
    assert await merge_sure(pool, WINDOW)


async def test_a_record_that_was_said_to_be_another_is(api: Api, pool: Pool) -> None:
    one = await firm(api, pool, tax_id="ATU1")
    answer = await api.post("/v1/customers?force_reason=branch", {**FIRM, "tax_id": "ATU1"})
    await person_in(api, one, answer.json()["customer_id"])
    assert await statuses(api) == {"open": 1}
    assert not await merge_sure(pool, WINDOW)


@pytest.mark.usefixtures("api")
def test_it_is_off_unless_the_setting_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert auto_merges(from_environment(Settings)) == []
    monkeypatch.setenv("CONTACTS_AUTO_MERGE", "true")
    assert [job.name for job in auto_merges(from_environment(Settings))] == ["auto-merges"]
