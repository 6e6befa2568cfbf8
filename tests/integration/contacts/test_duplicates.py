"""Duplicates on a real database: on write, on import, by a scan; cases and identities over HTTP."""

from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest
from contacts.duplicates.domain import CloseAsMerged
from contacts.duplicates.handlers import close_as_merged
from contacts.matching.keys import KEYS_VERSION
from contacts.scans import domain as scans_domain
from contacts.scans import handlers as scans
from contacts.scans.handlers import run_scans
from shared.db import Connection, Pool, transaction

from tests.integration.contacts.conftest import Api, Outbox
from tests.records import cause_of_test

JOHN = {
    "given_name": "John",
    "family_name": "Warrington",
    "key_dates": [{"kind": "birthday", "month_day": "04-12", "year": 1971}],
    "postal_points": [{"lines": ["12 High St."], "locality": "Leeds", "postal_code": "LS1 4DY"}],
}
SURE = {**JOHN, "given_name": "Jhon"}
LIKELY = {
    "given_name": "John",
    "family_name": "Warrington",
    "postal_points": [{"lines": ["7 Mill Lane"], "locality": "Leeds", "postal_code": "LS1 4DY"}],
}
ACME = {"kind": "organization", "display_name": "Acme Tools GmbH", "region": "AT"}


async def cases(api: Api, **wanted: Any) -> list[dict[str, Any]]:
    answer = await api.get("/v1/duplicates", **wanted)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def scanned(api: Api, pool: Pool, entity_type: str) -> dict[str, Any]:
    started = await api.post("/v1/duplicates/scans", {"entity_type": entity_type})
    assert started.status_code == 202, started.text
    await run_scans(pool)
    answer = await api.get(f"/v1/duplicates/scans/{started.json()['scan_id']}")
    done: dict[str, Any] = answer.json()
    assert done["status"] == "completed"
    assert done["slices_done"] == done["slices_total"]
    return done


