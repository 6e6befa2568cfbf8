"""What grave tickets and broken promises do to the open deals of their customer."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from pipeline.deals.commands import OpenDeal
from pipeline.deals.consumers import consumer as ticket_consumer
from pipeline.deals.handlers import open_deal_within
from shared.contracts.pipeline import (
    DealReopened,
    DealRiskCleared,
    DealRiskFlagged,
    DealWon,
)
from shared.contracts.service_desk import (
    TicketPriorityChanged,
    TicketReopened,
)
from shared.contracts.topic import Event
from shared.db import Pool, transaction
from shared.ids import new_id
from shared.messaging.consuming import apply
from shared.messaging.decoding import decode

from tests.integration.pipeline.conftest import Caller, Outbox
from tests.integration.pipeline.deals import command, open_deal, risks
from tests.integration.pipeline.tickets import NOW, breached, ticket_opened, ticket_resolved
from tests.integration.pipeline.waiting import until_somebody_waits_for_a_lock
from tests.records import cause_of_test, record_of

Feed = Callable[..., Awaitable[None]]


async def test_a_grave_ticket_flags_the_open_deals_of_its_customer_until_it_is_resolved(
    sales: Caller, feed: Feed
) -> None:
    customer_id, first, second = new_id(), new_id(), new_id()
    deal = await open_deal(sales, customer_id)
    other = await open_deal(sales, new_id())
    opened = record_of(ticket_opened(first, customer_id))
    await feed("tickets", opened, record_of(ticket_opened(second, customer_id, 2)))
    await feed("tickets", opened)
    code = "open-critical-ticket"
    assert await risks(sales, deal) == {(code, str(first)), (code, str(second))}
    assert await risks(sales, other) == set()
    await feed("tickets", record_of(ticket_resolved(first, customer_id)))
    assert await risks(sales, deal) == {(code, str(second))}
    await feed("tickets", record_of(ticket_resolved(second, customer_id)))
    assert await risks(sales, deal) == set()


async def test_a_danger_of_high_severity_stops_the_win_unless_it_is_waived(
    sales: Caller, feed: Feed, outbox: Outbox
) -> None:
    customer_id = new_id()
    deal = await open_deal(sales, customer_id)
    await feed("tickets", record_of(ticket_opened(new_id(), customer_id)))
    refused = await sales.post(f"/v1/deals/{deal['deal_id']}/win")
    assert refused.status_code == 409
    assert refused.json()["risks"] == ["open-critical-ticket"]
    await command(sales, deal, "win", {"waiver_reason": "customer-insists"})
    (won,) = await outbox.facts(DealWon)
    assert isinstance(won, DealWon)
    assert won.waiver_reason == "customer-insists"


async def test_a_ticket_that_becomes_grave_flags_and_one_that_eases_clears(
    sales: Caller, feed: Feed
) -> None:
    customer_id, ticket_id = new_id(), new_id()
    deal = await open_deal(sales, customer_id)
    await feed("tickets", record_of(ticket_opened(ticket_id, customer_id, severity=3)))
    assert await risks(sales, deal) == set()

    async def change(version: int, severity: int) -> None:
        changed = TicketPriorityChanged(
            ticket_id=ticket_id,
            customer_id=customer_id,
            from_severity=3,
            to_severity=severity,
            from_priority="normal",
            to_priority="urgent",
            status="open",
            reason_code="worse",
        )
        await feed("tickets", record_of(changed, version))

    await change(2, 2)
    assert await risks(sales, deal) == {("open-critical-ticket", str(ticket_id))}
    await change(3, 4)
    assert await risks(sales, deal) == set()


async def test_a_reopened_ticket_flags_again(sales: Caller, feed: Feed) -> None:
    customer_id, ticket_id = new_id(), new_id()
    deal = await open_deal(sales, customer_id)
    reopened = TicketReopened(
        ticket_id=ticket_id, customer_id=customer_id, severity=1, reopen_count=1, reason_code="no"
    )
    await feed(
        "tickets",
        record_of(ticket_opened(ticket_id, customer_id)),
        record_of(ticket_resolved(ticket_id, customer_id), 2),
        record_of(reopened, 3),
    )
    assert await risks(sales, deal) == {("open-critical-ticket", str(ticket_id))}


async def test_a_breach_flags_once_its_ticket_is_known_but_not_after_its_end(
    sales: Caller, feed: Feed
) -> None:
    customer_id, first, second = new_id(), new_id(), new_id()
    deal = await open_deal(sales, customer_id)
    await feed("tickets", record_of(breached(first, customer_id)))
    assert await risks(sales, deal) == set()
    await feed("tickets", record_of(ticket_opened(first, customer_id, 3)))
    assert await risks(sales, deal) == {("sla-breached", str(first))}
    await feed("tickets", record_of(ticket_resolved(first, customer_id, 3), 2))
    assert await risks(sales, deal) == set()
    await feed("tickets", record_of(ticket_opened(second, customer_id, 3)))
    await feed("tickets", record_of(ticket_resolved(second, customer_id, 3), 2))
    await feed("tickets", record_of(breached(second, customer_id)))
    assert await risks(sales, deal) == set()


async def test_a_deal_opened_or_reopened_during_a_grave_ticket_is_flagged_at_once(
    sales: Caller, feed: Feed, outbox: Outbox
) -> None:
    customer_id, ticket_id, over = new_id(), new_id(), new_id()
    flag = ("open-critical-ticket", str(ticket_id))
    lost = await open_deal(sales, customer_id)
    await feed("tickets", record_of(ticket_opened(over, customer_id)))
    await command(sales, lost, "lose", {"reason_code": "price"})
    await feed("tickets", record_of(ticket_opened(ticket_id, customer_id)))
    await feed("tickets", record_of(ticket_resolved(over, customer_id), 2))
    deal = await open_deal(sales, customer_id)
    assert await risks(sales, deal) == {flag}
    reopened = await command(sales, lost, "reopen", {"reason_code": "came-back"})
    assert [(risk["code"], risk["cause_id"]) for risk in reopened["risks"]] == [flag]
    reopening, *follow_ups = [type(fact) for fact in await outbox.facts()][-3:]
    assert reopening is DealReopened
    assert set(follow_ups) == {DealRiskCleared, DealRiskFlagged}


async def test_a_deal_and_a_ticket_at_the_same_time_do_not_miss_each_other(
    sales: Caller, pool: Pool
) -> None:
    """The ticket's transaction is held open after its writes; the deal waits, and then sees it."""
    customer_id, ticket_id = new_id(), new_id()
    async with transaction(pool) as connection:
        await _handle(connection, ticket_opened(ticket_id, customer_id))
        opening = asyncio.create_task(open_deal(sales, customer_id))
        await until_somebody_waits_for_a_lock(pool)
    assert await risks(sales, await opening) == {("open-critical-ticket", str(ticket_id))}


