"""A converted lead, a won deal and a reopened one move every service (choreography 7–10, 12)."""

from decimal import Decimal

from devstack.demo.doors import Json, eventually
from devstack.demo.story.cast import Cast
from devstack.demo.story.interest import show_interest
from devstack.demo.story.sale import Sale, make_sale
from shared.contracts.campaigns import AttributionComputed
from shared.contracts.contacts import CustomerLifecycleChanged
from shared.contracts.service_desk import TicketOpened

from tests.flows.ledger import Ledger
from tests.flows.view import assert_view_is_true


async def _sell(cast: Cast) -> Sale:
    return await make_sale(cast, await show_interest(cast))


async def _customer(cast: Cast, customer_id: str) -> Json:
    return await cast.sales.get("contacts", f"/v1/customers/{customer_id}")


async def test_a_converted_lead_makes_its_person_a_member_of_a_prospect(cast: Cast) -> None:
    interest = await show_interest(cast)
    path = f"/v1/leads/{interest.lead_id}"
    await cast.sales.post("pipeline", f"{path}/assign", {"owner_id": "anna"})
    await cast.sales.post("pipeline", f"{path}/contact")
    await cast.sales.post("pipeline", f"{path}/qualify", {"framework": "bant", "answers": {}})
    lead = await cast.sales.post("pipeline", f"{path}/convert")
    await cast.rest()
    customer = await _customer(cast, lead["customer_id"])
    assert customer["lifecycle"] == "prospect"
    assert customer["display_name"] == cast.customer.company
    person = await cast.sales.get("contacts", f"/v1/contacts/{interest.contact_id}")
    assert [m["customer_id"] for m in person["memberships"]] == [lead["customer_id"]]
    await assert_view_is_true(cast, lead["customer_id"])


async def test_converting_a_lead_again_changes_nothing(cast: Cast) -> None:
    interest = await show_interest(cast)
    sale = await make_sale(cast, interest)
    path = f"/v1/leads/{interest.lead_id}/convert"
    again = await cast.sales.post("pipeline", path)
    assert (again["customer_id"], again["deal_id"]) == (sale.customer_id, sale.deal_id)
    deals = await cast.sales.get("pipeline", "/v1/deals", customer_id=sale.customer_id)
    assert len(deals["items"]) == 1


async def test_a_won_deal_makes_the_prospect_a_customer_and_opens_onboarding(
    cast: Cast, ledger: Ledger
) -> None:
    sale = await _sell(cast)
    await cast.rest()
    changes = await ledger.facts(CustomerLifecycleChanged, sale.customer_id)
    assert [(fact.event.from_lifecycle, fact.event.to_lifecycle) for fact in changes] == [
        ("prospect", "customer")
    ]
    opened = await ledger.facts(TicketOpened, sale.onboarding_ticket_id)
    assert [fact.event.ticket_type for fact in opened] == ["onboarding"]
    view = await assert_view_is_true(cast, sale.customer_id)
    assert view["header"]["lifecycle"] == "customer"
    assert view["deals"]["won_count"] == 1


async def test_a_won_deal_is_attributed_to_campaigns_whose_shares_make_a_whole(
    cast: Cast, ledger: Ledger
) -> None:
    sale = await _sell(cast)
    await cast.rest()
    computed = await ledger.facts(AttributionComputed, sale.deal_id)
    assert len(computed) == 1
    touches = computed[0].event.touches
    assert sum(touch.weight for touch in touches) == (1 if touches else 0)


async def test_a_reopened_deal_takes_back_what_its_win_set_off(cast: Cast, ledger: Ledger) -> None:
    sale = await _sell(cast)
    path = f"/v1/deals/{sale.deal_id}/reopen"
    reopening = {"reason_code": "booked-in-error", "approved_by": "boss"}
    await cast.sales.post("pipeline", path, reopening)

    async def cancelled() -> bool:
        ticket_path = f"/v1/tickets/{sale.onboarding_ticket_id}"
        ticket = await cast.service.get("service-desk", ticket_path)
        return bool(ticket["status"] == "cancelled")

    await eventually(cancelled, "the onboarding ticket is cancelled")
    await cast.rest()
    assert (await _customer(cast, sale.customer_id))["lifecycle"] == "prospect"
    reversal = (await ledger.facts(AttributionComputed, sale.deal_id))[-1].event
    assert (reversal.amount, reversal.touches) == (Decimal(0), ())
    view = await assert_view_is_true(cast, sale.customer_id)
    assert [deal["deal_id"] for deal in view["deals"]["open"]] == [sale.deal_id]
