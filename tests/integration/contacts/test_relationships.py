"""Relationships over HTTP, at the same moment, after an erasure and after a merge."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

from contacts.relationships.handlers import end_all_of
from shared.db import Pool, transaction

from tests.integration.contacts.test_interactions import parties
from tests.records import cause_of_test


async def customers(api: Any, number: int) -> list[str]:
    return [(await api.create_customer())["customer_id"] for _ in range(number)]


async def relate(api: Any, from_id: str, to_id: str, **fields: Any) -> Any:
    body = {"from_id": from_id, "to_id": to_id, "relationship_type": "parent-of", **fields}
    return await api.post("/v1/relationships", body)


async def test_a_group_is_a_tree(api: Any, outbox: Any) -> None:
    root, middle, leaf = await customers(api, 3)
    first = await relate(api, root, middle)
    assert first.status_code == 201, first.text
    assert (await relate(api, middle, leaf)).status_code == 201
    group = (await api.get(f"/v1/customers/{leaf}/group")).json()
    assert (group["parent_customer_id"], group["ancestor_ids"]) == (middle, [middle, root])
    for wrong in ((leaf, root), (root, leaf), (root, middle)):
        assert (await relate(api, *wrong)).status_code == 409
    assert (await relate(api, root, root)).status_code == 422
    assert (await relate(api, root, str(uuid4()))).status_code == 404
    ended = await api.post(
        f"/v1/relationships/{first.json()['relationship_id']}/end", {"reason_code": "sold"}
    )
    assert ended.json()["version"] == 2
    assert (await relate(api, leaf, root)).status_code == 201
    types = [each for each in await outbox.types() if each.startswith("relationship")]
    assert types == [
        "relationship.established",
        "relationship.established",
        "relationship.ended",
        "relationship.established",
    ]


async def test_two_at_once_make_no_circle(api: Any) -> None:
    one, other = await customers(api, 2)
    answers = await asyncio.gather(relate(api, one, other), relate(api, other, one))
    assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_a_repeat_is_quiet_and_the_list_pages(api: Any, outbox: Any) -> None:
    customer, contact = await parties(api)
    [dealer] = await customers(api, 1)
    headers = {"idempotency-key": "once"}
    body = {"from_id": dealer, "to_id": customer, "relationship_type": "dealer"}
    for _ in range(2):
        answer = await api.post("/v1/relationships", body, headers=headers)
        assert answer.status_code == 201
    employs = {"relationship_type": "employs", "to_type": "contact"}
    assert (await relate(api, customer, contact, **employs)).status_code == 201
    first = (await api.get("/v1/relationships", party_id=customer, limit=1)).json()
    rest = (await api.get("/v1/relationships", party_id=customer, cursor=first["next"])).json()
    shown = [*first["items"], *rest["items"]]
    assert {each["relationship_type"] for each in shown} == {"dealer", "employs"}
    assert (await outbox.types()).count("relationship.established") == 2


async def test_who_was_erased_is_related_to_nobody(api: Any, pool: Pool, outbox: Any) -> None:
    customer, contact = await parties(api)
    await relate(api, customer, contact, relationship_type="employs", to_type="contact")
    async with transaction(pool) as connection:
        cause = cause_of_test()
        assert await end_all_of(connection, cause, [UUID(contact)], "erased") == 1
        assert await end_all_of(connection, cause, [UUID(contact)], "erased") == 0
    assert (await outbox.types())[-1] == "relationship.ended"
    assert (await api.get("/v1/relationships", party_id=contact)).json()["items"] == []
