"""Histories of customers and people, and earlier values that come back."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from contacts.consents.consumers import optouts
from contacts.history.store import delete_history
from shared.contact_points import subject_hash
from shared.contracts.campaigns import MessageUnsubscribed
from shared.db import Pool
from shared.ids import new_id
from shared.messaging.consuming import apply

from tests.integration.contacts.conftest import HASH_KEY
from tests.integration.contacts.test_imports import file_of, upload
from tests.records import record_of


async def history(api: Any, path: str, **params: Any) -> list[Any]:
    page = (await api.get(f"{path}/history", **params)).json()
    items: list[Any] = page["items"]
    return items


async def test_who_changed_what_from_what_to_what(api: Any) -> None:
    customer = await api.create_customer(display_name="Acme")
    path = f"/v1/customers/{customer['customer_id']}"
    await api.call("PATCH", path, json={"display_name": "Acme Ltd", "tags": ["a"]})
    await api.call("PATCH", path, json={"display_name": "Acme Ltd"})
    renamed, begun = await history(api, path)
    assert renamed["fields"] == {
        "display_name": {"before": "Acme", "after": "Acme Ltd"},
        "tags": {"before": [], "after": ["a"]},
    }
    assert (renamed["actor"], renamed["on_behalf_of"]) == ("user:tester", "user")
    assert (renamed["version"], renamed["part"]) == (2, "customer")
    assert (begun["version"], begun["fields"]) == (1, {})


async def test_a_history_is_paged_from_the_newest(api: Any) -> None:
    customer = await api.create_customer()
    path = f"/v1/customers/{customer['customer_id']}"
    for number in range(5):
        await api.call("PATCH", path, json={"region": f"R{number}"})
    seen: list[int] = []
    cursor: str | None = None
    while True:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await api.get(f"{path}/history", **params)).json()
        seen += [item["version"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [6, 5, 4, 3, 2, 1]


async def test_an_earlier_value_comes_back_as_a_change_of_its_own(api: Any, outbox: Any) -> None:
    customer = await api.create_customer(display_name="Acme", tags=["gold"])
    path = f"/v1/customers/{customer['customer_id']}"
    await api.call("PATCH", path, json={"display_name": "Oops", "tags": [], "region": "AT"})
    await api.call("PATCH", path, json={"region": "DE"})
    await outbox.clear()
    mistake = (await history(api, path))[1]
    body = {"change_id": mistake["change_id"], "fields": ["display_name", "tags"]}
    restored = await api.post(f"{path}/history/restore", body)
    assert restored.status_code == 200, restored.text
    assert (restored.json()["display_name"], restored.json()["tags"]) == ("Acme", ["gold"])
    assert (restored.json()["region"], restored.json()["version"]) == ("DE", 4)
    assert await outbox.types() == ["customer.updated", "customer.state"]
    newest = (await history(api, path))[0]
    assert newest["fields"]["display_name"] == {"before": "Oops", "after": "Acme"}
    assert (await api.post(f"{path}/history/restore", body)).json()["version"] == 4


@pytest.mark.parametrize("field", ["lifecycle", "owner_id", "website", "no-such-field"])
async def test_what_did_not_change_or_moves_otherwise_is_not_restored(api: Any, field: str) -> None:
    customer = await api.create_customer()
    path = f"/v1/customers/{customer['customer_id']}"
    await api.post(f"{path}/lifecycle", {"to": "customer", "reason_code": "signed"})
    await api.post(f"{path}/owner", {"owner_id": "anna", "reason_code": "territory"})
    change_id = (await history(api, path))[0]["change_id"]
    refused = await api.post(f"{path}/history/restore", {"change_id": change_id, "fields": [field]})
    assert (refused.status_code, refused.json()["field"]) == (409, field)
    unknown = {"change_id": change_id + 999, "fields": ["region"]}
    assert (await api.post(f"{path}/history/restore", unknown)).status_code == 404


async def test_a_persons_history_tells_points_and_consents_and_who_stands_behind(
    api: Any, pool: Pool
) -> None:
    person = await api.create_contact(given_name="Ada")
    path = f"/v1/contacts/{person['contact_id']}"
    await api.call("PATCH", path, json={"given_name": "Eda"})
    await api.post(f"{path}/points", {"type": "email", "value": "ada@example.org"})
    yes = {"channel": "email", "purpose": "newsletter", "source": "call", "evidence_ref": "c-1"}
    await api.post(f"{path}/consents/grant", yes)
    optout = MessageUnsubscribed(
        message_id=new_id(),
        send_id="s",
        campaign_id=new_id(),
        contact_id=UUID(person["contact_id"]),
        scope="purpose",
        purpose="newsletter",
        subject_hash=subject_hash(HASH_KEY, "email", "ada@example.org"),
        unsubscribed_at=datetime.now(UTC),
    )
    await apply(pool, optouts, [record_of(optout)])
    withdrawn, granted, pointed, renamed, begun = await history(api, path)
    assert (withdrawn["part"], withdrawn["on_behalf_of"]) == (
        "consent:email:newsletter",
        "reaction",
    )
    assert withdrawn["causation_id"] is not None
    assert withdrawn["fields"]["status"] == {"before": "granted", "after": "withdrawn"}
    assert granted["fields"]["status"] == {"before": None, "after": "granted"}
    assert granted["fields"]["proof_ref"]["after"] == "c-1"
    assert pointed["fields"]["points"]["after"][0]["value"] == "ada@example.org"
    assert begun["fields"] == {}
    body = {"change_id": renamed["change_id"], "fields": ["given_name"]}
    assert (await api.post(f"{path}/history/restore", body)).json()["given_name"] == "Ada"


async def test_an_import_is_told_as_one(api: Any, run_all_imports: Any) -> None:
    spec = {"mapping": {"id": "external_id:fair", "name": "display_name", "mail": "website"}}
    await upload(api, file_of(60), **spec)
    await run_all_imports()
    found = (await api.get("/v1/customers", limit=1)).json()["items"]
    [begun] = await history(api, f"/v1/customers/{found[0]['customer_id']}")
    assert begun["on_behalf_of"] == "import"
    assert begun["actor"].startswith("import:")
    renamed = file_of(60).replace("Customer", "Client")
    await upload(api, renamed, **spec)
    await run_all_imports()
    newest, _ = await history(api, f"/v1/customers/{found[0]['customer_id']}")
    assert newest["fields"]["display_name"]["after"].startswith("Client")


async def test_a_history_is_erased_with_its_person(api: Any, pool: Pool) -> None:
    person = await api.create_contact(given_name="Ada")
    path = f"/v1/contacts/{person['contact_id']}"
    await api.call("PATCH", path, json={"given_name": "Eda"})
    async with pool.acquire() as connection:
        await delete_history(connection, [UUID(person["contact_id"])])
    assert await history(api, path) == []
