"""A grave ticket endangers deals and holds mail until the last one is over (choreography 21–23)."""

from devstack.demo.doors import Json, eventually
from devstack.demo.story.campaign import launch, message_of
from devstack.demo.story.cast import Cast
from devstack.demo.story.interest import Interest, show_interest
from devstack.demo.story.sale import Sale, make_sale
from devstack.demo.story.trouble import CODE

from tests.flows.steps import open_deal, open_ticket, resolve
from tests.flows.view import assert_view_is_true


async def _known_customer(cast: Cast) -> tuple[Interest, Sale]:
    interest = await show_interest(cast)
    return interest, await make_sale(cast, interest)


async def _causes(cast: Cast, deal_id: str) -> set[str]:
    deal = await cast.sales.get("pipeline", f"/v1/deals/{deal_id}")
    return {risk["cause_id"] for risk in deal["risks"] if risk["code"] == CODE}


async def test_a_grave_ticket_flags_every_open_deal_of_its_customer(cast: Cast) -> None:
    _, sale = await _known_customer(cast)
    deals = [await open_deal(cast, sale.customer_id, name) for name in ("quay", "tower")]
    ticket_id = await open_ticket(cast, sale.customer_id, severity=2)
    await cast.rest()
    assert [await _causes(cast, deal_id) for deal_id in deals] == [{ticket_id}, {ticket_id}]
    view = await assert_view_is_true(cast, sale.customer_id)
    assert view["service"]["open_critical"] == 1


async def test_a_harmless_ticket_flags_nothing(cast: Cast) -> None:
    _, sale = await _known_customer(cast)
    deal_id = await open_deal(cast, sale.customer_id, "quay")
    await open_ticket(cast, sale.customer_id, severity=3)
    await cast.rest()
    assert await _causes(cast, deal_id) == set()
    view = await assert_view_is_true(cast, sale.customer_id)
    assert view["service"]["open_critical"] == 0


async def test_a_deal_opened_during_a_grave_ticket_is_flagged_from_the_start(cast: Cast) -> None:
    _, sale = await _known_customer(cast)
    ticket_id = await open_ticket(cast, sale.customer_id, severity=1)
    await cast.rest()
    deal_id = await open_deal(cast, sale.customer_id, "quay")
    await cast.rest()
    assert await _causes(cast, deal_id) == {ticket_id}
    await assert_view_is_true(cast, sale.customer_id)


async def test_a_deal_is_safe_again_when_the_last_grave_ticket_is_resolved(cast: Cast) -> None:
    _, sale = await _known_customer(cast)
    deal_id = await open_deal(cast, sale.customer_id, "quay")
    first = await open_ticket(cast, sale.customer_id, severity=1)
    second = await open_ticket(cast, sale.customer_id, severity=2)
    await cast.rest()
    await resolve(cast, first)
    await cast.rest()
    assert second in await _causes(cast, deal_id)
    await resolve(cast, second)
    await cast.rest()
    assert await _causes(cast, deal_id) == set()
    await assert_view_is_true(cast, sale.customer_id)


async def test_mail_waits_while_a_grave_ticket_is_open_and_goes_out_after(cast: Cast) -> None:
    interest, sale = await _known_customer(cast)
    ticket_id = await open_ticket(cast, sale.customer_id, severity=1)
    await cast.rest()
    campaign_id = await launch(cast, interest.contact_id, "autumn")

    async def message_in(status: str) -> Json | None:
        message = await message_of(cast, interest.contact_id, campaign_id)
        return message if message and message["status"] == status else None

    held = await eventually(lambda: message_in("held"), "the message is held")
    assert held["reason_code"] == "open-ticket"
    assert await cast.doors.mails_to(cast.customer.email) == []
    await resolve(cast, ticket_id)
    await eventually(lambda: message_in("sent"), "the message is sent")
    assert len(await cast.doors.mails_to(cast.customer.email)) == 1
    view = await assert_view_is_true(cast, sale.customer_id)
    assert view["campaigns"]["sent"] == 1
