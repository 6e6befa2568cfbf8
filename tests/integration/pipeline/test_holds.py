"""Credit holds of contacts: they flag deals and stop wins, also of deals that open later."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from shared.contracts.contacts import CustomerCreditHoldPlaced, CustomerCreditHoldReleased
from shared.ids import new_id

from tests.integration.pipeline.conftest import Caller
from tests.integration.pipeline.deals import command, open_deal, risks
from tests.records import record_of

Feed = Callable[..., Awaitable[None]]
NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
FLAG = {("credit-hold", None)}


def placed(customer_id: UUID, reason_code: str = "over-limit") -> CustomerCreditHoldPlaced:
    return CustomerCreditHoldPlaced(
        customer_id=customer_id,
        reason_code=reason_code,
        is_manual=False,
        exposure=Decimal(2),
        overdue_amount=Decimal(0),
        currency="EUR",
        placed_by="policy",
        placed_at=NOW,
    )


def released(customer_id: UUID) -> CustomerCreditHoldReleased:
    return CustomerCreditHoldReleased(
        customer_id=customer_id, released_by="policy", reason_code="cause-gone", released_at=NOW
    )


async def test_a_hold_flags_deals_and_stops_wins_until_it_is_released(
    sales: Caller, feed: Feed
) -> None:
    customer_id = new_id()
    deal, other = await open_deal(sales, customer_id), await open_deal(sales, new_id())
    held = record_of(placed(customer_id), 4)
    await feed("credit", held, record_of(placed(new_id()), value=b"{"))
    await feed("credit", held)
    later = await open_deal(sales, customer_id)
    assert await risks(sales, deal) == await risks(sales, later) == FLAG
    assert await risks(sales, other) == set()
    refused = await sales.post(f"/v1/deals/{deal['deal_id']}/win", {"waiver_reason": "pilot"})
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("customer-is-on-credit-hold")
    assert refused.json()["hold"] == "over-limit"
    await command(sales, later, "lose", {"reason_code": "price"})
    await feed("credit", record_of(released(customer_id), 6))
    await command(sales, later, "reopen", {"reason_code": "error"})
    assert await risks(sales, deal) == await risks(sales, later) == set()
    await command(sales, deal, "win")


async def test_an_older_word_on_a_hold_changes_nothing(sales: Caller, feed: Feed) -> None:
    customer_id = new_id()
    deal = await open_deal(sales, customer_id)
    await feed("credit", record_of(released(customer_id), 7))
    await feed("credit", record_of(placed(customer_id), 5))
    assert await risks(sales, deal) == set()
