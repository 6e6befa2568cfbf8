"""A merged customer is where it was merged into, until the merge is undone."""

from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts import contacts, pipeline

from tests.integration.customer_360.conftest import Customer360
from tests.unit.customer_360.histories.story import Story
from tests.unit.customer_360.histories.times import START, at

ADA, BEN, CLEO = Story("ada"), Story("ben"), Story("cleo")


def merged(story: Story, into: UUID) -> contacts.CustomerState:
    return story.customer_state(record_status="merged", merged_into=into, external_ids=())


def merge(into: UUID, *merged_ids: UUID) -> contacts.CustomerMerged:
    return contacts.CustomerMerged(
        customer_id=into,
        merge_id=UUID(int=9),
        merged_ids=merged_ids,
        reversible_until=at(99),
        reason_code="duplicate",
        decided_by="user:mia",
    )


async def test_a_chain_of_merges_leads_to_its_end(service: Customer360) -> None:
    await service.happens(ADA.customer_state(), BEN.customer_state(), CLEO.customer_state())
    await service.happens(merged(ADA, BEN.customer), merged(BEN, CLEO.customer))
    answer = await service.client.get(f"/v1/customers/{ADA.customer}")
    assert answer.status_code == 308
    assert answer.headers["location"] == f"/v1/customers/{CLEO.customer}"
    assert answer.json() == {"merged_into": str(CLEO.customer)}
    found = (await service.get("/v1/customers", q="Müller Machines"))["items"]
    assert [each["customer_id"] for each in found] == [str(CLEO.customer)]
    listed = (await service.get("/v1/profiles"))["items"]
    assert [each["customer_id"] for each in listed] == [str(CLEO.customer)]


async def test_the_timeline_has_what_was_told_of_each_record(service: Customer360) -> None:
    await service.happens(ADA.customer_state(), BEN.customer_state(), ADA.deal_opened())
    told = pipeline.DealRepointed(
        deal_id=ADA.deal,
        customer_id=BEN.customer,
        party="customer",
        from_id=ADA.customer,
        to_id=BEN.customer,
    )
    before = await service.get(f"/v1/customers/{ADA.customer}")
    await service.happens(merged(ADA, BEN.customer), merge(BEN.customer, ADA.customer), told)
    for asked in (ADA.customer, BEN.customer):
        lines = (await service.get(f"/v1/customers/{asked}/timeline"))["items"]
        kinds = {line["kind"] for line in lines}
        assert {"deal.opened", "deal.repointed", "customer.merged"} <= kinds
    view = await service.get(f"/v1/customers/{BEN.customer}")
    assert view["deals"]["open_amount"] == before["deals"]["open_amount"] != {}


async def test_after_an_undoing_each_is_itself_again(service: Customer360) -> None:
    await service.happens(ADA.customer_state(), BEN.customer_state(), ADA.deal_opened())
    await service.happens(merged(ADA, BEN.customer), ADA.customer_state())
    view = await service.get(f"/v1/customers/{ADA.customer}")
    assert view["deals"]["open_amount"] != {}
    lines = (await service.get(f"/v1/customers/{BEN.customer}/timeline"))["items"]
    assert "deal.opened" not in {line["kind"] for line in lines}


async def told_of_ada(service: Customer360) -> None:
    """All that Ada's history has, under her own ids and those of her customer."""
    await service.happens(BEN.customer_state(), BEN.contact_state())
    for facts in ADA.history():
        await service.happens(*facts)


async def shown(service: Customer360, customer_id: UUID) -> dict[str, Any]:
    view = await service.get(f"/v1/customers/{customer_id}")
    return {
        "deals": (view["deals"]["won_count"], view["deals"]["won_amount"]),
        "orders": (view["orders"]["count"], view["orders"]["revenue"]),
        "tickets": [each["ticket_id"] for each in view["service"]["recent"]],
        "csat": view["service"]["csat"],
        "touches": [each["message_id"] for each in view["campaigns"]["touches"]],
        "responses": [each["response_id"] for each in view["campaigns"]["responses"]],
        "counts": (view["campaigns"]["sent"], view["campaigns"]["clicked"]),
        "interactions": [each["interaction_id"] for each in view["interactions"]["recent"]],
        "leads": [each["lead_id"] for each in view["leads"]],
    }


async def profile(service: Customer360, customer_id: UUID) -> dict[str, Any]:
    listed = (await service.get("/v1/profiles"))["items"]
    (found,) = [each for each in listed if each["customer_id"] == str(customer_id)]
    figures = {"order_count", "revenue", "won_deals", "messages_sent", "messages_clicked"}
    return {name: found[name] for name in figures}


async def test_what_was_written_under_the_old_id_is_in_the_survivors_sections_and_figures(
    service: Customer360,
) -> None:
    await told_of_ada(service)
    hers, figures = await shown(service, ADA.customer), await profile(service, ADA.customer)
    assert all(hers.values())
    await service.happens(merged(ADA, BEN.customer), merge(BEN.customer, ADA.customer))
    assert await shown(service, BEN.customer) == hers
    assert await profile(service, BEN.customer) == figures
    await service.happens(ADA.customer_state())  # undone
    assert not any((await shown(service, BEN.customer))["orders"])


