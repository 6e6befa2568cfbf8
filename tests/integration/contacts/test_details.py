"""What few customers have: registration, revenue, domains, team, acquisition, custom fields."""

import json
from typing import Any
from uuid import UUID

import pytest
from contacts.customers.domain import carry_out
from contacts.customers.store import load_customer, lock_customer, save_changes
from contacts.records import AwaitErasure, EraseRecord
from shared.db import Pool, transaction
from shared.ids import new_id

from tests.records import NOBODY, cause_of_test

SAID: dict[str, Any] = {
    "registration_no": "FN 123456a",
    "annual_revenue": "1500000.5",
    "domains": ["Example.com", "shop.example.org"],
    "team_id": "team-north",
    "acquisition": {
        "channel": "fair",
        "campaign_id": str(NOBODY),
        "cost": "120.5",
        "currency": "EUR",
    },
    "custom": {"schema_version": 2, "fleet": 12, "leased": True, "ratio": 0.5, "note": "x"},
}
SEEN = {**SAID, "domains": ["example.com", "shop.example.org"]}
NOTHING: dict[str, Any] = {name: [] if name == "domains" else None for name in SAID}


def part_of(customer: dict[str, Any]) -> dict[str, Any]:
    said = {name: customer[name] for name in SAID}
    if said["acquisition"]:
        said["acquisition"] = {k: v for k, v in said["acquisition"].items() if v is not None}
    return said


async def read(api: Any, customer_id: str) -> dict[str, Any]:
    answer = await api.get(f"/v1/customers/{customer_id}", as_is=True)
    seen: dict[str, Any] = answer.json()
    return seen


async def test_a_customer_is_created_with_them_and_without(api: Any, outbox: Any) -> None:
    firm = await api.create_customer(**SAID)
    assert part_of(firm) == part_of(await read(api, firm["customer_id"])) == SEEN
    created, state = [json.loads(row["payload"]) for row in await outbox.rows(firm["customer_id"])]
    assert created["team_id"] == "team-north"
    assert created["acquisition"]["cost"] == "120.5"
    assert not {"custom", "domains", "registration_no", "annual_revenue"} & created.keys()
    assert part_of(state) == SEEN
    assert part_of(await api.create_customer()) == NOTHING


async def test_they_are_changed_emptied_and_had_back(api: Any, outbox: Any) -> None:
    firm = (await api.create_customer(**SAID))["customer_id"]
    path = f"/v1/customers/{firm}"
    await outbox.clear()
    same = await api.call("PATCH", path, json=SAID)
    assert (same.status_code, await outbox.types(firm)) == (200, [])
    emptied = await api.call("PATCH", path, json=NOTHING)
    assert emptied.status_code == 200, emptied.text
    assert part_of(await read(api, firm)) == NOTHING
    assert "customer.updated" in await outbox.types(firm)
    change = (await api.get(f"{path}/history")).json()["items"][0]
    body = {"change_id": change["change_id"], "fields": sorted(SAID)}
    restored = await api.post(f"{path}/history/restore", body)
    assert restored.status_code == 200, restored.text
    assert part_of(await read(api, firm)) == SEEN


@pytest.mark.parametrize(
    "wrong",
    [
        {"domains": ["no domain"]},
        {"domains": ["localhost"]},
        {"annual_revenue": "-1"},
        {"acquisition": {"campaign_id": str(NOBODY)}},
        {"acquisition": {"channel": "fair", "cost": "1"}},
        {"custom": {"fleet": 12}},
        {"custom": {"schema_version": "2"}},
        {"custom": {"schema_version": True}},
        {"custom": {"schema_version": 1, "nested": {"a": 1}}},
        {"custom": {"schema_version": 1, "bad name": 1}},
    ],
    ids=str,
)
async def test_what_makes_no_sense_is_refused(api: Any, wrong: dict[str, Any]) -> None:
    body = {"kind": "organization", "display_name": "Acme", **wrong}
    assert (await api.post("/v1/customers", body)).status_code == 422


async def test_a_file_that_was_exported_brings_them_back(api: Any, run_all_imports: Any) -> None:
    named = [{"system": "erp", "id": "1"}]
    firm = await api.create_customer(kind="organization", external_ids=named, **SAID)
    text = (await api.get("/v1/exports/customers")).text
    await api.call("PATCH", f"/v1/customers/{firm['customer_id']}", json=NOTHING)
    spec = '{"entity_type": "customer", "source_label": "x", "on_duplicate": "update"}'
    files = {"file": ("f.csv", text.encode())}
    started = await api.call("POST", "/v1/imports", data={"spec": spec}, files=files)
    assert started.status_code == 202, started.text
    await run_all_imports()
    run = (await api.get("/v1/imports")).json()["items"][0]
    assert (run["updated"], run["rejected"]) == (1, 0)
    assert part_of(await read(api, firm["customer_id"])) == SEEN


async def test_a_row_is_rejected_for_the_cell_that_is_wrong(api: Any, run_all_imports: Any) -> None:
    spec = (
        '{"entity_type": "customer", "source_label": "x", "constants": {"kind": "organization"},'
        ' "mapping": {"Name": "display_name", "Cost": "acquisition_cost", "Via":'
        ' "acquisition_channel", "More": "custom"}}'
    )
    text = "Name,Via,Cost,More\nOne,fair,much,\nTwo,fair,,no json\n"
    files = {"file": ("f.csv", text.encode())}
    started = await api.call("POST", "/v1/imports", data={"spec": spec}, files=files)
    assert started.status_code == 202, started.text
    await run_all_imports()
    errors = await api.get(f"/v1/imports/{started.json()['import_id']}/errors.csv")
    wrong = [line.split(",")[:2] for line in errors.text.splitlines()[1:]]
    assert wrong == [["2", "Cost"], ["3", "More"]]


async def test_a_merge_takes_over_what_only_the_other_says_and_gives_it_back(api: Any) -> None:
    stays = (await api.create_customer(domains=["a.example"]))["customer_id"]
    goes = (await api.create_customer(**{**SAID, "display_name": "Other"}))["customer_id"]
    body = {"survivor_id": stays, "merged_ids": [goes], "reason_code": "same"}
    merge = await api.post("/v1/merges/customers", body)
    assert merge.status_code == 201, merge.text
    now = part_of(await read(api, stays))
    assert now["registration_no"] == SEEN["registration_no"]
    assert now["domains"] == ["a.example", *SEEN["domains"]]
    assert now["custom"] == SEEN["custom"]
    undone = await api.post(f"/v1/merges/{merge.json()['merge_id']}/undo", {"reason_code": "no"})
    assert undone.status_code == 200, undone.text
    assert part_of(await read(api, stays)) == {**NOTHING, "domains": ["a.example"]}
    assert part_of(await read(api, goes)) == SEEN


async def test_who_is_erased_has_nothing_left_that_tells_who_it_was(api: Any, pool: Pool) -> None:
    firm = UUID(
        (await api.create_customer(tax_id="ATU1", website="x.example", **SAID))["customer_id"]
    )
    async with transaction(pool) as connection:
        before = await lock_customer(connection, firm)
        request = new_id()
        change = carry_out(before, AwaitErasure(request), EraseRecord(request))
        await save_changes(connection, cause_of_test(), [change])
        state = (await load_customer(connection, firm)).state
    assert (state.tax_id, state.registration_no, state.annual_revenue) == (None, None, None)
    assert (state.website, state.domains, state.custom) == (None, (), None)
    assert state.acquisition is not None
