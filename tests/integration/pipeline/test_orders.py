"""ERP orders become the mirror, and find their customer whoever comes first."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from pipeline.orders.consumers import customers as customer_consumer
from pipeline.orders.consumers import orders as order_consumer
from pipeline.orders.domain import order_id_of
from shared.contracts.contacts import CustomerState, ExternalId
from shared.contracts.external import ErpOrderChanged
from shared.contracts.pipeline import (
    OrderConfirmed,
    OrderLine,
    OrderRevised,
    OrderState,
    OrderStatusChanged,
)
from shared.db import Pool, transaction
from shared.ids import new_id
from shared.messaging.consuming import apply
from shared.messaging.decoding import decode

from tests.integration.pipeline.conftest import Caller, Outbox
from tests.integration.pipeline.waiting import until_somebody_waits_for_a_lock
from tests.records import cause_of_test, record_of

ORDERED = datetime(1997, 1, 5, tzinfo=UTC)
Feed = Callable[..., Awaitable[None]]


def erp_order(order_no: str = "A-1", revision: int = 1, **fields: Any) -> ErpOrderChanged:
    line = OrderLine(line_id="1", product_id="cd", quantity=Decimal(2), amount=Decimal("20.50"))
    return ErpOrderChanged.model_validate(
        {
            "order_no": order_no,
            "revision": revision,
            "customer_system": "erp",
            "customer_ref": "42",
            "status": "confirmed",
            "lines": (line,),
            "total": Decimal("20.50"),
            "currency": "USD",
            "ordered_at": ORDERED,
            "changed_at": ORDERED + timedelta(days=min(revision, 99)),
            **fields,
        }
    )


def customer(customer_id: UUID, *refs: str) -> CustomerState:
    return CustomerState(
        customer_id=customer_id,
        kind="individual",
        display_name="Somebody",
        lifecycle="customer",
        lifecycle_since=ORDERED,
        source="import",
        external_ids=tuple(ExternalId(system="erp", id=ref) for ref in refs),
        created_at=ORDERED,
    )


async def test_an_order_of_a_known_customer_is_confirmed_in_the_erps_own_time(
    feed: Feed, outbox: Outbox
) -> None:
    customer_id = new_id()
    await feed("customers", record_of(customer(customer_id, "42")))
    await feed("orders", record_of(erp_order()))
    (confirmed,) = await outbox.facts()
    assert isinstance(confirmed, OrderConfirmed)
    assert (confirmed.customer_id, confirmed.ordered_at) == (customer_id, ORDERED)
    (headers,) = await outbox.headers(OrderConfirmed)
    assert datetime.fromisoformat(headers["ce_time"]) == ORDERED
    assert await outbox.versions(OrderConfirmed.topic.name) == [1]


async def test_an_order_waits_for_its_customer_and_goes_on_under_its_own_correlation(
    feed: Feed, outbox: Outbox, sales: Caller
) -> None:
    record = record_of(erp_order())
    await feed("orders", record)
    assert await outbox.facts(OrderConfirmed) == []
    waiting = (await sales.get("/v1/orders/waiting")).json()["items"]
    assert [order["external_ref"] for order in waiting] == ["A-1"]
    customer_id = new_id()
    await feed("customers", record_of(customer(customer_id, "41", "42")))
    (confirmed,) = await outbox.facts(OrderConfirmed)
    assert isinstance(confirmed, OrderConfirmed)
    assert confirmed.customer_id == customer_id
    (headers,) = await outbox.headers(OrderConfirmed)
    sent = dict(record.headers)
    assert headers["ce_causationid"] == sent["ce_id"].decode()
    assert headers["ce_correlationid"] == sent["ce_correlationid"].decode()
    assert (await sales.get("/v1/orders/waiting")).json()["items"] == []


async def test_only_the_newest_revision_waits(feed: Feed, outbox: Outbox) -> None:
    for revision in (2, 3, 1):
        await feed("orders", record_of(erp_order(revision=revision, total=Decimal(revision))))
    await feed("customers", record_of(customer(new_id(), "42")))
    (confirmed,) = await outbox.facts(OrderConfirmed)
    assert isinstance(confirmed, OrderConfirmed)
    assert confirmed.total == 3


async def test_an_order_that_is_further_when_first_seen_says_so(feed: Feed, outbox: Outbox) -> None:
    await feed("customers", record_of(customer(new_id(), "42")))
    await feed("orders", record_of(erp_order(revision=4, status="paid")))
    confirmed, moved = await outbox.facts()
    assert isinstance(confirmed, OrderConfirmed)
    assert isinstance(moved, OrderStatusChanged)
    assert (moved.from_status, moved.to_status) == ("confirmed", "paid")
    assert await outbox.versions(OrderConfirmed.topic.name) == [1, 2]


async def test_a_revision_changes_the_order_and_a_repeat_changes_nothing(
    feed: Feed, outbox: Outbox, sales: Caller
) -> None:
    await feed("customers", record_of(customer(new_id(), "42")))
    first = record_of(erp_order())
    second = record_of(erp_order(revision=2, total=Decimal(5), status="delivered"))
    await feed("orders", first, second)
    await feed("orders", first, second)
    await feed("orders", record_of(erp_order()), record_of(erp_order(revision=2)))
    kinds = [
        type(fact) for fact in await outbox.facts(OrderConfirmed, OrderRevised, OrderStatusChanged)
    ]
    assert kinds == [OrderConfirmed, OrderRevised, OrderStatusChanged]
    answer = await sales.get(f"/v1/orders/{order_id_of(erp_order())}")
    assert (answer.json()["total"], answer.json()["status"]) == ("5", "delivered")
    assert (answer.json()["version"], answer.headers["etag"]) == (3, '"3"')


async def test_a_batch_publishes_one_snapshot_of_each_order_that_it_changed(
    feed: Feed, outbox: Outbox, sales: Caller
) -> None:
    await feed("customers", record_of(customer(new_id(), "42")))
    await feed(
        "orders",
        record_of(erp_order()),
        record_of(erp_order("A-2")),
        record_of(erp_order(revision=2, total=Decimal(5), status="delivered")),
    )
    await feed("orders", record_of(erp_order("A-2", revision=9)))
    states = await outbox.facts(OrderState)
    assert await outbox.versions(OrderState.topic.name) == [3, 1]
    for state in states:
        assert isinstance(state, OrderState)
        answer = await sales.get(f"/v1/orders/{state.order_id}")
        assert state == OrderState.model_validate(answer.json())
    (headers, _) = await outbox.headers(OrderState)
    assert datetime.fromisoformat(headers["ce_time"]) == ORDERED + timedelta(days=2)


async def test_a_quiet_revision_still_outranks_an_older_one(feed: Feed, outbox: Outbox) -> None:
    await feed("customers", record_of(customer(new_id(), "42")))
    await feed("orders", record_of(erp_order(revision=1)))
    await feed("orders", record_of(erp_order(revision=5)))
    await feed("orders", record_of(erp_order(revision=3, total=Decimal(9))))
    assert [type(fact) for fact in await outbox.facts()] == [OrderConfirmed]


async def test_a_malformed_order_parks_and_the_others_go_on(
    feed: Feed, outbox: Outbox, pool: Pool
) -> None:
    await feed("customers", record_of(customer(new_id(), "42")))
    await feed(
        "orders",
        record_of(erp_order("B-1"), value=b'{"order_no": "B-1"}'),
        record_of(erp_order("B-2", revision=2**70)),
        record_of(erp_order("B-3")),
    )
    (confirmed,) = await outbox.facts(OrderConfirmed)
    assert isinstance(confirmed, OrderConfirmed)
    assert confirmed.external_ref == "B-3"
    keys = await pool.fetch("SELECT key FROM parked_keys ORDER BY key")
    assert [row["key"] for row in keys] == ["B-1", "B-2"]


async def test_an_older_state_of_a_customer_does_not_come_back(feed: Feed, pool: Pool) -> None:
    customer_id = new_id()
    newer = customer(customer_id, "43")
    await feed("customers", record_of(newer, 2))
    await feed("customers", record_of(customer(customer_id, "42"), 1))
    refs = await pool.fetch("SELECT ref FROM customer_refs WHERE customer_id IS NOT NULL")
    assert [row["ref"] for row in refs] == ["43"]


async def test_names_are_whose_they_are_at_last_in_whatever_order_a_merge_and_its_undoing_come(
    feed: Feed, pool: Pool
) -> None:
    """Snapshots of one customer come in order, those of two in any: each order has its own pair."""
    for number, turns in enumerate(sorted(set(permutations("SSSMMM")))):
        stays, merged, own, brought = new_id(), new_id(), f"own-{number}", f"brought-{number}"
        of_stays = [customer(stays, own), customer(stays, own, brought), customer(stays, own)]
        of_merged = [customer(merged, brought), customer(merged), customer(merged, brought)]
        told = {"S": enumerate(of_stays, 1), "M": enumerate(of_merged, 1)}
        for key in turns:
            version, state = next(told[key])
            cause = cause_of_test(at=ORDERED + timedelta(days=version))
            await feed("customers", record_of(state, version, cause=cause))
        rows = await pool.fetch(
            "SELECT ref, customer_id FROM customer_refs WHERE ref = ANY($1::text[])", [own, brought]
        )
        assert {row["ref"]: row["customer_id"] for row in rows} == {own: stays, brought: merged}


async def test_who_was_told_of_a_name_last_bears_it_and_another_has_it_back(
    feed: Feed, outbox: Outbox
) -> None:
    stays, merged = new_id(), new_id()

    async def tell(version: int, who: UUID, *refs: str) -> None:
        cause = cause_of_test(at=ORDERED + timedelta(days=version))
        await feed("customers", record_of(customer(who, *refs), version, cause=cause))

    await tell(3, merged, "42")  # has its name back by an undoing
    await tell(2, stays, "1", "42")  # of before it
    await feed("orders", record_of(erp_order("C-1")))
    await tell(3, stays, "1")
    await feed("orders", record_of(erp_order("C-2")))
    await tell(4, merged)
    await feed("orders", record_of(erp_order("C-3")))
    confirmed = [fact for fact in await outbox.facts() if isinstance(fact, OrderConfirmed)]
    assert [order.customer_id for order in confirmed] == [merged, merged]


@pytest.mark.parametrize("first", ["order", "customer"])
async def test_an_order_and_its_customer_at_the_same_time_find_each_other(
    pool: Pool, outbox: Outbox, first: str
) -> None:
    """One transaction is held open after its writes; the other must wait for it and then see it."""
    arrivals = {
        "order": (order_consumer, record_of(erp_order())),
        "customer": (customer_consumer, record_of(customer(new_id(), "42"))),
    }
    consumer, record = arrivals.pop(first)
    other_consumer, other_record = arrivals.popitem()[1]
    async with transaction(pool) as connection:
        received: Any = decode(record, consumer)
        (run,) = consumer.runs([received.received])
        await run.handle(connection, run.records)
        other = asyncio.create_task(apply(pool, other_consumer, [other_record]))
        await until_somebody_waits_for_a_lock(pool)
        assert not other.done()
    await other
    assert len(await outbox.facts(OrderConfirmed)) == 1
    assert await pool.fetchval("SELECT count(*) FROM waiting_orders") == 0


async def test_many_orders_and_customers_in_any_interleaving_leave_nothing_waiting(
    pool: Pool, outbox: Outbox
) -> None:
    refs = [str(number) for number in range(200)]
    orders = [
        record_of(erp_order(f"N-{ref}-{part}", customer_ref=ref))
        for part in range(2)
        for ref in refs
    ]
    people = [record_of(customer(new_id(), ref)) for ref in reversed(refs)]
    async with asyncio.TaskGroup() as tasks:
        for batch in _in(orders, 50):
            tasks.create_task(apply(pool, order_consumer, batch))
        for batch in _in(people, 25):
            tasks.create_task(apply(pool, customer_consumer, batch))
    assert len(await outbox.facts(OrderConfirmed)) == len(orders)
    assert await pool.fetchval("SELECT count(*) FROM waiting_orders") == 0


def _in(records: list[Any], size: int) -> list[list[Any]]:
    return [records[start : start + size] for start in range(0, len(records), size)]


async def test_a_customers_orders_are_listed_newest_first_in_pages(
    feed: Feed, sales: Caller
) -> None:
    customer_id = new_id()
    await feed("customers", record_of(customer(customer_id, "42")))
    await feed(
        "orders",
        *(
            record_of(erp_order(f"L-{day}", ordered_at=ORDERED + timedelta(days=day)))
            for day in range(3)
        ),
    )
    page = (await sales.get("/v1/orders", customer_id=customer_id, limit=2)).json()
    assert [order["external_ref"] for order in page["items"]] == ["L-2", "L-1"]
    rest = (
        await sales.get("/v1/orders", customer_id=customer_id, limit=2, cursor=page["next"])
    ).json()
    assert [order["external_ref"] for order in rest["items"]] == ["L-0"]
    assert rest["next"] is None
    assert (await sales.get(f"/v1/orders/{new_id()}")).status_code == 404
