"""Invoices that are overdue are told: each level once, whoever looks and whatever dies."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pipeline.orders.domain import order_id_of
from pipeline.payments.handlers import BATCH, look_at_due
from shared.contracts.contacts import Credit, CustomerState
from shared.contracts.pipeline import OrderPaymentOverdue, OrderState
from shared.db import Pool
from shared.ids import new_id

from tests.integration.pipeline.conftest import Caller, Outbox
from tests.integration.pipeline.test_orders import Feed, customer, erp_order
from tests.records import record_of

INVOICED = datetime(2026, 3, 2, 9, tzinfo=UTC)
DUE = INVOICED + timedelta(days=30)


def with_terms(customer_id: UUID, days: int) -> CustomerState:
    credit = Credit(limit=Decimal(100), currency="USD", terms_days=days)
    return customer(customer_id, "42").model_copy(update={"credit": credit})


async def invoice(feed: Feed, *numbers: str, **fields: Any) -> UUID:
    """These orders of one customer, each invoiced."""
    customer_id = new_id()
    await feed("customers", record_of(customer(customer_id, "42")))
    invoiced = {"status": "invoiced", "changed_at": INVOICED, **fields}
    await feed("orders", *(record_of(erp_order(number, **invoiced)) for number in numbers))
    return customer_id


async def look_after(pool: Pool, days: float, *, since: datetime = DUE) -> int:
    """What four processes look at, so many days after."""
    at = since + timedelta(days=days)
    looked = 0
    while batch := sum(await asyncio.gather(*(look_at_due(pool, at) for _ in range(4)))):
        looked += batch
    return looked


async def told(outbox: Outbox) -> list[tuple[int, int]]:
    facts = await outbox.facts(OrderPaymentOverdue)
    return [(f.level, f.days_overdue) for f in facts if isinstance(f, OrderPaymentOverdue)]


async def test_each_level_is_told_once_by_however_many_processes(
    feed: Feed, outbox: Outbox, pool: Pool, sales: Caller
) -> None:
    customer_id = await invoice(feed, "A-1", "A-2")
    for days in (-29, 0, 0.9):
        await look_after(pool, days)
    assert await told(outbox) == []
    for days in (1, 1, 2, 15, 31, 59, 60, 61, 400):
        await look_after(pool, days)
    assert await told(outbox) == [(1, 1)] * 2 + [(2, 15)] * 2 + [(3, 31)] * 2 + [(4, 60)] * 2
    fact = (await outbox.facts(OrderPaymentOverdue))[0]
    assert isinstance(fact, OrderPaymentOverdue)
    assert (fact.customer_id, fact.due_at, fact.terms_days) == (customer_id, DUE, 30)
    assert (fact.total, fact.currency, fact.policy_version) == (Decimal("20.50"), "USD", 1)
    answer = await sales.get(f"/v1/orders/{order_id_of(erp_order('A-1'))}")
    assert (answer.json()["overdue_level"], answer.json()["version"]) == (4, 6)
    newest = [f for f in await outbox.facts(OrderState) if isinstance(f, OrderState)][-1]
    assert (newest.overdue_level, newest.invoiced_at) == (4, INVOICED)


async def test_of_imported_history_only_the_highest_level_is_told(
    feed: Feed, outbox: Outbox, pool: Pool
) -> None:
    await invoice(feed, "A-1", changed_at=datetime(1997, 1, 5, tzinfo=UTC))
    assert await look_after(pool, 0) == 1
    assert await look_after(pool, 900) == 0
    [(level, days)] = await told(outbox)
    assert (level, days > 10_000) == (4, True)


async def test_what_is_paid_or_cancelled_is_never_told(
    feed: Feed, outbox: Outbox, pool: Pool
) -> None:
    await invoice(feed, "A-1", "A-2", "A-3")
    await feed("orders", record_of(erp_order("A-1", revision=2, status="paid")))
    await look_after(pool, 1)
    await feed("orders", record_of(erp_order("A-2", revision=2, status="cancelled")))
    await feed("orders", record_of(erp_order("A-3", revision=2, status="invoiced")))
    await look_after(pool, 15)
    facts = await outbox.facts(OrderPaymentOverdue)
    refs = [(f.external_ref, f.level) for f in facts if isinstance(f, OrderPaymentOverdue)]
    assert sorted(refs) == [("A-2", 1), ("A-3", 1), ("A-3", 2)]


async def test_the_terms_are_the_customers_as_they_are_when_it_is_looked(
    feed: Feed, outbox: Outbox, pool: Pool
) -> None:
    customer_id = await invoice(feed, "A-1")
    await look_after(pool, 0, since=INVOICED)
    await feed("customers", record_of(with_terms(customer_id, 10), 2))
    await look_after(pool, 11, since=INVOICED)
    assert await told(outbox) == [(1, 1)]
    await feed("customers", record_of(with_terms(customer_id, 60), 3))
    await look_after(pool, 60 + 14, since=INVOICED)
    assert await told(outbox) == [(1, 1)]
    await look_after(pool, 60 + 15, since=INVOICED)
    assert await told(outbox) == [(1, 1), (2, 15)]


async def test_a_crash_before_the_commit_says_nothing_and_the_next_look_all(
    feed: Feed, outbox: Outbox, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await invoice(feed, "A-1")

    class Deadly:
        def reach(self) -> None:
            raise ConnectionError

    for place, known in (("_BEFORE_COMMIT", 0), ("_AFTER_COMMIT", 1)):
        with monkeypatch.context() as dying:
            dying.setattr(f"pipeline.payments.handlers.{place}", Deadly())
            with pytest.raises(ConnectionError):
                await look_at_due(pool, DUE + timedelta(days=1))
        assert len(await told(outbox)) == known
    assert await look_at_due(pool, DUE + timedelta(days=1)) == 0
    assert await told(outbox) == [(1, 1)]


async def test_a_payment_that_comes_while_it_is_looked_at_waits_and_then_wins(
    feed: Feed, outbox: Outbox, pool: Pool
) -> None:
    await invoice(feed, "A-1")
    await asyncio.gather(
        look_after(pool, 1),
        feed("orders", record_of(erp_order("A-1", revision=2, status="paid"))),
    )
    assert await look_after(pool, 99) == 0
    assert len(await told(outbox)) <= 1
    versions = await outbox.versions(OrderPaymentOverdue.topic.name)
    assert versions == list(range(1, len(versions) + 1))


async def test_many_at_once_are_looked_at_in_batches(
    feed: Feed, outbox: Outbox, pool: Pool
) -> None:
    await invoice(feed, *(f"A-{number}" for number in range(BATCH + 1)))
    at = DUE + timedelta(days=20)
    assert [await look_at_due(pool, at) for _ in range(3)] == [BATCH, 1, 0]
    assert await told(outbox) == [(2, 20)] * (BATCH + 1)
