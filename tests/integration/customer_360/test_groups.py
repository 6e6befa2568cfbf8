"""The group of a customer with its sums, and related parties, in the view."""

from typing import Any

from tests.integration.customer_360.conftest import Customer360
from tests.unit.customer_360.histories.story import Story

ROOT, ADA, BOB = Story("root"), Story("ada"), Story("bob")


async def _view(service: Customer360, story: Story) -> Any:
    return await service.get(f"/v1/customers/{story.customer}")


async def test_the_view_of_every_member_has_the_whole_group(service: Customer360) -> None:
    for story in (ROOT, ADA, BOB):
        await service.happens(story.customer_state(), story.order(1, "10.00"))
    await service.happens(ADA.deal_opened(), BOB.ticket_opened())
    assert (await _view(service, ADA))["group"] is None
    await service.happens(ROOT.relationship(ADA.customer), ADA.relationship(BOB.customer))
    for story in (ROOT, ADA, BOB):
        group = (await _view(service, story))["group"]
        assert group["root_id"] == str(ROOT.customer)
        assert [each["depth"] for each in group["members"]] == [0, 1, 2]
        assert group["revenue"] == {"USD": "30.00"}
        assert (group["open_deals"], group["open_deal_amount"]) == (1, {"EUR": "12000.00"})
        assert (group["open_tickets"], group["open_critical_tickets"]) == (1, 1)
        assert group["is_whole"]
    assert (await _view(service, BOB))["group"]["parent_customer_id"] == str(ADA.customer)


async def test_related_parties_are_shown_by_name_in_both_directions(service: Customer360) -> None:
    await service.happens(ROOT.customer_state(), ADA.customer_state(), ADA.contact_state())
    dealer = ROOT.relationship(ADA.customer, relationship_type="dealer", role="exclusive")
    employs = ADA.relationship(ADA.contact, relationship_type="employs", to_type="contact")
    await service.happens(dealer, employs)
    seen = await _view(service, ADA)
    assert seen["group"] is None
    related = {each["relationship_type"]: each for each in seen["related"]}
    assert (related["dealer"]["direction"], related["dealer"]["role"]) == ("inward", "exclusive")
    assert related["dealer"]["other_name"] == "Root Müller Machines"
    assert related["employs"]["other_name"] == "Ada Lovelace"


async def test_what_has_ended_is_no_group(service: Customer360) -> None:
    await service.happens(ADA.customer_state(), ADA.relationship(), ADA.relationship_ended())
    seen = await _view(service, ADA)
    assert (seen["group"], seen["related"]) == (None, [])
