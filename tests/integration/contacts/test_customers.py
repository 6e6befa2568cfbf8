"""Customers over HTTP, on the real database."""

import asyncio
import json
from typing import Any

import pytest

from tests.records import NOBODY

CUSTOMER = {"kind": "individual", "display_name": "Ada Lovelace"}


async def test_a_customer_is_created_with_one_fact_and_one_snapshot(api: Any, outbox: Any) -> None:
    created = await api.create_customer(
        external_ids=[{"system": "erp", "id": "K-1"}], tags=["vip"], owner_id="anna"
    )

    assert (created["version"], created["lifecycle"]) == (1, "prospect")
    rows = await outbox.rows(created["customer_id"])
    assert [row["version"] for row in rows] == [1, 1]
    fact, snapshot = (json.loads(row["payload"]) for row in rows)
    assert "Ada" not in json.dumps(fact)
    assert snapshot["display_name"] == "Ada Lovelace"
    assert await outbox.types() == ["customer.created", "customer.state"]


async def test_what_was_created_is_read_back_the_same(api: Any) -> None:
    created = await api.create_customer(
        external_ids=[{"system": "erp", "id": "K-2"}], tags=["b", "a"], timezone="Europe/Vienna"
    )
    answer = await api.get(f"/v1/customers/{created['customer_id']}")
    assert answer.json() == created
    assert answer.headers["etag"] == '"1"'
    found = await api.get("/v1/customers", external_system="erp", external_id="K-2")
    assert [each["customer_id"] for each in found.json()["items"]] == [created["customer_id"]]


