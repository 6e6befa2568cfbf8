"""Deals over HTTP, and what tickets do to them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pipeline.deals.commands import OpenDeal
from pipeline.deals.consumers import consumer as ticket_consumer
from pipeline.deals.handlers import open_deal_within
from pipeline.definitions.domain import STANDARD_PIPELINE
from pipeline.definitions.handlers import publish_standard_pipeline
from shared.auth import Role
from shared.contracts.pipeline import (
    DealAmountChanged,
    DealCloseDateChanged,
    DealLost,
    DealOpened,
    DealReopened,
    DealRiskCleared,
    DealRiskFlagged,
    DealStageChanged,
    DealState,
    DealWon,
    DefinitionPublished,
)
from shared.contracts.service_desk import (
    ClockBreached,
    TicketOpened,
    TicketPriorityChanged,
    TicketReopened,
    TicketResolved,
)
from shared.contracts.topic import Event
from shared.db import Pool, transaction
from shared.ids import new_id
from shared.messaging.consuming import apply
from shared.messaging.decoding import decode

from tests.integration.pipeline.conftest import Caller, Outbox
from tests.integration.pipeline.waiting import until_somebody_waits_for_a_lock
from tests.records import cause_of_test, record_of

Feed = Callable[..., Awaitable[None]]
NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


def deal_of(customer_id: UUID, **fields: Any) -> dict[str, Any]:
    return {
        "customer_id": str(customer_id),
        "name": "Light for the quay",
        "amount": "125000.00",
        "currency": "EUR",
        "expected_close_date": "2026-12-31",
        **fields,
    }


async def open_deal(sales: Caller, customer_id: UUID, **fields: Any) -> dict[str, Any]:
    answer = await sales.post("/v1/deals", deal_of(customer_id, **fields))
    assert answer.status_code == 201, answer.text
    deal: dict[str, Any] = answer.json()
    return deal


async def command(sales: Caller, deal: dict[str, Any], name: str, body: Any = None) -> Any:
    answer = await sales.post(f"/v1/deals/{deal['deal_id']}/{name}", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def risks(sales: Caller, deal: dict[str, Any]) -> set[tuple[str, str | None]]:
    answer = (await sales.get(f"/v1/deals/{deal['deal_id']}")).json()
    return {(risk["code"], risk["cause_id"]) for risk in answer["risks"]}


def ticket_opened(ticket_id: UUID, customer_id: UUID, severity: int = 1) -> TicketOpened:
    return TicketOpened(
        ticket_id=ticket_id,
        number="T-1",
        customer_id=customer_id,
        channel="phone",
        ticket_type="repair",
        severity=severity,
        priority="urgent",
        sla_policy_id=new_id(),
        sla_policy_version=1,
        received_at=NOW,
        source="agent",
    )


def ticket_resolved(ticket_id: UUID, customer_id: UUID, severity: int = 1) -> TicketResolved:
    return TicketResolved(
        ticket_id=ticket_id,
        customer_id=customer_id,
        severity=severity,
        resolution_code="fixed",
        root_cause="fuse",
        agent_id="bo",
        business_minutes=5,
        resolved_at=NOW,
    )


def breached(ticket_id: UUID, customer_id: UUID) -> ClockBreached:
    return ClockBreached(
        clock_id=new_id(),
        ticket_id=ticket_id,
        customer_id=customer_id,
        metric="resolution",
        severity=3,
        due_at=NOW,
        breached_at=NOW,
    )


async def test_a_deal_goes_through_its_life(sales: Caller, outbox: Outbox) -> None:
    deal = await open_deal(sales, new_id())
    assert (deal["stage_id"], deal["probability"], deal["owner_id"]) == ("discovery", 10, "anna")
    await command(sales, deal, "stage", {"stage_id": "negotiation"})
    await command(sales, deal, "amount", {"amount": "99000.50"})
    await command(sales, deal, "close-date", {"date": "2027-01-15"})
    won = await command(sales, deal, "win")
    assert (won["status"], won["probability"], won["version"]) == ("won", 100, 5)
    assert await command(sales, deal, "win") == won
    await command(sales, deal, "reopen", {"reason_code": "error", "approved_by": "boss"})
    lost = await command(sales, deal, "lose", {"reason_code": "price"})
    assert (lost["status"], lost["reason_code"]) == ("lost", "price")
    await command(sales, deal, "reopen", {"reason_code": "came-back"})
    facts = await outbox.facts()
    assert [type(fact) for fact in facts] == [
        DefinitionPublished,
        DealOpened,
        DealStageChanged,
        DealAmountChanged,
        DealCloseDateChanged,
        DealWon,
        DealReopened,
        DealLost,
        DealReopened,
    ]
    assert await outbox.versions(DealOpened.topic.name) == list(range(1, 9))


async def test_each_change_publishes_the_deal_as_the_api_shows_it(
    sales: Caller, outbox: Outbox
) -> None:
    deal = await open_deal(sales, new_id())
    flagged = await command(sales, deal, "risks", {"severity": "low"})
    won = await command(sales, deal, "win")
    states = await outbox.facts(DealState)
    assert await outbox.versions(DealState.topic.name) == [1, 2, 3]
    for state, shown in zip(states[1:], (flagged, won), strict=True):
        assert state == DealState.model_validate(shown)
    assert "version" not in DealState.model_fields


async def test_the_same_idempotency_key_opens_one_deal(sales: Caller, outbox: Outbox) -> None:
    customer_id = new_id()
    headers = {**sales.headers, "Idempotency-Key": "deal-1"}
    asked = Caller(sales.http, headers)
    first = await asked.post("/v1/deals", deal_of(customer_id))
    again = await asked.post("/v1/deals", deal_of(customer_id))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert len(await outbox.facts(DealOpened)) == 1
    other = await asked.post("/v1/deals", deal_of(new_id()))
    assert (other.status_code, other.json()["type"]) == (409, "urn:rapport:problem:deal-exists")


async def test_a_stale_version_is_refused(sales: Caller) -> None:
    deal = await open_deal(sales, new_id())
    path = f"/v1/deals/{deal['deal_id']}/amount"
    first = await sales.post(path, {"amount": "1"}, If_Match='"1"')
    assert (first.status_code, first.headers["etag"]) == (200, '"2"')
    assert (await sales.post(path, {"amount": "2"}, If_Match='"1"')).status_code == 412


async def test_rules_of_deals_answer_with_409_and_say_which(sales: Caller) -> None:
    deal = await open_deal(sales, new_id())
    path = f"/v1/deals/{deal['deal_id']}"
    final = await sales.post(f"{path}/stage", {"stage_id": "won"})
    assert (final.status_code, final.json()["type"]) == (
        409,
        "urn:rapport:problem:stage-is-final",
    )
    unknown = await sales.post(f"{path}/stage", {"stage_id": "nowhere"})
    assert (unknown.status_code, unknown.json()["field"]) == (422, "stage_id")
    await command(sales, deal, "win")
    approval = await sales.post(f"{path}/reopen", {"reason_code": "error"})
    assert (approval.status_code, approval.json()["field"]) == (422, "approved_by")
    assert (await sales.post(f"{path}/lose", {"reason_code": "price"})).status_code == 409


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


async def test_deals_are_listed_by_customer_in_pages(sales: Caller) -> None:
    customer_id = new_id()
    deals = [await open_deal(sales, customer_id, name=f"Deal {n}") for n in range(3)]
    await command(sales, deals[0], "lose", {"reason_code": "price"})
    page = (await sales.get("/v1/deals", customer_id=customer_id, limit=2)).json()
    assert [deal["name"] for deal in page["items"]] == ["Deal 2", "Deal 1"]
    rest = await sales.get("/v1/deals", customer_id=customer_id, limit=2, cursor=page["next"])
    assert [deal["name"] for deal in rest.json()["items"]] == ["Deal 0"]
    lost = await sales.get("/v1/deals", customer_id=customer_id, status="lost")
    assert [deal["name"] for deal in lost.json()["items"]] == ["Deal 0"]


async def test_the_standard_pipeline_is_published_once(pool: Pool, outbox: Outbox) -> None:
    await publish_standard_pipeline(pool)
    await publish_standard_pipeline(pool)
    (published,) = await outbox.facts()
    assert isinstance(published, DefinitionPublished)
    assert published.pipeline_id == STANDARD_PIPELINE.pipeline_id


async def test_a_new_version_of_a_pipeline_leaves_open_deals_on_theirs(
    sales: Caller, caller: Callable[[Role], Caller], outbox: Outbox
) -> None:
    deal = await open_deal(sales, new_id())
    admin = caller("admin")
    stages = [stage.model_dump() for stage in STANDARD_PIPELINE.stages]
    stages[1]["required_fields"] = ["primary_contact_id"]
    body = {
        "pipeline_id": str(STANDARD_PIPELINE.pipeline_id),
        "name": "Standard",
        "kind": "new-business",
        "stages": stages,
    }
    published = await admin.post("/v1/pipelines", body)
    assert (published.status_code, published.json()["pipeline_version"]) == (201, 2)
    assert (await admin.post("/v1/pipelines", body)).json()["pipeline_version"] == 2
    await command(sales, deal, "stage", {"stage_id": "proposal"})
    newer = await open_deal(sales, new_id())
    refused = await sales.post(f"/v1/deals/{newer['deal_id']}/stage", {"stage_id": "proposal"})
    assert (refused.status_code, refused.json()["missing"]) == (409, ["primary_contact_id"])
    waived = {"stage_id": "proposal", "waiver_reason": "known-person"}
    await command(sales, newer, "stage", waived)
    assert len(await outbox.facts(DefinitionPublished)) == 2
    assert [p["version"] for p in (await sales.get("/v1/pipelines")).json()["items"]] == [1, 2]


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
