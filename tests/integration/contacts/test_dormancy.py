"""Dormancy on a real database: who is noticed by the job, who is not, and who wakes."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from contacts.credit.consumers import consumer as orders
from contacts.credit.handlers import note_orders
from contacts.customers.consumers import deals
from contacts.dormancy import handlers
from contacts.dormancy.handlers import notice_quiet_customers, run_dry_runs
from contacts.figures.domain import order_row
from contacts.grades.consumers import consumer as figures
from shared.db import Pool, transaction
from shared.messaging.consuming import apply

from tests.integration.contacts.conftest import Api, Outbox, lifecycle_of
from tests.integration.contacts.test_grades import FROM, NOW, deal, order, ticket
from tests.integration.contacts.test_merges import merged
from tests.integration.contacts.test_reactions import won
from tests.records import cause_of_test, record_of

_WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
POLICIES = "/v1/dormancy-policies"


async def known(api: Api, pool: Pool, *, lifecycle: str = "customer", days: int = 400) -> str:
    """Somebody who has been here, and that, for so long."""
    created = await api.create_customer(kind="organization", display_name=f"Firm {uuid4()}")
    customer_id: str = created["customer_id"]
    await pool.execute(
        "UPDATE customers SET lifecycle = $2, created_at = $3, lifecycle_since = $3"
        " WHERE customer_id = $1",
        UUID(customer_id),
        lifecycle,
        NOW - timedelta(days=days),
    )
    return customer_id


async def record_touch(api: Api, days_ago: int, **fields: Any) -> None:
    touch = {"channel": "phone", "direction": "inbound", "kind": "call"}
    when = (NOW - timedelta(days=days_ago)).isoformat()
    answer = await api.post("/v1/interactions", {**touch, "occurred_at": when, **fields})
    assert answer.status_code == 201, answer.text


async def moves(outbox: Outbox) -> list[dict[str, Any]]:
    return [
        json.loads(row["payload"])
        for row in await outbox.rows()
        if "lifecycle-changed" in row["headers"]
    ]


async def until_one_waits(pool: Pool, acting: asyncio.Future[Any], *, waiting: int = 1) -> None:
    """Until it waits for a lock, or is done without having waited."""
    async with asyncio.timeout(20):
        while not acting.done() and await pool.fetchval(_WAITING) < waiting:
            await asyncio.sleep(0.01)


async def test_the_quiet_are_noticed_once_with_the_reason_and_the_policy(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    quiet = await known(api, pool)
    await outbox.clear()
    for _ in range(2):
        await notice_quiet_customers(pool)
    assert await lifecycle_of(pool, quiet) == "dormant"
    assert await outbox.types() == ["customer.lifecycle-changed", "customer.state"]
    [fact] = await moves(outbox)
    assert (fact["reason_code"], fact["policy_version"]) == ("quiet", 1)
    assert fact["quiet_since"].startswith((NOW - timedelta(days=400)).date().isoformat())


async def test_two_processes_notice_each_once(api: Api, pool: Pool, outbox: Outbox) -> None:
    for _ in range(5):
        await known(api, pool)
    await outbox.clear()
    await asyncio.gather(*(notice_quiet_customers(pool) for _ in range(3)))
    assert await outbox.types() == ["customer.lifecycle-changed", "customer.state"] * 5


async def test_an_order_a_deal_a_ticket_or_a_touch_keeps_a_customer_awake(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    ordered, dealing, asking, talking, of_people, quiet = [await known(api, pool) for _ in range(6)]
    person = await api.create_contact(memberships=[{"customer_id": of_people}])
    await apply(pool, orders, [record_of(order(ordered, 5))])
    old = cause_of_test(at=NOW - timedelta(days=300))
    await apply(
        pool,
        figures,
        [record_of(deal(dealing)), record_of(deal(quiet), cause=old), record_of(ticket(asking))],
    )
    await record_touch(api, 179, customer_id=talking)
    await record_touch(api, 20, contact_ids=[person["contact_id"]])
    await record_touch(api, 181, customer_id=quiet)
    await outbox.clear()
    await notice_quiet_customers(pool)
    assert [fact["customer_id"] for fact in await moves(outbox)] == [quiet]
    [fact] = await moves(outbox)
    assert fact["quiet_since"].startswith((NOW - timedelta(days=181)).date().isoformat())


async def test_what_was_heard_under_an_old_id_counts_and_a_merged_record_is_left_alone(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    one, other, gone, archived = [await known(api, pool) for _ in range(4)]
    await merged(api, one, other)
    await pool.execute(
        "UPDATE customers SET record_status = 'erased' WHERE customer_id = $1", UUID(gone)
    )
    await api.post(f"/v1/customers/{archived}/archive", {"reason_code": "old"})
    await apply(pool, orders, [record_of(order(other, 5))])
    await outbox.clear()
    await notice_quiet_customers(pool)
    assert await outbox.types() == []


async def test_dormant_for_twice_as_long_is_churned(api: Api, pool: Pool) -> None:
    still, churned, heard = [
        await known(api, pool, lifecycle="dormant", days=days) for days in (359, 361, 361)
    ]
    await record_touch(api, 300, customer_id=heard)
    await notice_quiet_customers(pool)
    assert await lifecycle_of(pool, still) == "dormant"
    assert await lifecycle_of(pool, churned) == "churned"
    assert await lifecycle_of(pool, heard) == "dormant"


async def test_a_dormant_customer_who_orders_again_is_awake_by_whatever_id(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    buyer, other, historic = [
        await known(api, pool, lifecycle="dormant", days=10) for _ in range(3)
    ]
    alias = await known(api, pool, lifecycle="dormant", days=10)
    await merged(api, other, alias)
    await outbox.clear()
    again, by_old_id = order(buyer, 5, ordered_at=NOW), order(alias, 5, ordered_at=NOW)
    long_ago = order(historic, 5, ordered_at=NOW - timedelta(days=191))
    for _ in range(2):
        told = [record_of(fact) for fact in (again, by_old_id, long_ago)]
        await apply(pool, orders, [*told, record_of(again, value=b"{", key=b"x")])
    assert [await lifecycle_of(pool, each) for each in (buyer, other, historic)] == [
        "customer", "customer", "dormant",
    ]  # fmt: skip
    facts = {fact["customer_id"]: fact for fact in await moves(outbox)}
    assert {name: fact["cause_id"] for name, fact in facts.items()} == {
        buyer: str(again.order_id),
        other: str(by_old_id.order_id),
    }
    assert len(await moves(outbox)) == 2
    assert {fact["reason_code"] for fact in facts.values()} == {"order-confirmed"}


async def test_an_order_that_is_just_written_is_waited_for(api: Api, pool: Pool) -> None:
    buyer = await known(api, pool)
    bought = order_row(order(buyer, 5, ordered_at=NOW), 1)
    async with transaction(pool) as writing:
        await note_orders(writing, cause_of_test(), [bought])
        noticing = asyncio.ensure_future(notice_quiet_customers(pool))
        await until_one_waits(pool, noticing)
    await noticing
    assert await lifecycle_of(pool, buyer) == "customer"


async def test_an_order_that_comes_while_dormancy_is_decided_wakes_at_once(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    buyer = await known(api, pool)
    await outbox.clear()
    async with transaction(pool) as outside:
        await outside.execute("LOCK TABLE outbox IN SHARE MODE")
        noticing = asyncio.ensure_future(notice_quiet_customers(pool))
        await until_one_waits(pool, noticing)
        told = [record_of(order(buyer, 5, ordered_at=NOW))]
        ordering = asyncio.ensure_future(apply(pool, orders, told))
        await until_one_waits(pool, ordering, waiting=2)
    await asyncio.gather(noticing, ordering)
    assert [fact["to_lifecycle"] for fact in await moves(outbox)] == ["dormant", "customer"]


async def test_a_deal_wins_a_churned_customer_back(api: Api, pool: Pool, outbox: Outbox) -> None:
    lost = await known(api, pool, lifecycle="churned")
    await outbox.clear()
    deal_won = won(lost)
    await apply(pool, orders, [record_of(order(lost, 5, ordered_at=NOW))])
    assert await lifecycle_of(pool, lost) == "churned"
    for _ in range(2):
        await apply(pool, deals, [record_of(deal_won)])
    [fact] = await moves(outbox)
    assert (fact["to_lifecycle"], fact["reason_code"]) == ("customer", "won-back")


async def test_another_version_of_the_policy_rules_from_its_date_on(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    retailer, other = await known(api, pool, days=100), await known(api, pool, days=100)
    await pool.execute(
        "UPDATE customers SET industry = 'retail' WHERE customer_id = $1", UUID(retailer)
    )
    rules = {"days": 180, "days_by_industry": {"retail": 90}, "churn_factor": 3}
    body = {"rules": rules, "effective_from": FROM}
    key = {"headers": {"idempotency-key": str(uuid4())}}
    later = {**body, "effective_from": (NOW + timedelta(days=9)).isoformat()}
    await notice_quiet_customers(pool)
    published = await api.post(POLICIES, body, **key)
    assert (published.status_code, published.json()["policy_version"]) == (201, 2)
    assert (await api.post(POLICIES, body, **key)).json() == published.json()
    taken = await api.post(POLICIES, later, **key)
    assert taken.status_code == 409
    assert taken.json()["type"].endswith("dormancy-policy-id-is-taken")
    future = {**later, "rules": {**rules, "days": 30}}
    assert (await api.post(POLICIES, future)).json()["policy_version"] == 3
    await outbox.clear()
    await notice_quiet_customers(pool)
    assert [fact["policy_version"] for fact in await moves(outbox)] == [2]
    assert await lifecycle_of(pool, retailer) == "dormant"
    assert await lifecycle_of(pool, other) == "customer"
    listed = (await api.get(POLICIES, limit=2)).json()["items"]
    assert [each["policy_version"] for each in listed] == [3, 2]
    path = f"{POLICIES}/{published.json()['policy_id']}"
    assert (await api.get(path)).json() == published.json()


@pytest.mark.parametrize("roles", [("sales",), ("integration",)])
async def test_only_an_admin_publishes_a_policy(api: Api, roles: tuple[str, ...]) -> None:
    body = {"rules": {"days": 30}, "effective_from": FROM}
    assert (await api.post(POLICIES, body, roles=roles)).status_code == 403
    without_sense = await api.post(POLICIES, {**body, "rules": {"days": 0}})
    assert without_sense.status_code == 422
    assert (await api.get(f"{POLICIES}/{uuid4()}")).status_code == 404


async def tried(api: Api, pool: Pool, rules: dict[str, Any]) -> dict[str, Any]:
    started = await api.post("/v1/dormancy-dry-runs", {"rules": rules}, roles=("sales",))
    assert (started.status_code, started.json()["status"]) == (202, "running")
    await run_dry_runs(pool)
    run = (await api.get(f"/v1/dormancy-dry-runs/{started.json()['run_id']}")).json()
    assert run["status"] == "completed"
    return dict(run)


async def test_a_dry_run_says_who_would_move_and_moves_nobody(
    api: Api, pool: Pool, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "LOOKED_AT_ONCE", 3)
    quiet = [await known(api, pool, days=100) for _ in range(7)]
    sleeping = await known(api, pool, lifecycle="dormant", days=300)
    heard = await known(api, pool)
    await record_touch(api, 1, customer_id=heard)
    await known(api, pool, lifecycle="prospect")
    await outbox.clear()
    run = await tried(api, pool, {"days": 90, "churn_factor": 3})
    assert run["moves"] == {"customer>dormant": 7, "dormant>churned": 1}
    assert (run["customers_done"], run["samples"]["dormant>churned"]) == (9, [sleeping])
    assert (len(run["samples"]["customer>dormant"]), run["completed_at"] is None) == (5, False)
    assert set(run["samples"]["customer>dormant"]) < set(quiet)
    assert (await tried(api, pool, {"days": 120, "churn_factor": 3}))["moves"] == {}
    assert await outbox.types() == []


async def test_a_dry_run_is_started_once(api: Api, pool: Pool) -> None:
    key = {"headers": {"idempotency-key": str(uuid4())}}
    path, body = "/v1/dormancy-dry-runs", {"rules": {"days": 90}}
    first = await api.post(path, body, **key)
    await run_dry_runs(pool)
    assert (await api.post(path, body, **key)).json()["run_id"] == first.json()["run_id"]
    taken = await api.post(path, {"rules": {"days": 91}}, **key)
    assert taken.status_code == 409
    assert taken.json()["type"].endswith("dormancy-dry-run-id-is-taken")
    assert not await run_dry_runs(pool)
    assert (await api.get(f"{path}/{uuid4()}")).status_code == 404
    assert (await api.post(path, body, roles=("integration",))).status_code == 403
