"""Whose day comes: over the year's end, by owner, page by page, and by an index."""

from datetime import date
from typing import Any
from uuid import uuid4

from contacts.occasions.domain import days_ahead
from contacts.occasions.store import OCCASIONS_AHEAD
from shared.db import Pool

PATH = "/v1/people/key-dates"


async def born(api: Any, month_day: str, kind: str = "birthday", **fields: Any) -> str:
    dates = [{"kind": kind, "month_day": month_day, "year": 1984}]
    name = uuid4().hex  # else they would be taken for one another
    person = await api.create_contact(given_name=name, key_dates=dates, **fields)
    return str(person["contact_id"])


async def listed(api: Any, **params: Any) -> list[tuple[str, str]]:
    answer = await api.get(PATH, **params)
    assert answer.status_code == 200, answer.text
    return [(item["day"], item["contact_id"]) for item in answer.json()["items"]]


async def test_days_come_in_their_order_over_the_end_of_the_year(api: Any) -> None:
    new_year, eve, late, leap = [
        await born(api, day) for day in ("01-01", "12-31", "01-20", "02-29")
    ]
    assert await listed(api, starting_on="2026-12-30") == [
        ("2026-12-31", eve),
        ("2027-01-01", new_year),
    ]
    assert await listed(api, starting_on="2027-02-20", within_days=8) == [("2027-02-28", leap)]
    assert await listed(api, starting_on="2028-02-20", within_days=9) == [("2028-02-29", leap)]
    [shown] = (await api.get(PATH, starting_on="2027-01-20", within_days=0)).json()["items"]
    assert (shown["contact_id"], shown["turns"]) == (late, 43)
    assert (await api.get(PATH, within_days=93)).status_code == 422
    assert (await api.get(PATH, cursor="bm90aGluZw==")).status_code == 422


async def test_only_the_owners_people_and_kinds_that_are_asked_for(api: Any) -> None:
    for owner in ("anna", "tim"):
        firm = await api.create_customer(owner_id=owner)
        at = [{"customer_id": firm["customer_id"]}]
        await born(api, "05-01", memberships=at)
        await born(api, "05-02", "anniversary", memberships=at)
    wanted = {"starting_on": "2026-05-01", "within_days": 7}
    assert len(await listed(api, **wanted)) == 4
    [first, second] = await listed(api, owner_id="anna", **wanted)
    assert [first] == await listed(api, owner_id="anna", kind="birthday", **wanted)
    gone = f"/v1/contacts/{second[1]}/archive"
    assert (await api.post(gone, {"reason_code": "deceased"})).status_code == 200
    assert await listed(api, owner_id="anna", **wanted) == [first]


async def test_the_list_pages_through_a_day_that_two_dates_fall_on(api: Any) -> None:
    everybody = {await born(api, day) for day in ("02-28", "02-29", "02-28", "02-29", "03-01")}
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(5):
        wanted = {"starting_on": "2027-02-28", "limit": 1}
        page = (await api.get(PATH, **wanted, **({"cursor": cursor} if cursor else {}))).json()
        seen += [item["contact_id"] for item in page["items"]]
        cursor = page["next"]
    assert (set(seen), len(seen), cursor) == (everybody, 5, None)


async def test_no_day_is_looked_up_by_a_scan_of_all_people(pool: Pool) -> None:
    await pool.execute(
        "INSERT INTO people (contact_id, version, created_at)"
        " SELECT gen_random_uuid(), 1, now() FROM generate_series(1, 5000);"
        "INSERT INTO key_dates (contact_id, kind, month_day)"
        " SELECT contact_id, 'birthday', to_char(date '2028-01-01' + (random() * 365)::int,"
        " 'MM-DD') FROM people; ANALYZE people; ANALYZE key_dates"
    )
    days = list(days_ahead(date(2027, 2, 20), 14))
    columns = ([day for day, _ in days], [month_day for _, month_day in days])
    nowhere = (None, None, None)
    plan = str(await pool.fetch(f"EXPLAIN {OCCASIONS_AHEAD}", *columns, *nowhere, None, None, 51))
    assert "key_dates_day_idx" in plan
    assert "Seq Scan on key_dates" not in plan
    assert "Seq Scan on people" not in plan