async def test_a_ticket_that_comes_while_a_deal_is_being_opened_sees_it(
    sales: Caller, pool: Pool
) -> None:
    customer_id, ticket_id = new_id(), new_id()
    record = record_of(ticket_opened(ticket_id, customer_id))
    async with transaction(pool) as connection:
        deal = await _opened_within(connection, customer_id)
        hearing = asyncio.create_task(apply(pool, ticket_consumer, [record]))
        await until_somebody_waits_for_a_lock(pool)
    await hearing
    assert await risks(sales, {"deal_id": deal}) == {("open-critical-ticket", str(ticket_id))}


async def test_a_risk_that_follows_a_ticket_is_not_cleared_by_hand(
    sales: Caller, feed: Feed
) -> None:
    customer_id, ticket_id = new_id(), new_id()
    deal = await open_deal(sales, customer_id)
    await command(sales, deal, "risks", {"code": "manual", "severity": "low"})
    await feed("tickets", record_of(ticket_opened(ticket_id, customer_id)))
    path = f"/v1/deals/{deal['deal_id']}/risks/clear"
    asked = {"code": "open-critical-ticket", "cause_id": str(ticket_id)}
    assert (await sales.post(path, asked)).status_code == 409
    cleared = await command(sales, deal, "risks/clear", {"code": "manual"})
    assert [risk["code"] for risk in cleared["risks"]] == ["open-critical-ticket"]


async def _handle(connection: Any, fact: Event) -> None:
    outcome: Any = decode(record_of(fact), ticket_consumer)
    (run,) = ticket_consumer.runs([outcome.received])
    await run.handle(connection, run.records)


async def _opened_within(connection: Any, customer_id: UUID) -> str:
    opening = OpenDeal(
        deal_id=new_id(),
        customer_id=customer_id,
        name="Light for the quay",
        amount=Decimal(125000),
        currency="EUR",
        expected_close_date=NOW.date(),
        owner_id="anna",
        at=NOW,
    )
    return str((await open_deal_within(connection, cause_of_test(), opening)).deal_id)
