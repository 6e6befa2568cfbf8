"""Who lives together and who sells for us is in the 360 by name, and gone with who is erased."""

from datetime import UTC, datetime, timedelta

from devstack.demo.doors import Json, eventually
from devstack.demo.story.cast import Cast
from devstack.demo.story.interest import show_interest
from devstack.demo.story.sale import make_sale
from shared.ids import new_id


async def _view(cast: Cast, customer_id: str) -> Json:
    await cast.rest()
    reader = cast.doors.caller("reader", "reader")
    return await reader.get("customer-360", f"/v1/customers/{customer_id}")


async def _erase(cast: Cast, contact_id: str) -> None:
    officer = cast.doors.caller("pia", "privacy")
    asked = await officer.post("contacts", "/v1/privacy/erasures", {"contact_id": contact_id})
    path = f"/v1/privacy/requests/{asked['request_id']}"
    await officer.post("contacts", f"{path}/verify", {"method": "passport"})
    await officer.post("contacts", f"{path}/start", {"legal_holds": []})

    async def done() -> Json | None:
        request = await officer.get("contacts", path)
        return request if request["status"] == "completed" else None

    await eventually(done, "the person is erased everywhere")


async def test_a_household_and_a_partner_reach_the_360_and_an_erased_person_leaves(
    cast: Cast,
) -> None:
    customer_id = (await make_sale(cast, await show_interest(cast))).customer_id
    [nora] = (await _view(cast, customer_id))["people"]
    name = f"Kim-{new_id().hex[-10:]}"
    kim = {"given_name": name, "memberships": [{"customer_id": customer_id}]}
    contact_id = (await cast.sales.post("contacts", "/v1/contacts", kim))["contact_id"]
    members = [nora["contact_id"], contact_id]
    home = {"name": f"{name} & Nora", "member_contact_ids": members, "head_contact_id": contact_id}
    household = await cast.sales.post("contacts", "/v1/households", home)
    terms = {"customer_id": customer_id, "program": "dealer", "tier": "gold"}
    partner_id = (await cast.sales.post("contacts", "/v1/partners", terms))["partner_id"]
    path = f"/v1/partners/{partner_id}"
    active = {"status": "active", "reason_code": "agreement-signed"}
    await cast.sales.post("contacts", f"{path}/status", active)
    rep = f"{path}/reps/{contact_id}"
    await cast.sales.send("PUT", "contacts", rep, json={"role": "sales"})
    until = datetime.now(UTC) + timedelta(seconds=1)
    course = {"course_id": "basic", "score": 91, "valid_until": until.isoformat()}
    await cast.sales.post("contacts", f"{rep}/certify", course)

    async def expired() -> Json | None:
        [partner] = (await _view(cast, customer_id))["partners"]
        [seen] = partner["reps"]
        return partner if seen["status"] == "expired" else None

    partner = await eventually(expired, "the sweep has told of the certificate's end")
    assert (partner["status"], partner["tier"], partner["reps"][0]["name"]) == (
        "active",
        "gold",
        name,
    )
    [lives] = (await _view(cast, customer_id))["households"]
    heads = {each["contact_id"]: each["is_head"] for each in lives["members"]}
    assert heads == {nora["contact_id"]: False, contact_id: True}

    await _erase(cast, contact_id)

    view = await _view(cast, customer_id)
    assert [each["reps"] for each in view["partners"]] == [[]]
    [lives] = view["households"]
    assert [(each["name"], each["is_head"]) for each in lives["members"]] == [(nora["name"], True)]
    kept = await cast.sales.get("contacts", f"/v1/households/{household['household_id']}")
    assert kept["name"] is None


async def test_a_merged_person_is_in_the_360_where_the_one_who_stays_is_and_back(
    cast: Cast,
) -> None:
    customer_id = (await make_sale(cast, await show_interest(cast))).customer_id
    sales = cast.sales
    parts = [{"customer_id": customer_id}]
    ids = []
    for name in ("Kim", "K."):
        person = {"given_name": name, "family_name": new_id().hex[-10:], "memberships": parts}
        ids.append((await sales.post("contacts", "/v1/contacts", person))["contact_id"])
    stays, twin = ids
    home = {"member_contact_ids": [twin], "head_contact_id": twin}
    await sales.post("contacts", "/v1/households", home)
    terms = {"customer_id": customer_id, "program": "dealer", "tier": "gold"}
    partner_id = (await sales.post("contacts", "/v1/partners", terms))["partner_id"]
    path = f"/v1/partners/{partner_id}/reps/{twin}"
    await sales.send("PUT", "contacts", path, json={"role": "sales"})
    until = datetime.now(UTC) + timedelta(days=1)
    course = {"course_id": "basic", "score": 91, "valid_until": until.isoformat()}
    await sales.post("contacts", f"{path}/certify", course)

    async def shown() -> tuple[list[str], list[tuple[str, str]]]:
        view = await _view(cast, customer_id)
        lives = [each["contact_id"] for at in view["households"] for each in at["members"]]
        [partner] = view["partners"]
        return lives, [(each["contact_id"], each["status"]) for each in partner["reps"]]

    assert await shown() == ([twin], [(twin, "certified")])
    body = {"survivor_id": stays, "merged_ids": [twin], "reason_code": "duplicate"}
    merge = await sales.post("contacts", "/v1/merges/people", body)
    assert await shown() == ([stays], [(stays, "certified")])
    undo = f"/v1/merges/{merge['merge_id']}/undo"
    await sales.post("contacts", undo, {"reason_code": "two-people"})
    assert await shown() == ([twin], [(twin, "certified")])