async def test_a_repeat_with_the_same_key_creates_nothing_more(api: Any, outbox: Any) -> None:
    headers = {"idempotency-key": "same"}
    first = await api.post("/v1/customers", CUSTOMER, headers=headers)
    again = await api.post("/v1/customers", CUSTOMER, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    assert len(await outbox.types()) == 2


async def test_the_same_key_with_other_content_is_refused(api: Any) -> None:
    headers = {"idempotency-key": "same"}
    await api.post("/v1/customers", CUSTOMER, headers=headers)
    other = await api.post("/v1/customers", {**CUSTOMER, "display_name": "B"}, headers=headers)
    assert (other.status_code, other.json()["type"][-20:]) == (409, "customer-id-is-taken")


async def test_an_external_id_belongs_to_one_customer(api: Any) -> None:
    named = {"external_ids": [{"system": "erp", "id": "K-3"}]}
    await api.create_customer(**named)
    answer = await api.post("/v1/customers", {**CUSTOMER, **named})
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("external-id-is-taken")


async def test_an_update_is_one_fact_that_names_the_fields(api: Any, outbox: Any) -> None:
    created = await api.create_customer(industry="mail")
    await outbox.clear()
    path = f"/v1/customers/{created['customer_id']}"
    body = {
        "display_name": "Ada King",
        "industry": "mail",
        "external_ids": [{"system": "x", "id": "1"}],
    }
    answer = await api.call("PATCH", path, json=body, headers={"if-match": '"1"'})

    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    assert await outbox.types() == ["customer.updated", "customer.state"]
    fact = json.loads((await outbox.rows())[0]["payload"])
    assert fact["changed_fields"] == ["display_name", "external_ids"]


async def test_an_update_that_says_nothing_new_stays_quiet(api: Any, outbox: Any) -> None:
    created = await api.create_customer()
    await outbox.clear()
    answer = await api.call(
        "PATCH", f"/v1/customers/{created['customer_id']}", json={"display_name": "Ada Lovelace"}
    )
    assert answer.json()["version"] == 1
    assert await outbox.types() == []


async def test_an_edit_of_another_version_is_refused(api: Any) -> None:
    created = await api.create_customer()
    answer = await api.call(
        "PATCH",
        f"/v1/customers/{created['customer_id']}",
        json={"industry": "x"},
        headers={"if-match": '"7"'},
    )
    assert answer.status_code == 412


async def test_edits_at_the_same_time_all_happen_one_after_the_other(api: Any) -> None:
    created = await api.create_customer()
    path = f"/v1/customers/{created['customer_id']}"
    answers = await asyncio.gather(
        *(api.call("PATCH", path, json={"industry": f"i{n}"}) for n in range(8))
    )
    assert sorted(answer.json()["version"] for answer in answers) == list(range(2, 10))


async def test_the_owner_changes_with_a_reason(api: Any, outbox: Any) -> None:
    created = await api.create_customer(owner_id="anna")
    await outbox.clear()
    path = f"/v1/customers/{created['customer_id']}/owner"
    answer = await api.post(path, {"owner_id": "ben", "reason_code": "territory"})
    assert answer.json()["owner_id"] == "ben"
    assert await outbox.types() == ["customer.owner-changed", "customer.state"]


async def test_a_move_that_the_table_lacks_is_a_conflict(api: Any) -> None:
    created = await api.create_customer()
    path = f"/v1/customers/{created['customer_id']}/lifecycle"
    answer = await api.post(path, {"to": "churned", "reason_code": "x"})
    assert answer.status_code == 409


async def test_an_archived_customer_is_offered_no_longer_and_can_be_restored(
    api: Any, outbox: Any
) -> None:
    path = f"/v1/customers/{(await api.create_customer())['customer_id']}"
    archived = await api.post(f"{path}/archive", {"reason_code": "ceased-trading"})
    assert (archived.status_code, archived.json()["record_status"]) == (200, "archived")
    assert (await api.get("/v1/customers")).json()["items"] == []
    listed = await api.get("/v1/customers", record_status="archived")
    assert listed.json()["items"] == [archived.json()]
    refused = await api.call("PATCH", path, json={"region": "AT"})
    assert (refused.status_code, refused.json()["type"][-18:]) == (409, "record-is-archived")

    restored = await api.post(f"{path}/restore", {})
    assert restored.json()["record_status"] == "active"
    assert (await api.get(path)).json() == restored.json()
    assert [t for t in await outbox.types() if t != "customer.state"] == [
        "customer.created",
        "customer.archived",
        "customer.restored",
    ]


async def test_lists_are_paged_by_key(api: Any) -> None:
    ids = [(await api.create_customer(owner_id="otto"))["customer_id"] for _ in range(5)]
    first = (await api.get("/v1/customers", owner_id="otto", limit=3)).json()
    rest = (await api.get("/v1/customers", owner_id="otto", limit=3, cursor=first["next"])).json()
    assert [each["customer_id"] for each in first["items"] + rest["items"]] == sorted(ids)
    assert rest["next"] is None
    assert (await api.get("/v1/customers", lifecycle="churned")).json()["items"] == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/customers", CUSTOMER),
        ("PATCH", f"/v1/customers/{NOBODY}", {}),
        ("POST", f"/v1/customers/{NOBODY}/owner", {"owner_id": "a", "reason_code": "b"}),
        ("POST", f"/v1/customers/{NOBODY}/lifecycle", {"to": "customer", "reason_code": "b"}),
    ],
)
async def test_writing_needs_a_token_a_role_and_a_customer(
    api: Any, method: str, path: str, body: Any
) -> None:
    assert (await api.client.request(method, path, json=body)).status_code == 401
    assert (await api.call(method, path, json=body, roles=["reader"])).status_code == 403
    if path != "/v1/customers":
        assert (await api.call(method, path, json=body)).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "individual"}, "display_name"),
        ({**CUSTOMER, "kind": "ghost"}, "kind"),
        ({**CUSTOMER, "currency": "euro"}, "currency"),
        ({**CUSTOMER, "timezone": "Mars/Olympus"}, "timezone"),
        ({**CUSTOMER, "display_name": "nul\x00"}, "display_name"),
        ({**CUSTOMER, "shoe_size": 44}, "shoe_size"),
    ],
)
async def test_malformed_input_is_refused_by_its_field(api: Any, body: Any, field: str) -> None:
    answer = await api.post("/v1/customers", body)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]
