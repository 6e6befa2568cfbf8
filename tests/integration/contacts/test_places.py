"""Every customer has an owner or waits in a queue, whatever door it came by."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest
from shared.db import Pool

OWNER = "/v1/customers/{}/owner"


async def place_of(api: Any, customer_id: str) -> tuple[str | None, str | None]:
    seen = (await api.get(f"/v1/customers/{customer_id}")).json()
    return seen["owner_id"], seen["queue"]


async def test_a_customer_goes_from_queue_to_owner_and_back(api: Any, outbox: Any) -> None:
    firm = (await api.create_customer())["customer_id"]
    assert await place_of(api, firm) == (None, "unassigned")
    await outbox.clear()
    for body, place, told in (
        ({"owner_id": "ada"}, ("ada", None), ["customer.owner-changed"]),
        ({"queue": "inside-sales"}, (None, "inside-sales"), ["customer.queued"]),
        ({"queue": "inside-sales"}, (None, "inside-sales"), []),
        ({"queue": "late"}, (None, "late"), ["customer.queued"]),
        ({"owner_id": "bob"}, ("bob", None), ["customer.owner-changed"]),
    ):
        answer = await api.post(OWNER.format(firm), {**body, "reason_code": "x"})
        assert answer.status_code == 200, answer.text
        assert await place_of(api, firm) == place
        facts = [name for name in await outbox.types(firm) if not name.endswith(".state")]
        assert facts == told
        await outbox.clear()


@pytest.mark.parametrize("body", [{}, {"owner_id": "ada", "queue": "late"}], ids=str)
async def test_an_owner_or_a_queue_is_named(api: Any, body: dict[str, str]) -> None:
    firm = await api.create_customer(owner_id="ada")
    answer = await api.post(OWNER.format(firm["customer_id"]), {**body, "reason_code": "x"})
    assert answer.status_code == 422
    assert await place_of(api, firm["customer_id"]) == ("ada", None)


async def test_a_new_customer_is_in_one_place(api: Any) -> None:
    named = await api.create_customer(queue="vip")
    assert (named["owner_id"], named["queue"]) == (None, "vip")
    both = {"kind": "individual", "display_name": "A", "owner_id": "ada", "queue": "vip"}
    assert (await api.post("/v1/customers", both)).status_code == 422


async def test_whoever_waits_is_listed_by_queue(api: Any) -> None:
    waits = await api.create_customer(queue="vip")
    await api.create_customer()
    await api.create_customer(owner_id="ada")
    found = (await api.get("/v1/customers", queue="vip")).json()["items"]
    assert [each["customer_id"] for each in found] == [waits["customer_id"]]


async def test_a_file_says_where_customers_wait(api: Any, run_all_imports: Any) -> None:
    rows = "ref,name,owner,queue\n1,One,,vip\n2,Two,ada,\n3,Three,,\n4,Four,ada,vip\n"
    later = "ref,name,owner,queue\n1,One,ada,\n2,Two,,late\n3,Three,,\n"
    for text, places in (
        (rows, {"One": (None, "vip"), "Two": ("ada", None), "Three": (None, "unassigned")}),
        (later, {"One": ("ada", None), "Two": (None, "late"), "Three": (None, "unassigned")}),
    ):
        spec = (
            '{"entity_type": "customer", "source_label": "x", "on_duplicate": "update",'
            ' "mapping": {"ref": "external_id:erp", "name": "display_name",'
            ' "owner": "owner_id", "queue": "queue"}, "constants": {"kind": "organization"}}'
        )
        files = {"file": ("f.csv", text.encode())}
        started = await api.call("POST", "/v1/imports", data={"spec": spec}, files=files)
        assert started.status_code == 202, started.text
        await run_all_imports()
        listed = (await api.get("/v1/customers")).json()["items"]
        assert {
            each["display_name"]: (each["owner_id"], each["queue"]) for each in listed
        } == places


async def test_the_table_knows_no_customer_of_two_places_or_none(api: Any, pool: Pool) -> None:
    firm = UUID((await api.create_customer())["customer_id"])
    for place in ("owner_id = 'ada'", "queue = NULL"):
        with pytest.raises(asyncpg.CheckViolationError):
            await pool.execute(f"UPDATE customers SET {place} WHERE customer_id = $1", firm)
