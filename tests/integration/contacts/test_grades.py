"""Grades on a real database: drafts, a dry run over the base, reviews, approval, the figures."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from contacts.credit.consumers import consumer as orders
from contacts.grades.consumers import consumer as figures
from contacts.grades.consumers import suggestions
from contacts.grades.handlers import review_due, run_dry_runs
from contacts.grades.store import list_figures, load_policy_in_force
from shared.contracts.customer_360 import GradeSuggested
from shared.contracts.pipeline import DealLost, DealOpened, OrderConfirmed, OrderStatusChanged
from shared.contracts.service_desk import SurveyAnswered, TicketCancelled, TicketOpened
from shared.db import Pool
from shared.messaging.consuming import apply

from tests.integration.contacts.conftest import Api, Outbox
from tests.records import record_of

NOW = datetime.now(UTC)
FROM = "2026-01-02T00:00:00Z"


def order(customer_id: object, total: int, **fields: Any) -> OrderConfirmed:
    return OrderConfirmed.model_validate(
        {
            "order_id": uuid4(),
            "external_system": "erp",
            "external_ref": "1",
            "customer_id": customer_id,
            "lines": (),
            "total": total,
            "currency": "EUR",
            "ordered_at": NOW - timedelta(days=60),
            **fields,
        }
    )


def moved(bought: OrderConfirmed, to: str, days_ago: int) -> OrderStatusChanged:
    return OrderStatusChanged.model_validate(
        {
            **dict(bought),
            "from_status": "confirmed",
            "to_status": to,
            "changed_at": NOW - timedelta(days=days_ago),
        }
    )


def deal(customer_id: object) -> DealOpened:
    return DealOpened.model_validate(
        {
            "deal_id": uuid4(),
            "customer_id": customer_id,
            "pipeline_id": uuid4(),
            "pipeline_version": 1,
            "stage_id": "offer",
            "kind": "new",
            "amount": 1000,
            "currency": "EUR",
            "probability": 50,
            "expected_close_date": NOW.date(),
            "owner_id": "anna",
            "source": "sales",
        }
    )


def ticket(customer_id: object) -> TicketOpened:
    return TicketOpened.model_validate(
        {
            "ticket_id": uuid4(),
            "number": "T-1",
            "customer_id": customer_id,
            "channel": "email",
            "ticket_type": "incident",
            "severity": 3,
            "priority": "normal",
            "sla_policy_id": uuid4(),
            "sla_policy_version": 1,
            "received_at": NOW,
            "source": "email",
        }
    )


async def a_customer(api: Api, pool: Pool, *, days: int = 40) -> str:
    """A customer, and one for so long."""
    created = await api.create_customer(kind="organization", display_name=f"Firm {uuid4()}")
    await pool.execute(
        "UPDATE customers SET lifecycle = 'customer', created_at = $2 WHERE customer_id = $1",
        UUID(created["customer_id"]),
        NOW - timedelta(days=days),
    )
    customer_id: str = created["customer_id"]
    return customer_id


async def figures_of(pool: Pool, customer_id: str) -> Any:
    async with pool.acquire() as connection:
        policy = await load_policy_in_force(connection, NOW)
        [found] = await list_figures(connection, policy, [UUID(customer_id)], NOW)
        return found


async def drafted(api: Api, **bands: int) -> dict[str, Any]:
    """A draft like the policy in force, with other bands."""
    [first] = (await api.get("/v1/grade-policies")).json()["items"][-1:]
    rules = {**first["rules"], "bands": {**first["rules"]["bands"], **bands}}
    answer = await api.post("/v1/grade-policies", {"rules": rules, "effective_from": FROM})
    assert answer.status_code == 201, answer.text
    policy: dict[str, Any] = answer.json()
    return policy


async def tried(api: Api, pool: Pool, policy_id: str) -> dict[str, Any]:
    started = await api.post(f"/v1/grade-policies/{policy_id}/dry-runs")
    assert started.status_code == 202, started.text
    await run_dry_runs(pool)
    path = f"/v1/grade-policies/{policy_id}/dry-runs/{started.json()['run_id']}"
    run: dict[str, Any] = (await api.get(path)).json()
    assert run["status"] == "completed"
    return run


async def test_figures_are_sums_of_guarded_rows(api: Api, pool: Pool) -> None:
    one, other = await a_customer(api, pool, days=730), await a_customer(api, pool)
    late, small = order(one, 900), order(other, 100)
    ordered = [
        record_of(late),
        record_of(moved(late, "invoiced", 50), 2),
        record_of(moved(late, "paid", 5), 3),
        record_of(order(one, 70, currency="USD", ordered_at=NOW - timedelta(days=500))),
        record_of(small),
        record_of(moved(order(one, 5000), "cancelled", 1), 2),
    ]
    opened, lost, need = deal(one), deal(one), ticket(one)
    ended = DealLost.model_validate(
        {**dict(lost), "reason_code": "price", "lost_stage_id": "offer", "lost_at": NOW}
    )
    void = TicketCancelled(
        ticket_id=uuid4(), customer_id=UUID(one), severity=3, reason_code="no-need"
    )
    said = SurveyAnswered(
        survey_id=uuid4(), kind="nps", customer_id=UUID(one), score=9, answered_at=NOW
    )
    told = [
        *map(record_of, (opened, lost, need, said)),
        record_of(ended, 2),
        record_of(void, 2),
        record_of(need, 1, value=b"{"),
    ]
    for _ in range(2):
        await apply(pool, orders, ordered)
        await apply(pool, figures, told)
    await api.post(f"/v1/customers/{one}/grade/review")
    found = await figures_of(pool, one)
    assert (found.revenue, found.revenue_percentile) == (Decimal(900), Decimal(100))
    assert (found.weighted, found.invoices, found.late) == (Decimal(500), 1, 1)
    assert (found.nps, found.tickets, found.years) == (9, 1, Decimal("2.00"))
    assert (await figures_of(pool, other)).revenue_percentile == Decimal(50)


async def test_a_draft_is_tried_out_then_published_then_applied(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    ids = [await a_customer(api, pool) for _ in range(3)]
    await a_customer(api, pool, days=1)
    await review_due(pool)
    policy = await drafted(api, D=10)
    await outbox.clear()
    path = f"/v1/grade-policies/{policy['policy_id']}/publish"
    assert (await api.post(path)).status_code == 409
    run = await tried(api, pool, policy["policy_id"])
    assert run["changes"] == {"E>D": 3, "->D": 1}
    assert {one["customer_id"] for one in run["samples"]["E>D"]} == set(ids)
    assert await outbox.types() == []
    assert (await api.post(path, roles=["sales"])).status_code == 403
    for _ in range(2):
        published = await api.post(path)
        assert published.json()["status"] == "published"
    assert await outbox.types() == ["grade-policy.published"]
    await review_due(pool)
    assert await outbox.types(ids[0]) == [
        "customer.grade-review-due",
        "customer.graded",
        "customer.state",
    ]
    assert not await review_due(pool)


async def test_an_unknown_policy_or_run_is_not_found(api: Api) -> None:
    unknown = f"/v1/grade-policies/{uuid4()}"
    assert (await api.get(unknown)).status_code == 404
    assert (await api.post(f"{unknown}/dry-runs")).status_code == 404
    policy = await drafted(api, D=10)
    run = f"/v1/grade-policies/{policy['policy_id']}/dry-runs/{uuid4()}"
    assert (await api.get(run)).status_code == 404


async def test_the_same_key_drafts_once_and_an_older_draft_is_outrun(api: Api, pool: Pool) -> None:
    body = (await api.get("/v1/grade-policies")).json()["items"][0]
    wanted = {"rules": body["rules"], "effective_from": FROM}
    key = {"Idempotency-Key": "draft"}
    first = (await api.post("/v1/grade-policies", wanted, headers=key)).json()
    assert (await api.post("/v1/grade-policies", wanted, headers=key)).json() == first
    other = {**wanted, "effective_from": "2027-01-01T00:00:00Z"}
    assert (await api.post("/v1/grade-policies", other, headers=key)).status_code == 409
    second = await drafted(api, D=10)
    for policy in (first, second):
        await tried(api, pool, policy["policy_id"])
    assert (await api.post(f"/v1/grade-policies/{second['policy_id']}/publish")).status_code == 200
    outrun = await api.post(f"/v1/grade-policies/{first['policy_id']}/publish")
    assert outrun.json()["type"].endswith("newer-policy-is-published")


async def test_two_steps_wait_for_an_admin(api: Api, pool: Pool, outbox: Outbox) -> None:
    customer_id = await a_customer(api, pool)
    await review_due(pool)
    policy = await drafted(api, A=10, B=9, C=8, D=7)
    await tried(api, pool, policy["policy_id"])
    await api.post(f"/v1/grade-policies/{policy['policy_id']}/publish")
    await outbox.clear()
    await review_due(pool)
    assert await outbox.types(customer_id) == ["customer.grade-review-due", "customer.state"]
    [waiting] = (await api.get("/v1/grade-proposals")).json()["items"]
    assert (waiting["grading"]["grade"], waiting["grading"]["proposal"]["grade"]) == ("E", "A")
    path = f"/v1/customers/{customer_id}/grade/approve"
    assert (await api.post(path, {"grade": "A"}, roles=["sales"])).status_code == 403
    assert (await api.post(path, {"grade": "C"})).status_code == 409
    for _ in range(2):
        approved = (await api.post(path, {"grade": "A"})).json()
        assert approved["grading"]["decided_by"] == "user:tester"
    assert (await outbox.types(customer_id))[2:] == ["customer.graded", "customer.state"]
    assert (await api.get("/v1/grade-proposals")).json()["items"] == []
    shown = (await api.get(f"/v1/customers/{customer_id}")).json()
    assert (shown["grading"]["grade"], shown["version"]) == ("A", 4)


def suggested(customer_id: str, input_hash: str = "one") -> GradeSuggested:
    return GradeSuggested(
        customer_id=UUID(customer_id),
        current_grade="E",
        suggested_grade="D",
        score=Decimal(30),
        components=(),
        policy_version=1,
        input_hash=input_hash,
    )


async def test_a_suggested_grade_is_looked_at_once_and_by_our_own_figures(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    customer_id = await a_customer(api, pool)
    await review_due(pool)
    await apply(pool, figures, [record_of(deal(customer_id))])
    await outbox.clear()
    for _ in range(2):
        told = [record_of(suggested(customer_id)), record_of(suggested(customer_id), value=b"{")]
        await apply(pool, suggestions, told)
    assert await outbox.types(customer_id) == ["customer.graded", "customer.state"]
    grading = (await api.get(f"/v1/customers/{customer_id}")).json()["grading"]
    assert (grading["grade"], grading["decided_by"], grading["score"]) == ("D", "policy", "30.22")
    await apply(pool, suggestions, [record_of(suggested(customer_id, "two"), 2)])
    assert await outbox.types(customer_id) == ["customer.graded", "customer.state"]


async def test_two_steps_that_are_suggested_wait_for_an_admin(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    customer_id = await a_customer(api, pool)
    await review_due(pool)
    await apply(pool, orders, [record_of(order(customer_id, 500))])
    await outbox.clear()
    await apply(pool, suggestions, [record_of(suggested(customer_id))])
    assert await outbox.types(customer_id) == ["customer.grade-review-due", "customer.state"]
    [waiting] = (await api.get("/v1/grade-proposals")).json()["items"]
    assert (waiting["grading"]["grade"], waiting["grading"]["proposal"]["grade"]) == ("E", "C")


async def test_nobody_is_graded_first_because_of_a_suggestion(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    new = await a_customer(api, pool, days=1)
    gone = await a_customer(api, pool)
    await review_due(pool)
    await api.post(f"/v1/customers/{gone}/archive", {"reason_code": "closed"})
    await apply(pool, orders, [record_of(order(new, 500)), record_of(order(gone, 500))])
    await outbox.clear()
    unknown = str(uuid4())
    await apply(pool, suggestions, [record_of(suggested(one)) for one in (new, gone, unknown)])
    assert await outbox.types() == []


async def test_a_merge_moves_the_rows_and_grades_the_survivor_anew(api: Api, pool: Pool) -> None:
    survivor, merged = await a_customer(api, pool), await a_customer(api, pool)
    await apply(pool, orders, [record_of(order(merged, 500))])
    await apply(pool, figures, [record_of(ticket(merged))])
    await api.post(f"/v1/customers/{merged}/credit/hold", {"reason_code": "litigation"})
    await api.post(f"/v1/customers/{merged}/grade/review")
    wanted = {"survivor_id": survivor, "merged_ids": [merged], "reason_code": "duplicate"}
    made = await api.post("/v1/merges/customers", wanted)
    assert made.status_code == 201, made.text
    found = await figures_of(pool, survivor)
    assert (found.revenue, found.tickets, found.grade) == (Decimal(500), 1, "C")
    assert (await figures_of(pool, merged)).revenue is None
    await apply(pool, orders, [record_of(order(merged, 70))])
    assert (await figures_of(pool, survivor)).revenue == Decimal(570)
    shown = (await api.get(f"/v1/customers/{survivor}")).json()
    assert shown["credit"]["hold"]["reason_code"] == "litigation"
    undone = await api.post(
        f"/v1/merges/{made.json()['merge_id']}/undo", {"reason_code": "two-parties"}
    )
    assert undone.status_code == 200, undone.text
    assert (await figures_of(pool, merged)).revenue == Decimal(570)
    assert (await figures_of(pool, survivor)).revenue is None
