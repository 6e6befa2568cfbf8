"""Lists: whoever fits every filter is there, nobody else, and a rare value is found fast."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from contacts.customers.lists import Wanted, list_customers
from contacts.filters import beginning, where
from contacts.people import lists as people_lists
from shared.db import Connection, Pool

SOON = (datetime.now(UTC) + timedelta(days=1)).isoformat()
LONG_AGO = "2020-01-01T00:00:00Z"
FIRM = {
    "kind": "organization",
    "display_name": "Ärzte 50%_Haus",
    "region": "Wien",
    "territory_code": "AT-9",
    "industry": "health",
    "size_band": "10-49",
    "source": "fair",
    "tags": ["vip", "press"],
    "owner_id": "ada",
}
FITS = (
    {"name": "ärzte"},
    {"name": "ÄRZTE 50%_"},
    {"kind": "organization"},
    {"lifecycle": "prospect", "region": "Wien"},
    {"territory_code": "AT-9"},
    {"industry": "health"},
    {"size_band": "10-49"},
    {"source": "fair"},
    {"tag": "press"},
    {"owner_id": "ada", "created_since": LONG_AGO},
    {"region": "Wien", "changed_since": LONG_AGO},
)


def ids_of(answer: Any, name: str) -> set[str]:
    assert answer.status_code == 200, answer.text
    return {item[name] for item in answer.json()["items"]}


@pytest.mark.parametrize("fits", FITS, ids="-".join)
async def test_a_customer_is_listed_by_what_fits_it(api: Any, fits: dict[str, str]) -> None:
    firm = await api.create_customer(**FIRM)
    await api.create_customer(display_name="Ada Lovelace")
    found = await api.get("/v1/customers", **fits)
    assert ids_of(found, "customer_id") == {firm["customer_id"]}
    exported = await api.get("/v1/exports/customers", format="jsonl", **fits)
    assert exported.text.count("\n") == 1


@pytest.mark.parametrize(
    "misfit",
    [
        {"name": "rzte"},
        {"name": "Ärzte 50__"},
        {"tag": "vi"},
        {"region": "Wien", "industry": "steel"},
        {"created_since": SOON},
        {"changed_since": SOON},
        {"grade": "A"},
    ],
    ids="-".join,
)
async def test_one_filter_that_does_not_fit_is_enough(api: Any, misfit: dict[str, str]) -> None:
    await api.create_customer(**FIRM)
    assert ids_of(await api.get("/v1/customers", **misfit), "customer_id") == set()


async def test_a_customer_is_listed_by_its_grade(api: Any, pool: Pool) -> None:
    firm = await api.create_customer(**FIRM)
    await pool.execute(
        "INSERT INTO customer_grades (customer_id, grade, policy_version, next_review_at,"
        " is_proposed, grading) VALUES ($1, 'B', 1, now(), false, '{}')",
        UUID(firm["customer_id"]),
    )
    condition, values = where(Wanted("active", grade="B").conditions())
    async with pool.acquire() as connection:
        found = await connection.fetch(
            f"SELECT customer_id FROM customers WHERE {condition}", *values
        )
    assert [str(row["customer_id"]) for row in found] == [firm["customer_id"]]


async def test_whoever_was_changed_later_is_listed_and_nobody_else(api: Any, pool: Pool) -> None:
    changed, same = [await api.create_customer(display_name=name) for name in ("One", "Other")]
    await pool.execute("UPDATE record_changes SET changed_at = changed_at - interval '1 day'")
    await api.call("PATCH", f"/v1/customers/{changed['customer_id']}", json={"region": "Wien"})
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    found = await api.get("/v1/customers", changed_since=since)
    assert ids_of(found, "customer_id") == {changed["customer_id"]}
    assert same["customer_id"] != changed["customer_id"]


async def test_filtered_lists_are_paged_by_key(api: Any) -> None:
    made = [await api.create_customer(display_name=f"Firm {n}", region="Graz") for n in range(3)]
    await api.create_customer(display_name="Firm 4")
    first = (await api.get("/v1/customers", region="Graz", name="firm", limit=2)).json()
    second = await api.get("/v1/customers", region="Graz", name="firm", cursor=first["next"])
    assert [each["customer_id"] for each in (*first["items"], *second.json()["items"])] == sorted(
        each["customer_id"] for each in made
    )


async def test_people_are_listed_by_name_language_and_their_customers_owner(api: Any) -> None:
    firm = await api.create_customer(**FIRM)
    part = {"customer_id": firm["customer_id"]}
    ada = await api.create_contact(
        given_name="Ada", family_name="Lovelace", language="en", memberships=[part]
    )
    adele = await api.create_contact(given_name="Adele")
    everybody = {ada["contact_id"], adele["contact_id"]}
    for fits, whom in (
        ({"name": "LOVE"}, {ada["contact_id"]}),
        ({"name": "ade"}, {adele["contact_id"]}),
        ({"name": "ada"}, set[str]()),
        ({"language": "en"}, {ada["contact_id"]}),
        ({"owner_id": "ada"}, {ada["contact_id"]}),
        ({"owner_id": "bob"}, set()),
        ({"created_since": LONG_AGO, "changed_since": LONG_AGO}, everybody),
        ({"changed_since": SOON}, set()),
    ):
        assert ids_of(await api.get("/v1/contacts", **fits), "contact_id") == whom, fits
    ended = f"/v1/contacts/{ada['contact_id']}/memberships/{firm['customer_id']}/end"
    assert (await api.post(ended)).status_code == 200
    assert ids_of(await api.get("/v1/contacts", owner_id="ada"), "contact_id") == set()


async def test_interactions_are_listed_by_kind_actor_and_time(api: Any) -> None:
    customer = (await api.create_customer())["customer_id"]
    made = {}
    for kind, actor, day in (("call", "ada", 1), ("visit", "bob", 2), ("call", "bob", 3)):
        body = {
            "customer_id": customer,
            "channel": "phone",
            "direction": "outbound",
            "kind": kind,
            "actor_id": actor,
            "occurred_at": f"2026-01-0{day}T12:00:00Z",
        }
        answer = await api.post("/v1/interactions", body)
        assert answer.status_code == 201, answer.text
        made[day] = answer.json()["interaction_id"]
    for fits, days in (
        ({"kind": "call"}, (1, 3)),
        ({"actor_id": "bob"}, (2, 3)),
        ({"kind": "call", "actor_id": "bob", "customer_id": customer}, (3,)),
        ({"since": "2026-01-02T12:00:00Z"}, (2, 3)),
        ({"until": "2026-01-02T12:00:00Z"}, (1,)),
        ({"since": "2026-01-02T00:00:00Z", "until": "2026-01-03T00:00:00Z"}, (2,)),
    ):
        found = await api.get("/v1/interactions", **fits)
        assert ids_of(found, "interaction_id") == {made[day] for day in days}, fits


async def test_interactions_are_listed_by_the_old_id_of_a_merged_customer(api: Any) -> None:
    stays, goes = [(await api.create_customer())["customer_id"] for _ in range(2)]
    body = {"customer_id": goes, "channel": "phone", "direction": "inbound", "kind": "call"}
    said = await api.post("/v1/interactions", {**body, "occurred_at": "2026-01-01T12:00:00Z"})
    assert said.status_code == 201, said.text
    merge = {"survivor_id": stays, "merged_ids": [goes], "reason_code": "same"}
    assert (await api.post("/v1/merges/customers", merge)).status_code == 201
    for customer in (stays, goes):
        found = await api.get("/v1/interactions", customer_id=customer)
        assert ids_of(found, "interaction_id") == {said.json()["interaction_id"]}


async def test_suppressions_are_listed_by_reason_and_whether_they_hold(api: Any) -> None:
    made = {}
    for reason in ("manual", "legal"):
        body = {"channel": "email", "value": f"{reason}@example.org", "reason_code": reason}
        made[reason] = (await api.post("/v1/suppressions", body)).json()["suppression_id"]
    lift = f"/v1/suppressions/{made['legal']}/lift"
    assert (await api.post(lift, {"reason_code": "error"})).status_code == 200
    for fits, whom in (
        ({"reason_code": "legal"}, {"legal"}),
        ({"is_active": "true"}, {"manual"}),
        ({"is_active": "false"}, {"legal"}),
        ({"is_active": "true", "reason_code": "legal"}, set[str]()),
    ):
        found = await api.get("/v1/suppressions", **fits)
        assert ids_of(found, "suppression_id") == {made[each] for each in whom}, fits


async def test_handovers_are_listed_by_whom_they_go_to(api: Any) -> None:
    made = {}
    for leaving, heir in (("ada", "bob"), ("cleo", "dora")):
        body = {"from_owner_id": leaving, "to_owner_id": heir, "reason_code": "request"}
        made[heir] = (await api.post("/v1/handovers", body)).json()["handover_id"]
    found = await api.get("/v1/handovers", to_owner_id="bob")
    assert ids_of(found, "handover_id") == {made["bob"]}


async def test_scans_are_listed_the_last_one_first(api: Any) -> None:
    for entity_type in ("contact", "customer", "contact"):
        answer = await api.post("/v1/duplicates/scans", {"entity_type": entity_type})
        assert answer.status_code == 202, answer.text
    first = (await api.get("/v1/duplicates/scans", limit=2)).json()
    rest = (await api.get("/v1/duplicates/scans", limit=2, cursor=first["next"])).json()
    shown = [*first["items"], *rest["items"]]
    assert [each["entity_type"] for each in shown] == ["contact", "customer", "contact"]
    assert [each["started_at"] for each in shown] == sorted(
        (each["started_at"] for each in shown), reverse=True
    )
    of_customers = await api.get("/v1/duplicates/scans", entity_type="customer", status="keying")
    assert len(of_customers.json()["items"]) == 1
    done = await api.get("/v1/duplicates/scans", status="completed")
    assert done.json()["items"] == []


async def test_imports_are_listed_the_last_one_first(api: Any) -> None:
    for name in ("one", "two", "three"):
        spec = '{"entity_type": "customer", "source_label": "%s", "mapping": {"n": "display_name"}'
        spec = spec % name + ', "constants": {"kind": "organization"}}'
        answer = await api.call(
            "POST", "/v1/imports", data={"spec": spec}, files={"file": ("f.csv", b"n\nAcme\n")}
        )
        assert answer.status_code == 202, answer.text
    first = (await api.get("/v1/imports", limit=2)).json()
    rest = (await api.get("/v1/imports", limit=2, cursor=first["next"])).json()
    labels = [each["source_label"] for each in (*first["items"], *rest["items"])]
    assert labels == ["three", "two", "one"]
    for none in ({"status": "completed"}, {"entity_type": "contact"}):
        assert (await api.get("/v1/imports", **none)).json()["items"] == []
    assert len((await api.get("/v1/imports", status="running")).json()["items"]) == 3


def test_a_condition_is_there_for_each_filter_that_is_given() -> None:
    wanted = {"a = ?": 1, "b = ?": None, "(c, d) < (?, ?)": (2, 3), "e = ?": False}
    assert where(wanted) == ("a = $1 AND (c, d) < ($2, $3) AND e = $4", [1, 2, 3, False])
    assert where({"b = ?": None}) == ("TRUE", [])


def test_a_beginning_is_taken_as_it_is_written() -> None:
    assert beginning("50%_\\") == "50\\%\\_\\\\%"
    assert beginning("ÄRZTE") == "ärzte%"
    assert beginning(None) is None


MANY = 20_000
_MANY_CUSTOMERS = """
INSERT INTO customers (customer_id, version, kind, display_name, lifecycle, lifecycle_since,
    queue, source, region, industry, tags, created_at, record_status)
