"""Credit on a real database: orders in, limits and holds over HTTP, what falls due by itself."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from contacts.credit.consumers import consumer
from contacts.credit.handlers import assess_all
from shared.contracts.pipeline import OrderConfirmed, OrderPaymentOverdue, OrderRevised
from shared.db import Pool
from shared.messaging.consuming import apply

from tests.integration.contacts.conftest import Api, Outbox
from tests.integration.contacts.test_grades import NOW, moved, order
from tests.records import record_of


async def limited(api: Api, limit: str = "1000") -> str:
    """A customer with a limit that somebody approved."""
    customer_id: str = (await api.create_customer())["customer_id"]
    body = {"currency": "EUR", "limit": limit, "terms_days": 14, "approved_by": "boss"}
    answer = await api.call("PUT", f"/v1/customers/{customer_id}/credit/limit", json=body)
    assert answer.status_code == 200, answer.text
    return customer_id


async def credit_of(api: Api, customer_id: str) -> dict[str, Any]:
    credit: dict[str, Any] = (await api.get(f"/v1/customers/{customer_id}/credit")).json()["credit"]
    return credit


async def test_orders_fill_the_limit_place_a_hold_and_empty_it_again(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    customer_id = await limited(api)
    first, second = order(customer_id, 800), order(customer_id, 400)
    await outbox.clear()
    for _ in range(2):
        await apply(pool, consumer, [record_of(first)])
        await apply(
            pool, consumer, [record_of(second), record_of(order(customer_id, 9), value=b"{")]
        )
    credit = await credit_of(api, customer_id)
    assert (Decimal(credit["exposure"]), Decimal(credit["available"])) == (1200, -200)
    assert credit["hold"]["reason_code"] == "over-limit"
    [held] = (await api.get("/v1/credit-holds")).json()["items"]
    assert held["customer_id"] == customer_id
    await apply(pool, consumer, [record_of(moved(second, "cancelled", 1), 2)])
    await apply(pool, consumer, [record_of(moved(first, "paid", 1), 2)])
    credit = await credit_of(api, customer_id)
    assert (Decimal(credit["exposure"]), credit["hold"]) == (0, None)
    facts = [name for name in await outbox.types(customer_id) if name != "customer.state"]
    assert facts == [
        "customer.credit-exposure-changed",
        "customer.credit-exposure-changed",
        "customer.credit-hold-placed",
        "customer.credit-exposure-changed",
        "customer.credit-hold-released",
        "customer.credit-exposure-changed",
    ]


async def test_a_revised_order_counts_as_it_is_now_and_an_older_fact_not_at_all(
    api: Api, pool: Pool
) -> None:
    customer_id = await limited(api)
    bought = order(customer_id, 100)
    more = OrderRevised.model_validate({**dict(bought), "from_total": 100, "total": 300})
    await apply(pool, consumer, [record_of(bought)])
    await apply(pool, consumer, [record_of(more, 2)])
    await apply(pool, consumer, [record_of(bought)])
    assert Decimal((await credit_of(api, customer_id))["exposure"]) == 300


async def test_customers_without_a_limit_and_other_currencies_change_nothing(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    free: str = (await api.create_customer())["customer_id"]
    customer_id = await limited(api)
    await outbox.clear()
    await apply(
        pool,
        consumer,
        [record_of(order(free, 10**6)), record_of(order(customer_id, 10**6, currency="USD"))],
    )
    assert await outbox.types() == []


async def test_a_limit_that_is_set_late_counts_what_was_ordered_before(
    api: Api, pool: Pool
) -> None:
    customer_id: str = (await api.create_customer())["customer_id"]
    await apply(pool, consumer, [record_of(order(customer_id, 100))])
    body = {"currency": "EUR", "limit": "50", "approved_by": "boss"}
    await api.call("PUT", f"/v1/customers/{customer_id}/credit/limit", json=body)
    credit = await credit_of(api, customer_id)
    assert (Decimal(credit["exposure"]), credit["hold"]["reason_code"]) == (100, "over-limit")


async def test_an_invoice_falls_due_without_a_word(api: Api, pool: Pool, outbox: Outbox) -> None:
    customer_id = await limited(api)
    bought = order(customer_id, 100)
    await apply(pool, consumer, [record_of(bought), record_of(moved(bought, "invoiced", 40), 2)])
    credit = await credit_of(api, customer_id)
    assert (Decimal(credit["overdue_amount"]), credit["hold"]) == (100, None)
    await outbox.clear()
    await assess_all(pool)
    assert await outbox.types() == []
    await pool.execute(
        "UPDATE customer_orders SET invoiced_at = invoiced_at - $1::interval", timedelta(days=10)
    )
    await assess_all(pool)
    assert (await credit_of(api, customer_id))["hold"]["reason_code"] == "overdue"


def overdue(bought: OrderConfirmed, days: int) -> OrderPaymentOverdue:
    invoiced_at = NOW - timedelta(days=14 + days)
    return OrderPaymentOverdue.model_validate(
        {
            **dict(bought),
            "invoiced_at": invoiced_at,
            "terms_days": 14,
            "due_at": NOW - timedelta(days=days),
            "days_overdue": days,
            "level": 3,
            "policy_version": 1,
        }
    )


async def test_an_overdue_invoice_is_looked_at_as_soon_as_it_is_told(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    customer_id = await limited(api)
    bought = order(customer_id, 100)
    await apply(pool, consumer, [record_of(bought), record_of(moved(bought, "invoiced", 14), 2)])
    await pool.execute(
        "UPDATE customer_orders SET invoiced_at = invoiced_at - $1::interval", timedelta(days=31)
    )
    await outbox.clear()
    told = record_of(overdue(bought, 31), 3)
    for _ in range(2):
        await apply(pool, consumer, [told, record_of(overdue(bought, 31), value=b"{", key=b"x")])
    credit = await credit_of(api, customer_id)
    assert (credit["hold"]["reason_code"], Decimal(credit["overdue_amount"])) == ("overdue", 100)
    assert (await outbox.types(customer_id)).count("customer.credit-hold-placed") == 1
    await apply(pool, consumer, [record_of(moved(bought, "paid", 0), 4)])
    assert (await credit_of(api, customer_id))["hold"] is None


async def test_the_policy_waits_its_days_and_needs_a_limit_before_it_holds(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    free: str = (await api.create_customer())["customer_id"]
    customer_id = await limited(api)
    for one in (free, customer_id):
        bought = order(one, 100)
        invoiced = record_of(moved(bought, "invoiced", 14 + 15), 2)
        await apply(pool, consumer, [record_of(bought), invoiced])
        await apply(pool, consumer, [record_of(overdue(bought, 15), 3)])
    assert "customer.credit-hold-placed" not in await outbox.types()
    assert Decimal((await credit_of(api, customer_id))["overdue_amount"]) == 100


async def test_a_manual_hold_needs_a_person_to_go(api: Api, outbox: Outbox) -> None:
    customer_id = await limited(api)
    path = f"/v1/customers/{customer_id}/credit"
    assert (
        await api.post(f"{path}/hold", {"reason_code": "x"}, roles=["sales"])
    ).status_code == 403
    for _ in range(2):
        held = await api.post(f"{path}/hold", {"reason_code": "litigation"})
        assert held.json()["credit"]["hold"]["is_manual"] is True
    for _ in range(2):
        freed = await api.post(f"{path}/release", {"reason_code": "settled"})
        assert freed.json()["credit"]["hold"] is None
    types = await outbox.types(customer_id)
    assert types.count("customer.credit-hold-placed") == 1
    assert types.count("customer.credit-hold-released") == 1


async def test_the_policy_suggests_and_more_needs_approval(api: Api, pool: Pool) -> None:
    customer_id: str = (await api.create_customer())["customer_id"]
    await apply(pool, consumer, [record_of(order(customer_id, 36500))])
    path = f"/v1/customers/{customer_id}/credit"
    basis = (await api.get(f"{path}/suggestion", currency="EUR")).json()
    assert (Decimal(basis["average_monthly"]), Decimal(basis["suggested"])) == (3000, 0)
    assert (await api.get(f"{path}/suggestion", currency="SEK")).json() is None
    asked = {"currency": "EUR", "limit": "10"}
    refused = await api.call("PUT", f"{path}/limit", json=asked)
    assert refused.json()["type"].endswith("limit-needs-approval")
    unknown = await api.call("PUT", f"{path}/limit", json={"currency": "SEK"})
    assert unknown.json()["type"].endswith("limit-missing")
    taken = await api.call("PUT", f"{path}/limit", json={"currency": "EUR"})
    assert Decimal(taken.json()["credit"]["limit"]) == 0


async def test_an_order_that_comes_by_the_old_id_is_owed_by_the_one_that_stays(
    api: Api, pool: Pool
) -> None:
    """It is the merged one's own again when the merge is undone."""
    one, two = await limited(api), await limited(api, "500")
    body = {"survivor_id": one, "merged_ids": [two], "reason_code": "x", "force_reason": "same"}
    made = await api.post("/v1/merges/customers", body)
    assert made.status_code == 201, made.text
    records = [record_of(order(one, 600)), record_of(order(two, 700))]
    for _ in range(2):
        await apply(pool, consumer, records)
    credit = await credit_of(api, one)
    assert (Decimal(credit["exposure"]), credit["hold"]["reason_code"]) == (1300, "over-limit")
    merge_id = made.json()["merge_id"]
    undone = await api.post(f"/v1/merges/{merge_id}/undo", {"reason_code": "two-firms"})
    assert undone.status_code == 200, undone.text
    assert Decimal((await credit_of(api, one))["exposure"]) == 600
    again = await credit_of(api, two)
    assert (Decimal(again["exposure"]), again["hold"]["reason_code"]) == (700, "over-limit")