async def test_a_merge_and_its_undoing_and_what_comes_under_an_old_id_raise_the_survivors_profile(
    service: Customer360,
) -> None:
    await service.happens(ADA.customer_state(), BEN.customer_state())

    async def version() -> int:
        found: int = (await service.get(f"/v1/customers/{BEN.customer}"))["profile_version"]
        return found

    seen = [await version()]
    for fact in (merged(ADA, BEN.customer), ADA.order(7), ADA.customer_state()):
        await service.happens(fact)
        seen.append(await version())
    assert seen == sorted(set(seen))
    await service.happens(ADA.order(8))
    assert await version() == seen[-1]


async def test_a_merged_person_is_shown_once_with_what_was_told_of_either_id(
    service: Customer360,
) -> None:
    """Both are at one customer; the old record's snapshot leads to the other's."""
    there = ADA.contact_state().memberships
    await service.happens(ADA.customer_state(), ADA.contact_state())
    await service.happens(BEN.contact_state(memberships=there))
    await service.happens(ADA.consent_granted(), ADA.message_sent())
    old = ADA.contact_state(record_status="merged", merged_into=BEN.contact, memberships=())
    await service.happens(old)
    view = await service.get(f"/v1/customers/{ADA.customer}")
    (person,) = view["people"]
    assert person["contact_id"] == str(BEN.contact)
    assert [each["status"] for each in person["consents"]] == ["granted"]
    assert [each["contact_id"] for each in view["campaigns"]["touches"]] == [str(ADA.contact)]
    lines = (await service.get(f"/v1/customers/{ADA.customer}/timeline"))["items"]
    assert {"message.sent", "consent.granted"} <= {line["kind"] for line in lines}
    await service.happens(ADA.contact_state(record_status="merged", merged_into=BEN.contact))
    again = await service.get(f"/v1/customers/{ADA.customer}")
    assert [each["contact_id"] for each in again["people"]] == [str(BEN.contact)]


async def test_a_search_for_a_person_finds_neither_a_merged_customer_nor_a_merged_person(
    service: Customer360,
) -> None:
    """Ben was at Ada's and at Cleo's company; both records of him lead to those who are left."""
    parts = (*ADA.contact_state().memberships, *CLEO.contact_state().memberships)
    for story in (ADA, BEN, CLEO):
        await service.happens(story.customer_state())
    await service.happens(BEN.contact_state(memberships=parts))

    async def found(text: str) -> set[str]:
        hits = (await service.get("/v1/customers", q=text))["items"]
        return {hit["customer_id"] for hit in hits}

    for text in (BEN.email, "Ben Lovelace", "Ben Lovelac"):
        assert await found(text) == {str(ADA.customer), str(CLEO.customer)}
    await service.happens(merged(ADA, CLEO.customer))
    for text in (BEN.email, "Ben Lovelace", "Ben Lovelac"):
        assert await found(text) == {str(CLEO.customer)}
    await service.happens(BEN.contact_state(record_status="merged", merged_into=CLEO.contact))
    for text in (BEN.email, "Ben Lovelace", "Ben Lovelac"):
        assert await found(text) == set()


async def test_the_view_tells_which_records_it_is_made_of_by_whom_and_until_when_that_can_be_undone(
    service: Customer360,
) -> None:
    await service.happens(ADA.customer_state(), BEN.customer_state(), BEN.contact_state())
    told = BEN.merged_with(ADA.customer)
    await service.happens(merged(ADA, BEN.customer), told, BEN.person_merged_with(ADA.contact))

    view = await service.get(f"/v1/customers/{BEN.customer}")

    assert view["aliases"] == [str(ADA.customer)]
    found = {each["party"]: each for each in view["identity"]["merges"]}
    assert found["customer"]["merged_ids"] == [str(ADA.customer)]
    assert found["customer"]["decided_by"] == "user:mia"
    assert datetime.fromisoformat(found["customer"]["decided_at"]) == START
    until = datetime.fromisoformat(found["customer"]["reversible_until"])
    assert (until, found["customer"]["is_undone"]) == (told.reversible_until, False)
    assert found["contact"]["merged_ids"] == [str(ADA.contact)]
    assert found["contact"]["decided_by"] == "policy:duplicates"
    assert view["identity"]["names"][str(ADA.customer)] == "Ada Müller Machines"
    assert str(ADA.contact) not in view["identity"]["names"]  # nobody told who that was


async def test_a_merge_that_was_undone_is_told_of_both_records(service: Customer360) -> None:
    await service.happens(ADA.customer_state(), BEN.customer_state())
    await service.happens(merged(ADA, BEN.customer), BEN.merged_with(ADA.customer))
    await service.happens(ADA.customer_state(), BEN.merge_undone(ADA.customer))

    for asked in (ADA.customer, BEN.customer):
        view = await service.get(f"/v1/customers/{asked}")
        assert view["aliases"] == []
        [told] = view["identity"]["merges"]
        assert (told["is_undone"], told["undone_by"]) == (True, "user:otto")
        assert (told["undone_for"], told["merged_ids"]) == ("mistake", [str(ADA.customer)])


async def test_a_repeated_merge_changes_nothing(service: Customer360) -> None:
    await service.happens(BEN.customer_state())
    await service.arrive([(BEN.merged_with(ADA.customer), 4), (BEN.merge_undone(ADA.customer), 5)])
    before = await service.get(f"/v1/customers/{BEN.customer}")
    await service.arrive([(BEN.merged_with(ADA.customer), 4)])
    after = await service.get(f"/v1/customers/{BEN.customer}")
    assert after["identity"] == before["identity"]
    assert after["identity"]["merges"][0]["is_undone"]
