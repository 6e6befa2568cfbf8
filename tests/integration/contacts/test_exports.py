"""Exports: what the lists show, page by page, in three formats, for those who may."""

import csv
import io
import json
from typing import Any

import pytest
from contacts.exports import handlers


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "PAGE_ROWS", 2)


async def table_of(api: Any, path: str, **filters: str) -> list[dict[str, str]]:
    answer = await api.get(path, **filters)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def test_every_page_of_customers_is_in_the_file_and_only_what_the_list_shows(
    api: Any,
) -> None:
    made = [
        await api.create_customer(
            display_name=f"=Firm {n}", external_ids=[{"system": "erp", "id": f"F{n}"}]
        )
        for n in range(5)
    ]
    gone = made.pop(1)
    answer = await api.post(f"/v1/customers/{gone['customer_id']}/archive", {"reason_code": "x"})
    assert answer.status_code == 200
    table = await table_of(api, "/v1/exports/customers")
    assert {row["customer_id"] for row in table} == {each["customer_id"] for each in made}
    assert {row["external_id:erp"] for row in table} == {"F0", "F2", "F3", "F4"}
    assert all(row["display_name"].startswith("'=Firm") for row in table)
    [archived] = await table_of(api, "/v1/exports/customers", record_status="archived")
    assert archived["customer_id"] == gone["customer_id"]
    one = await table_of(api, "/v1/exports/customers", external_system="erp", external_id="F3")
    assert [row["external_id:erp"] for row in one] == ["F3"]


async def test_a_line_of_json_is_what_the_api_answers(api: Any) -> None:
    firm = await api.create_customer(tags=["a"])
    lines = (await api.get("/v1/exports/customers", format="jsonl")).text.splitlines()
    read = (await api.get(f"/v1/customers/{firm['customer_id']}")).json()
    assert list(map(json.loads, lines)) == [read]


async def test_people_are_exported_as_rows_and_as_cards(api: Any) -> None:
    firm = await api.create_customer(kind="organization", display_name="Acme")
    part = {"customer_id": firm["customer_id"], "role": "buyer"}
    for n in range(3):
        await api.create_contact(
            given_name=f"Ada {n}",
            points=[{"type": "email", "value": f"ada{n}@example.org"}],
            memberships=[part],
        )
    await api.create_contact(given_name="Zoe")
    table = await table_of(api, "/v1/exports/contacts", customer_id=firm["customer_id"])
    assert sorted((row["email"], row["customer_name"]) for row in table) == [
        (f"ada{n}@example.org", "Acme") for n in range(3)
    ]
    cards = await api.get("/v1/exports/contacts", format="vcard")
    assert cards.headers["content-type"].startswith("text/vcard")
    assert cards.text.count("BEGIN:VCARD") == 4
    assert cards.text.count("ORG:Acme") == 3
    nobody = await table_of(api, "/v1/exports/contacts", email="nobody@example.org")
    assert nobody == []


async def test_an_export_needs_a_role_of_its_own(api: Any) -> None:
    assert (await api.client.get("/v1/exports/contacts")).status_code == 401
    for role in ("reader", "service", "sales"):
        answer = await api.call("GET", "/v1/exports/contacts", roles=[role])
        assert answer.status_code == 403
    answer = await api.call("GET", "/v1/exports/contacts?format=xls")
    assert answer.status_code == 422