SELECT gen_random_uuid(), 1, 'organization', 'Firm ' || n, 'prospect', now(), 'unassigned',
    CASE WHEN n % 5000 = 0 THEN 'fair' ELSE 'import' END,
    CASE WHEN n % 5000 = 1 THEN 'Graz' WHEN n % 2 = 0 THEN 'Wien' END,
    CASE WHEN n % 5000 = 2 THEN 'opera' ELSE 'steel' END,
    CASE WHEN n % 5000 = 3 THEN ARRAY['vip'] ELSE ARRAY[]::text[] END,
    timestamptz '2025-01-01' + n * interval '1 minute', 'active'
FROM generate_series(1, $1) AS n
"""
_MANY_PEOPLE = """
INSERT INTO people (contact_id, version, given_name, family_name, created_at, record_status)
SELECT gen_random_uuid(), 1, 'Ada', 'Name ' || n,
    timestamptz '2025-01-01' + n * interval '1 minute', 'active'
FROM generate_series(1, $1) AS n
"""


async def plan_of(connection: Connection, table: str, key: str, wanted: Any) -> str:
    condition, values = where(wanted.conditions())
    statement = f"SELECT {key} FROM {table} WHERE {condition} ORDER BY {key} LIMIT 51"
    rows = await connection.fetch(f"EXPLAIN {statement}", *values)
    return "\n".join(row[0] for row in rows)


async def test_a_rare_value_is_found_by_an_index_among_many(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await connection.execute(_MANY_CUSTOMERS, MANY)
        await connection.execute(_MANY_PEOPLE, MANY)
        await connection.execute("ANALYZE customers, people")
        for wanted, index in (
            (Wanted("active", name="Firm 1999"), "customers_name_idx"),
            (Wanted("active", name="Firm 19999"), "customers_name_idx"),
            (Wanted("active", region="Graz"), "customers_region_idx"),
            (Wanted("active", industry="opera"), "customers_industry_idx"),
            (Wanted("active", source="fair"), "customers_source_idx"),
            (Wanted("active", tag="vip"), "customers_tags_idx"),
            (Wanted("active", owner_id="ada"), "customers_owner_idx"),
        ):
            assert index in await plan_of(connection, "customers", "customer_id", wanted)
        named = people_lists.Wanted("active", name="Name 1999")
        assert "people_name_idx" in await plan_of(connection, "people", "contact_id", named)


async def test_a_rare_value_has_a_plan_of_its_own_whatever_was_asked_before(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await connection.execute(_MANY_CUSTOMERS, MANY)
        await connection.execute("ANALYZE customers")
        for region in (*["Wien"] * 10, "Graz"):
            wanted = Wanted("active", region=region)
            assert await list_customers(connection, wanted, None, 51)
        kept = await connection.fetchval(
            "SELECT sum(generic_plans) FROM pg_prepared_statements WHERE statement LIKE $1",
            "%region = $%",
        )
    assert kept == 0
