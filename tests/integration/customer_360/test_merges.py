"""A merged customer is where it was merged into, until the merge is undone."""

from uuid import UUID

from shared.contracts import contacts, pipeline

from tests.integration.customer_360.conftest import Customer360
from tests.unit.customer_360.histories import Story, at

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