async def test_who_is_surely_known_is_not_created_twice(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    first = await api.create_contact(**JOHN)
    await outbox.clear()
    answer = await api.post("/v1/contacts", SURE)
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["type"].endswith("probable-duplicate")
    [candidate] = problem["candidates"]
    assert candidate["entity_id"] == first["contact_id"]
    assert candidate["score"] >= 0.9
    assert "birthday" in candidate["matched_on"]
    assert not any(value in answer.text for value in ("Warrington", "04-12", "Leeds"))
    assert await outbox.types() == []
    assert await pool.fetchval("SELECT count(*) FROM people") == 1


async def test_a_reason_creates_them_and_the_pair_becomes_a_case(api: Api, outbox: Outbox) -> None:
    first = await api.create_contact(**JOHN)
    answer = await api.post("/v1/contacts?force_reason=twins", SURE)
    assert answer.status_code == 201
    [case] = await cases(api)
    pair = sorted([first["contact_id"], answer.json()["contact_id"]], key=UUID)
    assert case["candidate_ids"] == pair
    assert (case["forced_for"], case["found_by"]) == ("twins", "write")
    assert case["suggested_survivor_id"] == first["contact_id"]
    assert await outbox.types(case["case_id"]) == ["duplicate.detected"]


async def test_the_repeat_of_a_creation_is_no_duplicate(api: Api) -> None:
    key = {"idempotency-key": "once"}
    first = await api.post("/v1/contacts", JOHN, headers=key)
    again = await api.post("/v1/contacts", JOHN, headers=key)
    assert again.status_code == 201
    assert again.json() == first.json()
    assert await cases(api) == []


async def test_who_is_likely_known_is_created_with_a_case(api: Api) -> None:
    await api.create_contact(**JOHN)
    await api.create_contact(**LIKELY)
    [case] = await cases(api, entity_type="contact")
    assert 0.6 <= case["score"] < 0.9
    assert case["status"] == "open"
    assert case["forced_for"] is None


async def test_customers_are_compared_without_legal_form(api: Api) -> None:
    await api.create_customer(**ACME)
    await api.create_customer(**{**ACME, "display_name": "ACME Tools"})
    [case] = await cases(api, entity_type="customer")
    assert case["matched_on"][0] == "company"
    shop = {**ACME, "website": "acme.example", "tax_id": "ATU1"}
    await api.create_customer(**shop)
    surely = await api.post("/v1/customers", {**shop, "display_name": "Acme Tolls GmbH"})
    assert surely.status_code == 409
    elsewhere = {**shop, "tax_id": "ATU2"}
    assert (await api.post("/v1/customers", elsewhere)).status_code == 201


async def test_a_search_says_why_and_writes_nothing(api: Api, pool: Pool) -> None:
    known = await api.create_contact(**JOHN)
    answer = await api.post("/v1/duplicates/search", {"contact": SURE})
    assert answer.status_code == 200, answer.text
    [candidate] = answer.json()["candidates"]
    assert candidate["entity_id"] == known["contact_id"]
    levels = {reason["trait"]: reason["level"] for reason in candidate["reasons"]}
    assert levels["given_name"] == "close"
    assert levels["birthday"] == "same"
    customer = {"kind": "organization", "display_name": "Nobody"}
    nobody = await api.post("/v1/duplicates/search", {"customer": customer})
    assert nobody.json()["candidates"] == []
    assert (await api.post("/v1/duplicates/search", {})).status_code == 422
    assert await pool.fetchval("SELECT count(*) FROM people") == 1


async def test_a_dismissed_pair_stays_so_whatever_looks_at_it(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    await api.create_contact(**JOHN)
    await api.create_contact(**LIKELY)
    [case] = await cases(api)
    path = f"/v1/duplicates/{case['case_id']}"
    for _ in range(2):
        answer = await api.post(f"{path}/dismiss", {"reason_code": "cousins"})
        assert answer.status_code == 200
    shown = (await api.get(path)).json()
    assert (shown["status"], shown["reason_code"]) == ("dismissed", "cousins")
    assert shown["decided_by"] == "user:tester"
    assert (await scanned(api, pool, "contact"))["cases_opened"] == 0
    assert await cases(api) == []
    assert [c["case_id"] for c in await cases(api, status="dismissed")] == [case["case_id"]]
    facts = await outbox.types(case["case_id"])
    assert facts == ["duplicate.detected", "duplicate.dismissed"]
    missing = await api.post(f"/v1/duplicates/{uuid4()}/dismiss", {"reason_code": "x"})
    assert missing.status_code == 404


async def test_cases_are_listed_page_by_page_the_surest_first(api: Api) -> None:
    ids = [(await api.create_contact(**JOHN))["contact_id"]]
    for number in range(3):
        body = {**LIKELY, "postal_points": [{"locality": "Leeds", "lines": [f"{number} Lane"]}]}
        created = await api.post("/v1/contacts?force_reason=test", body)
        ids.append(created.json()["contact_id"])
    everything = await cases(api)
    assert len(everything) == 3
    assert [c["score"] for c in everything] == sorted(
        (c["score"] for c in everything), reverse=True
    )
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await api.get("/v1/duplicates", limit=2, **cursor)).json()
        seen += [c["case_id"] for c in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == [c["case_id"] for c in everything]
    of_one = await cases(api, entity_id=ids[1])
    assert of_one
    assert all(ids[1] in c["candidate_ids"] for c in of_one)


async def test_an_import_refuses_nobody_and_opens_cases(
    api: Api, pool: Pool, run_all_imports: Any
) -> None:
    rows = (
        "given,family,mail\nKim,Sorensen,kim@sorensen.example\nKim,Sørensen,kim@sorensen.example\n"
    )
    spec = (
        '{"entity_type": "contact", "source_label": "t", "mapping": {"given": "given_name",'
        ' "family": "family_name", "mail": "email"}}'
    )
    await api.create_contact(given_name="Kim", family_name="Soerensen")
    for body in (rows.splitlines()[:2], [rows.splitlines()[0], rows.splitlines()[2]]):
        file = {"file": ("a.csv", "\n".join(body).encode(), "text/csv")}
        answer = await api.call("POST", "/v1/imports", files=file, data={"spec": spec})
        assert answer.status_code == 202, answer.text
        await run_all_imports()
    assert await pool.fetchval("SELECT count(*) FROM people") == 3
    [case] = [c for c in await cases(api) if "email" in c["matched_on"]]
    assert case["found_by"] == "import"
    assert case["score"] > 0.9


async def test_a_scan_makes_missing_keys_first_and_finds_what_was_there_before(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    await api.create_contact(**JOHN)
    await api.post("/v1/contacts?force_reason=test", SURE)
    await pool.execute("TRUNCATE duplicate_cases, contact_match_keys")
    await outbox.clear()
    done = await scanned(api, pool, "contact")
    assert (done["records_keyed"], done["cases_opened"]) == (2, 1)
    [case] = await cases(api)
    assert case["found_by"] == "scan"
    assert await outbox.types() == ["duplicate.detected"]
    again = await scanned(api, pool, "contact")
    assert (again["records_keyed"], again["cases_opened"]) == (0, 0)
    version = await pool.fetchval("SELECT keys_version FROM match_keyings")
    assert version == KEYS_VERSION


async def test_a_scan_by_other_rules_makes_all_keys_anew(api: Api, pool: Pool) -> None:
    await api.create_contact(**JOHN)
    before = await pool.fetch("SELECT key FROM contact_match_keys ORDER BY key")
    await pool.execute("INSERT INTO match_keyings VALUES ('contact', 0)")
    await pool.execute("UPDATE contact_match_keys SET key = key / 2")
    assert (await scanned(api, pool, "contact"))["records_keyed"] == 1
    assert await pool.fetch("SELECT key FROM contact_match_keys ORDER BY key") == before


async def test_keys_follow_the_record(api: Api, pool: Pool) -> None:
    created = await api.create_contact(**JOHN)
    path = f"/v1/contacts/{created['contact_id']}"
    changed = await api.call("PATCH", path, json={"family_name": "Hopper"})
    assert changed.status_code == 200
    back = await api.call("PATCH", path, json={"family_name": "Warrington"})
    assert back.status_code == 200
    kept = await pool.fetch("SELECT key FROM contact_match_keys ORDER BY key")
    await pool.execute("TRUNCATE contact_match_keys, match_keyings")
    await scanned(api, pool, "contact")
    assert await pool.fetch("SELECT key FROM contact_match_keys ORDER BY key") == kept


async def test_an_identifier_of_one_alone_vetoes_and_conflicts(api: Api, outbox: Outbox) -> None:
    one = await api.create_contact(**JOHN)
    two = (await api.post("/v1/contacts?force_reason=twins", SURE)).json()
    number = {"identifier_type": "loyalty_no", "identifier": "C 1", "source": "club"}
    paths = [f"/v1/contacts/{each['contact_id']}/identities" for each in (one, two)]
    linked = (await api.post(paths[0], number)).json()
    claimed = (await api.post(paths[1], {**number, "identifier": "c1"})).json()
    assert claimed["contact_id"] == one["contact_id"]
    assert claimed["claimed_for"] == [two["contact_id"]]
    facts = await outbox.types(linked["link_id"])
    assert facts == ["identity.linked", "identity.conflict-detected"]
    await api.post(paths[1], {**number, "identifier": "C 2"})
    found = await api.post("/v1/duplicates/search", {"contact": JOHN})
    assert len(found.json()["candidates"]) == 2
    unlinked = await api.post(
        f"{paths[0]}/{linked['link_id']}/unlink", {"reason_code": "wrong-person"}
    )
    assert unlinked.json()["is_active"] is False
    assert (await api.get(paths[0])).json() == []
    again = await api.post(paths[1], number)
    assert again.json()["contact_id"] == two["contact_id"]


async def test_two_loyalty_numbers_are_two_people(api: Api, pool: Pool) -> None:
    ids = []
    for number, body in (("1", JOHN), ("2", SURE)):
        created = await api.post("/v1/contacts?force_reason=twins", body)
        ids.append(created.json()["contact_id"])
        named = {"identifier_type": "loyalty_no", "identifier": number, "source": "club"}
        await api.post(f"/v1/contacts/{ids[-1]}/identities", named)
    await pool.execute("TRUNCATE duplicate_cases")
    assert (await scanned(api, pool, "contact"))["cases_opened"] == 0


async def test_addresses_and_days_are_said_over_http(api: Api) -> None:
    created = await api.create_contact(given_name="Ada")
    path = f"/v1/contacts/{created['contact_id']}"
    added = await api.post(f"{path}/postal-points", JOHN["postal_points"][0])
    assert added.json()["postal_points"][0]["normalized"] == "12 high street, ls1 4dy leeds"
    day = {"month_day": "02-29", "year": 1988}
    dated = await api.call("PUT", f"{path}/key-dates/birthday", json=day)
    assert dated.json()["key_dates"] == [{"kind": "birthday", **day}]
    assert (await api.get(path)).json() == {**dated.json(), "household_id": None}
    for bad in ({"month_day": "02-30"}, {"month_day": "13-01"}, {"month_day": "x"}):
        assert (await api.call("PUT", f"{path}/key-dates/birthday", json=bad)).status_code == 422
    nowhere = await api.post(f"{path}/postal-points", {"country": "AT"})
    assert nowhere.status_code == 422


async def test_a_scan_goes_on_where_it_was_cut_off_and_tells_nothing_twice(
    api: Api, pool: Pool, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages of one record and slices of two keys; the scan's process dies in every third page."""
    for number in range(4):
        body = {**JOHN, "given_name": ["John", "Jhon", "Jon", "Mary"][number]}
        await api.post("/v1/contacts?force_reason=test", body)
    whole = {case["case_id"] for case in await cases(api)}
    await pool.execute("TRUNCATE duplicate_cases, contact_match_keys")
    await outbox.clear()
    monkeypatch.setattr(scans, "KEYING_PAGE", 1)
    monkeypatch.setattr(scans_domain, "KEYS_PER_SLICE", 40)
    started = await api.post("/v1/duplicates/scans", {"entity_type": "contact"})
    pages = count(1)
    save = scans.store.save_scan

    async def dying(connection: Connection, scan: scans_domain.Scan) -> None:
        await save(connection, scan)
        if next(pages) % 3 == 0:
            raise ConnectionResetError

    monkeypatch.setattr(scans.store, "save_scan", dying)
    deaths = 0
    while True:
        try:
            await run_scans(pool)
            break
        except ConnectionResetError:
            deaths += 1
    done = (await api.get(f"/v1/duplicates/scans/{started.json()['scan_id']}")).json()
    assert deaths > 1
    assert (done["status"], done["records_keyed"]) == ("completed", 4)
    assert done["slices_total"] > 1
    assert {case["case_id"] for case in await cases(api)} == whole
    assert done["cases_opened"] == len(whole)
    assert await outbox.types() == ["duplicate.detected"] * len(whole)


async def test_whoever_merges_closes_the_case_in_the_same_transaction(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    one = await api.create_contact(**JOHN)
    two = (await api.post("/v1/contacts?force_reason=test", SURE)).json()
    survivor, merged = UUID(one["contact_id"]), UUID(two["contact_id"])
    cause = cause_of_test()
    command = CloseAsMerged(survivor, cause.actor, cause.at)
    for _ in range(2):
        async with transaction(pool) as connection:
            await close_as_merged(connection, cause, [merged, uuid4()], command)
    [case] = await cases(api, status="merged")
    assert case["survivor_id"] == str(survivor)
    facts = await outbox.types(case["case_id"])
    assert facts == ["duplicate.detected", "duplicate.merged"]