async def test_a_limit_past_its_time_is_told_listed_and_renewed(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    customer_id, other = await limited(api), await limited(api)
    until = NOW - timedelta(days=1)
    await pool.execute(
        "UPDATE customer_credits SET credit = jsonb_set(credit, '{valid_until}',"
        " to_jsonb($2::text)) WHERE customer_id = $1",
        UUID(customer_id),
        until.isoformat(),
    )
    await outbox.clear()
    for _ in range(2):
        await assess_all(pool)
    assert await outbox.types() == ["customer.credit-limit-expired", "customer.state"]
    [told, _] = await outbox.rows()
    assert '"suggested":"0.00"' in told["payload"]
    assert (await credit_of(api, customer_id))["expired_at"] is not None
    assert (await credit_of(api, other))["expired_at"] is None
    listed = (await api.get("/v1/expired-credit-limits")).json()["items"]
    assert [each["customer_id"] for each in listed] == [customer_id]
    body = {"currency": "EUR", "limit": "1000", "terms_days": 14, "approved_by": "boss"}
    await api.call("PUT", f"/v1/customers/{customer_id}/credit/limit", json=body)
    assert (await credit_of(api, customer_id))["expired_at"] is None
    assert (await api.get("/v1/expired-credit-limits")).json()["items"] == []
