"""Commands with the old id of a merged customer mean the one that stays."""

import asyncio
from typing import Any

import pytest

from tests.integration.contacts.conftest import Api, Outbox
from tests.integration.contacts.test_merges import (
    code_of,
    customer,
    members,
    merge,
    merged,
    organization,
    undo,
)

TALK = {"channel": "phone", "direction": "inbound", "kind": "call",
        "occurred_at": "2026-01-01T00:00:00Z"}  # fmt: skip

LIMIT = {"limit": "500", "currency": "EUR", "terms_days": 30, "approved_by": "eva"}


@pytest.fixture
async def chain(api: Api) -> tuple[str, str]:
    """The first of three, and the one that both others were merged into."""
    one, two, three = [await organization(api) for _ in range(3)]
    await merged(api, two, one)
    await merged(api, three, two)
    return one, three


async def test_what_is_changed_by_the_old_id_is_the_survivors(
    api: Api, chain: tuple[str, str], outbox: Outbox
) -> None:
    old, stays = chain
    path = f"/v1/customers/{old}"
    await outbox.clear()
    done = [
        await api.call("PATCH", path, json={"region": "AT"}),
        await api.call("PATCH", path, json={"region": "AT"}),
        await api.post(f"{path}/owner", {"owner_id": "mia", "reason_code": "area"}),
        await api.call("PUT", f"{path}/credit/limit", json=LIMIT),
        await api.post(f"{path}/credit/hold", {"reason_code": "dispute"}),
        await api.post(f"{path}/credit/release", {"reason_code": "settled"}),
        await api.post(f"{path}/archive", {"reason_code": "ceased-trading"}),
        await api.post(f"{path}/restore"),
    ]
    assert [each.status_code for each in done] == [200] * len(done), [e.text for e in done]
    assert {each.json()["customer_id"] for each in done} == {stays}
    told = await outbox.types()
    assert told.count("customer.updated") == 1, "a repeat is quiet"
    assert await outbox.types(old) == []
    now = await customer(api, stays)
    assert (now["region"], now["owner_id"], now["record_status"]) == ("AT", "mia", "active")


async def test_whoever_names_the_old_id_names_the_survivor(
    api: Api, chain: tuple[str, str]
) -> None:
    old, stays = chain
    ann = await api.create_contact(memberships=[{"customer_id": old}, {"customer_id": stays}])
    assert [each["customer_id"] for each in ann["memberships"]] == [stays]
    bob = (await api.create_contact(given_name="Bob"))["contact_id"]
    joined = await api.call("PUT", f"/v1/contacts/{bob}/memberships/{old}", json={})
    assert joined.status_code == 200, joined.text
    assert await members(api, stays) == {ann["contact_id"], bob}
    left = await api.post(f"/v1/contacts/{bob}/memberships/{old}/end")
    assert left.status_code == 200, left.text
    assert await members(api, stays) == {ann["contact_id"]}
    other = await organization(api)
    related = {"from_id": old, "to_id": other, "relationship_type": "dealer"}
    headers = {"idempotency-key": "dealer"}
    for _ in range(2):
        answer = await api.post("/v1/relationships", related, headers=headers)
        assert (answer.status_code, answer.json()["from_id"]) == (201, stays), answer.text
    talk = {**TALK, "customer_id": old, "contact_ids": [ann["contact_id"]]}
    for _ in range(2):
        talked = await api.post("/v1/interactions", talk, headers={"idempotency-key": "talk"})
        assert (talked.status_code, talked.json()["customer_id"]) == (201, stays), talked.text
    liked = await api.post(
        f"/v1/customers/{old}/preferences", {"key": "call-time", "value_code": "morning"}
    )
    assert liked.json()["customer_id"] == stays, liked.text
    body = {"customer_id": old, "program": "dealer", "tier": "gold"}
    for _ in range(2):
        sells = await api.post("/v1/partners", body, headers={"idempotency-key": "sells"})
        assert (sells.status_code, sells.json()["customer_id"]) == (201, stays), sells.text


async def test_what_is_of_one_record_is_refused_with_where_it_is_now(
    api: Api, chain: tuple[str, str]
) -> None:
    old, stays = chain
    version = (await customer(api, stays))["version"]
    path = f"/v1/customers/{old}"
    seen = {"if-match": f'"{version}"'}
    refused = [
        await api.call("PATCH", path, json={"region": "AT"}, headers=seen),
        await api.post(f"{path}/credit/hold", {"reason_code": "dispute"}, headers=seen),
        await api.post(f"{path}/offboarding", {"reason_code": "fraud"}),
        await api.post(f"{path}/grade/approve", {"grade": "A"}),
    ]
    assert [code_of(each) for each in refused] == ["record-is-merged"] * len(refused)
    assert {each.json()["merged_into"] for each in refused[:2]} == {stays}
    assert (await customer(api, stays))["version"] == version


async def test_a_person_that_was_seen_before_a_merge_is_refused_likewise(api: Api) -> None:
    one, two = [(await api.create_contact(given_name=each))["contact_id"] for each in ("A", "B")]
    body = {"survivor_id": one, "merged_ids": [two], "reason_code": "duplicate"}
    assert (await api.post("/v1/merges/people", body)).status_code == 201
    version = (await api.get(f"/v1/contacts/{one}")).json()["version"]
    path, said = f"/v1/contacts/{two}", {"job_title": "boss"}
    seen = {"if-match": f'"{version}"'}
    refused = await api.call("PATCH", path, json=said, headers=seen)
    assert (refused.status_code, code_of(refused)) == (409, "record-is-merged")
    assert (await api.call("PATCH", path, json=said)).json()["contact_id"] == one


async def test_what_is_written_while_they_are_merged_and_parted_is_kept(api: Api) -> None:
    for round_ in range(5):
        one, two = [await organization(api) for _ in range(2)]
        site = {"website": f"https://{round_}.example"}
        writing: list[Any] = [
            api.call("PATCH", f"/v1/customers/{each}", json=said)
            for each, said in ((one, {"industry": "steel"}), (two, site))
        ]
        made, *written = await asyncio.gather(merge(api, one, two), *writing)
        assert made.status_code == 201, made.text
        assert [each.status_code for each in written] == [200, 200]
        now = await customer(api, one)
        assert (now["industry"], now["website"]) == ("steel", site["website"])
        parting = undo(api, made.json()["merge_id"])
        parted, late = await asyncio.gather(
            parting, api.call("PATCH", f"/v1/customers/{two}", json={"region": "AT"})
        )
        assert (parted.status_code, late.status_code) == (200, 200), (parted.text, late.text)
        assert late.json()["customer_id"] in {one, two}
        assert (await customer(api, late.json()["customer_id"]))["region"] == "AT"
