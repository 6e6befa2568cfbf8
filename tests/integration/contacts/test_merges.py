"""Merging and unmerging on a real database: what moves, what is refused, and what comes back."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

from contacts.customers.consumers import deals
from contacts.merges.handlers import forget_closed
from shared.aliases import all_ids_of, current_id
from shared.db import Pool
from shared.messaging.consuming import apply

from tests.integration.contacts.conftest import Api, Outbox, lifecycle_of
from tests.integration.contacts.test_reactions import won
from tests.records import record_of

ORG = {"kind": "organization", "display_name": "Acme GmbH"}


def code_of(answer: Any) -> str:
    kind: str = answer.json()["type"]
    return kind.rsplit(":", 1)[-1]


async def organization(api: Api, **fields: Any) -> str:
    answer = await api.post("/v1/customers?force_reason=test", {**ORG, **fields})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["customer_id"])


async def merge(api: Api, survivor: str, *merged: str, **fields: Any) -> Any:
    body = {
        "survivor_id": survivor,
        "merged_ids": merged,
        "reason_code": "duplicate",
        **fields,
    }
    return await api.post("/v1/merges/customers", body)


async def merged(api: Api, survivor: str, *others: str, **fields: Any) -> dict[str, Any]:
    answer = await merge(api, survivor, *others, **fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def undo(api: Api, merge_id: str) -> Any:
    return await api.post(f"/v1/merges/{merge_id}/undo", {"reason_code": "two-firms"})


async def customer(api: Api, customer_id: str) -> dict[str, Any]:
    shown: dict[str, Any] = (await api.get(f"/v1/customers/{customer_id}", as_is=True)).json()
    return shown


async def members(api: Api, customer_id: str) -> set[str]:
    found = (await api.get("/v1/contacts", customer_id=customer_id)).json()["items"]
    return {each["contact_id"] for each in found}


async def test_two_customers_become_one_with_all_that_was_theirs(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    site = {"website": "https://acme.example"}
    one = await organization(
        api, industry="steel", external_ids=[{"system": "erp", "id": "1"}], **site
    )
    two = await organization(
        api, region="AT", tags=["vip"], external_ids=[{"system": "shop", "id": "2"}], **site
    )
    ann = await api.create_contact(given_name="Ann", memberships=[{"customer_id": two}])
    bob = await api.create_contact(
        given_name="Bob", memberships=[{"customer_id": one}, {"customer_id": two}]
    )
    await outbox.clear()
    made = await merged(api, one, two, choices={"display_name": two})
    shown = await customer(api, one)
    assert (shown["region"], shown["industry"], shown["tags"]) == ("AT", "steel", ["vip"])
    assert [named["system"] for named in shown["external_ids"]] == ["erp", "shop"]
    strategies = {each["field"]: each["strategy"] for each in made["fields"]}
    assert strategies == {"display_name": "chosen", "region": "present"} | dict.fromkeys(
        ("industry", "website"), "kept"
    )
    none = dict.fromkeys(("partners", "identities", "interactions", "relationships"), 0)
    counts = {"memberships": 2, **none}
    assert made["moved"] == counts
    assert await members(api, one) == {ann["contact_id"], bob["contact_id"]}
    assert await members(api, two) == set()
    assert await outbox.types(one) == ["customer.updated", "customer.merged", "customer.state"]
    gone = ["customer.updated", "customer.record-status-changed", "customer.state"]
    assert await outbox.types(two) == gone
    gone_state = await customer(api, two)
    assert (gone_state["record_status"], gone_state["merged_into"]) == ("merged", one)
    history = (await api.get(f"/v1/customers/{one}/history")).json()["items"]
    assert history[0]["fields"]["region"] == {"before": None, "after": "AT"}
    [case] = (await api.get("/v1/duplicates", status="merged")).json()["items"]
    assert case["survivor_id"] == one
    async with pool.acquire() as connection:
        assert set(await all_ids_of(connection, UUID(one))) == {UUID(one), UUID(two)}


async def test_what_was_said_last_stays_and_the_undoing_gives_the_former_back(api: Api) -> None:
    one = await organization(api, region="DE", industry="steel")
    two = await organization(api, region="AT", industry="iron")
    corrected = await api.call("PATCH", f"/v1/customers/{one}", json={"region": "CH"})
    assert corrected.status_code == 200, corrected.text
    made = await merged(api, one, two)
    strategies = {each["field"]: (each["strategy"], each["from_id"]) for each in made["fields"]}
    assert (strategies["region"], strategies["industry"]) == (("kept", one), ("recent", two))
    shown = await customer(api, one)
    assert (shown["region"], shown["industry"]) == ("CH", "iron")
    await undo(api, made["merge_id"])
    assert [(await customer(api, each))["industry"] for each in (one, two)] == ["steel", "iron"]


async def test_a_revenue_goes_with_its_currency_and_what_few_have_goes_back(api: Api) -> None:
    own = {"currency": "EUR", "annual_revenue": "10.50", "custom": {"schema_version": 1, "a": "x"}}
    won = {"channel": "fair", "cost": "7.25", "currency": "EUR"}
    one = await organization(api, **own)
    two = await organization(
        api, currency="USD", annual_revenue="99.00", team_id="west", acquisition=won
    )
    await api.call("PATCH", f"/v1/customers/{one}", json={"currency": "CHF"})
    names = ("currency", "annual_revenue", "team_id", "acquisition", "custom")
    before = [[(await customer(api, each))[name] for name in names] for each in (one, two)]
    made = await merged(api, one, two)
    shown = [(await customer(api, one))[name] for name in names]
    assert shown == [*before[1][:4], before[0][4]]
    await undo(api, made["merge_id"])
    after = [[(await customer(api, each))[name] for name in names] for each in (one, two)]
    assert after == before


async def test_a_repeat_of_a_merge_is_answered_like_the_first(api: Api, outbox: Outbox) -> None:
    one, two = await organization(api), await organization(api)
    headers = {"Idempotency-Key": "k"}
    body = {"survivor_id": one, "merged_ids": [two], "reason_code": "duplicate"}
    first = await api.post("/v1/merges/customers", body, headers=headers)
    facts = await outbox.types()
    again = await api.post("/v1/merges/customers", body, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    assert await outbox.types() == facts
    other = await api.post(
        "/v1/merges/customers", {**body, "survivor_id": two, "merged_ids": [one]}, headers=headers
    )
    assert (other.status_code, code_of(other)) == (409, "merge-id-is-taken")


async def test_what_is_no_one_party_is_refused(api: Api) -> None:
    one, two = await organization(api), await organization(api)
    person = (await api.create_customer())["customer_id"]
    taxed = await organization(api, tax_id="ATU1")
    other = await organization(api, tax_id="ATU2")
    refused = {
        "merge-of-itself": await merge(api, one, one),
        "customer-not-found": await merge(api, one, str(uuid4())),
        "kinds-differ": await merge(api, one, person),
        "unique-identifiers-differ": await merge(api, taxed, other),
        "record-has-changed": await merge(api, one, two, versions={two: 9}),
        "choice-is-unknown": await merge(api, one, two, choices={"owner_id": two}),
        "duplicate-case-not-found": await merge(api, one, two, case_id=str(uuid4())),
    }
    assert [code_of(answer) for answer in refused.values()] == list(refused)
    forced = await merged(api, taxed, other, force_reason="new-number")
    assert forced["forced_for"] == "new-number"


async def test_a_merged_customer_is_where_the_other_is(api: Api) -> None:
    one, two, three = [await organization(api) for _ in range(3)]
    await merged(api, two, one)
    await merged(api, three, two)
    moved = await api.get(f"/v1/customers/{one}")
    assert (moved.status_code, moved.headers["location"]) == (308, f"/v1/customers/{three}")
    assert moved.json() == {"merged_into": three}
    into = await merge(api, one, three)
    assert code_of(into) == "record-is-merged"


async def test_what_is_undone_is_as_it_was_but_for_what_came_since(
    api: Api, outbox: Outbox
) -> None:
    one = await organization(api, industry="steel", external_ids=[{"system": "erp", "id": "1"}])
    two = await organization(
        api, region="AT", website="https://two.example", tags=["vip"],
        external_ids=[{"system": "shop", "id": "2"}],
    )  # fmt: skip
    ann = await api.create_contact(
        given_name="Ann", memberships=[{"customer_id": two, "role": "x"}]
    )
    bob = await api.create_contact(
        given_name="Bob", memberships=[{"customer_id": one}, {"customer_id": two}]
    )
    before = [await customer(api, each) for each in (one, two)]
    made = await merged(api, one, two)
    await api.call("PATCH", f"/v1/customers/{one}", json={"region": "DE"})
    await outbox.clear()
    undone = await undo(api, made["merge_id"])
    assert undone.status_code == 200, undone.text
    assert (undone.json()["undone_by"], undone.json()["undone_for"]) == (
        "user:tester",
        "two-firms",
    )
    after = [await customer(api, each) for each in (one, two)]
    for each in (*before, *after):
        del each["version"]
    assert after == [{**before[0], "region": "DE"}, before[1]]
    assert await members(api, one) == {bob["contact_id"]}
    assert await members(api, two) == {ann["contact_id"], bob["contact_id"]}
    facts = ["customer.updated", "customer.unmerged", "customer.state"]
    assert await outbox.types(one) == facts
    told = await outbox.types()
    assert (await undo(api, made["merge_id"])).json() == undone.json()
    assert await outbox.types() == told
    again = await merged(api, two, one)
    assert again["merge_id"] != made["merge_id"]
    assert (await api.get(f"/v1/customers/{one}")).status_code == 308


async def test_a_chain_is_undone_from_its_end(api: Api) -> None:
    one, two, three = [await organization(api) for _ in range(3)]
    ann = (await api.create_contact(memberships=[{"customer_id": one}]))["contact_id"]
    first, second = await merged(api, two, one), await merged(api, three, two)
    refused = await undo(api, first["merge_id"])
    assert (refused.status_code, code_of(refused)) == (409, "record-is-merged")
    for each in (second, first):
        assert (await undo(api, each["merge_id"])).status_code == 200
    assert [await members(api, each) for each in (one, two, three)] == [{ann}, set(), set()]
    listed = (await api.get("/v1/merges", record_id=two, limit=1)).json()
    assert [each["merge_id"] for each in listed["items"]] == [second["merge_id"]]
    rest = (await api.get("/v1/merges", record_id=two, cursor=listed["next"])).json()
    assert [each["merge_id"] for each in rest["items"]] == [first["merge_id"]]


async def test_after_the_window_a_merge_is_final_and_what_was_kept_is_gone(
    api: Api, pool: Pool
) -> None:
    one, two = await organization(api), await organization(api, region="AT")
    made = await merged(api, one, two)
    await pool.execute("UPDATE merges SET reversible_until = now()")
    assert code_of(await undo(api, made["merge_id"])) == "merge-is-final"
    await forget_closed(pool)
    assert await pool.fetchval("SELECT kept FROM merges") is None
    assert (await api.get(f"/v1/merges/{made['merge_id']}")).status_code == 200
    assert (await undo(api, str(uuid4()))).status_code == 404


async def test_of_two_merges_into_each_other_one_is_refused(api: Api) -> None:
    for _ in range(3):
        one, two = await organization(api), await organization(api)
        answers = await asyncio.gather(merge(api, one, two), merge(api, two, one))
        assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_a_concurrent_edit_is_before_the_merge_or_refused(api: Api) -> None:
    one, two = await organization(api), await organization(api)
    edits = [
        api.call("PATCH", f"/v1/customers/{each}", json={"region": "DE"}) for each in (one, two)
    ]
    made, kept, other = await asyncio.gather(merge(api, one, two), *edits)
    assert (made.status_code, kept.status_code) == (201, 200)
    assert other.status_code in {200, 409}
    assert (await customer(api, one))["region"] == "DE"


async def test_relationships_follow_a_merge_and_its_undoing(api: Api) -> None:
    one, two, child, dealer = [await organization(api) for _ in range(4)]
    for from_id, to_id, kind in (
        (two, child, "parent-of"), (dealer, one, "dealer"), (dealer, two, "dealer"),
        (one, two, "supplier"),
    ):  # fmt: skip
        body = {"from_id": from_id, "to_id": to_id, "relationship_type": kind}
        assert (await api.post("/v1/relationships", body)).status_code == 201

    async def related(customer_id: str) -> list[tuple[str, str, str]]:
        found = (await api.get("/v1/relationships", party_id=customer_id)).json()["items"]
        return sorted((e["relationship_type"], e["from_id"], e["to_id"]) for e in found)

    before = [await related(each) for each in (one, two, child)]
    made = await merged(api, one, two)
    assert made["moved"]["relationships"] == 3
    assert await related(one) == [("dealer", dealer, one), ("parent-of", one, child)]
    assert (await api.get(f"/v1/customers/{child}/group")).json()["ancestor_ids"] == [one]
    assert (await undo(api, made["merge_id"])).status_code == 200
    assert [await related(each) for each in (one, two, child)] == before


async def test_a_preview_of_customers_tells_all_that_objects(api: Api, outbox: Outbox) -> None:
    one, two = await organization(api, tax_id="ATU1"), await organization(api, tax_id="ATU2")
    person = (await api.create_customer())["customer_id"]
    told = await outbox.types()
    body = {"survivor_id": one, "merged_ids": [two, person], "reason_code": "duplicate"}
    seen = (await api.post("/v1/merges/customers/preview", body)).json()
    codes = [each["code"] for each in seen["objections"]]
    assert codes == ["unique-identifiers-differ", "kinds-differ"]
    assert {each["field"]: each["value"] for each in seen["fields"]}["tax_id"] == "ATU2"
    assert await outbox.types() == told
    absent = {**body, "merged_ids": [str(uuid4())]}
    assert (await api.post("/v1/merges/customers/preview", absent)).status_code == 404


async def test_a_deal_won_under_the_old_id_moves_the_one_that_stayed(api: Api, pool: Pool) -> None:
    one, two = await organization(api), await organization(api)
    await merged(api, one, two)
    await apply(pool, deals, [record_of(won(two))])
    assert await lifecycle_of(pool, one) == "customer"
    async with pool.acquire() as connection:
        assert await current_id(connection, UUID(two)) == UUID(one)


async def test_who_waits_for_a_second_persons_word_is_not_merged(api: Api, outbox: Outbox) -> None:
    one, two = await organization(api), await organization(api)
    path = f"/v1/customers/{two}/lifecycle"
    await api.post(path, {"to": "customer", "reason_code": "signed"})
    proposal = await api.post(
        f"/v1/customers/{two}/offboarding", {"reason_code": "bad-debt"}, subject="anna"
    )
    proposal_id = proposal.json()["proposal_id"]
    await outbox.clear()
    for survivor, other in ((one, two), (two, one)):
        refused = await merge(api, survivor, other)
        assert (refused.status_code, code_of(refused)) == (409, "approval-is-open")
        assert refused.json()["proposal_ids"] == [proposal_id]
    assert await outbox.types() == []
    declined = await api.post(f"/v1/offboardings/{proposal_id}/decline", subject="maria")
    assert declined.status_code == 200, declined.text
    await merged(api, one, two)
