"""Handovers over HTTP and from HR, and what contacts itself moves."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from contacts.handovers.consumers import consumer
from contacts.handovers.handlers import SERVICE, acknowledge_own, close_overdue, move
from shared.contracts.external import EmployeeAbsent, EmployeeLeft
from shared.contracts.handovers import HANDOVER_ACKNOWLEDGED
from shared.db import Pool
from shared.handovers import BATCH, move_batch, sweep
from shared.messaging.consuming import apply

from tests.integration.contacts.conftest import Api, Outbox
from tests.records import record_of

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
OTHERS = ("pipeline", "service-desk", "campaigns")


def left(employee_id: str = "anna", **fields: Any) -> EmployeeLeft:
    said = {"employee_id": employee_id, "left_at": NOW, "manager_id": "maria", **fields}
    return EmployeeLeft.model_validate(said)


async def move_all(pool: Pool) -> int:
    batches = 0
    while await move_batch(pool, SERVICE, move, acknowledge_own):
        batches += 1
    return batches


async def others_acknowledge(pool: Pool, handover_id: str) -> None:
    facts = [
        HANDOVER_ACKNOWLEDGED[service](handover_id=UUID(handover_id), moved={})
        for service in OTHERS
    ]
    await apply(pool, consumer, [record_of(fact) for fact in facts])


async def owners(api: Any) -> list[str]:
    return [each["owner_id"] for each in (await api.get("/v1/customers")).json()["items"]]


async def started(api: Any, **fields: Any) -> dict[str, Any]:
    body = {"from_owner_id": "anna", "to_owner_id": "tim", "reason_code": "territory", **fields}
    answer = await api.post("/v1/handovers", body)
    assert answer.status_code == 201, answer.text
    handover: dict[str, Any] = answer.json()
    return handover


async def test_every_customer_gets_the_new_owner_each_with_its_fact(
    api: Any, outbox: Any, pool: Pool
) -> None:
    for _ in range(3):
        await api.create_customer(owner_id="anna")
    archived = (await api.create_customer(owner_id="anna"))["customer_id"]
    await api.post(f"/v1/customers/{archived}/archive", {"reason_code": "x"})
    await api.create_customer(owner_id="otto")
    await outbox.clear()
    handover = await started(api)
    await move_all(pool)
    assert sorted(await owners(api)) == ["otto", "tim", "tim", "tim"]
    assert (await api.get(f"/v1/customers/{archived}")).json()["owner_id"] == "tim"
    types = await outbox.types()
    assert (types[0], types.count("customer.owner-changed")) == ("handover.started", 4)
    seen = (await api.get(f"/v1/handovers/{handover['handover_id']}")).json()
    assert seen["acknowledged"] == {"contacts": {"customers": 4}}
    assert seen["unresolved"] == list(OTHERS)


async def test_many_customers_are_moved_a_batch_a_transaction(api: Any, pool: Pool) -> None:
    await pool.execute(
        """
        INSERT INTO customers (customer_id, version, kind, display_name, lifecycle,
            lifecycle_since, owner_id, source, tags, created_at)
        SELECT gen_random_uuid(), 1, 'individual', 'N', 'prospect', now(), 'anna', 'x', '{}', now()
        FROM generate_series(1, $1)
        """,
        BATCH + 1,
    )
    await started(api)
    assert await move_all(pool) == 3  # two batches, and the one that finds nothing more
    count = await pool.fetchval("SELECT count(*) FROM customers WHERE owner_id = 'tim'")
    assert count == BATCH + 1


async def test_it_is_completed_when_the_last_service_has_said_so(
    api: Any, outbox: Any, pool: Pool
) -> None:
    handover = await started(api)
    await move_all(pool)
    await others_acknowledge(pool, handover["handover_id"])
    await others_acknowledge(pool, handover["handover_id"])
    seen = (await api.get(f"/v1/handovers/{handover['handover_id']}")).json()
    assert (seen["status"], seen["unresolved"]) == ("completed", [])
    assert (await outbox.types()).count("handover.completed") == 1


async def test_when_the_time_is_up_the_missing_ones_are_named(
    api: Any, outbox: Any, pool: Pool
) -> None:
    handover = await started(api)
    assert not await close_overdue(pool)
    await pool.execute("UPDATE handovers SET due_at = started_at")
    assert await close_overdue(pool)
    seen = (await api.get("/v1/handovers", status="completed-with-exceptions")).json()["items"]
    assert [each["handover_id"] for each in seen] == [handover["handover_id"]]
    assert seen[0]["unresolved"] == ["contacts", *OTHERS]
    assert (await outbox.types()).count("handover.completed") == 1


async def test_an_admin_waits_no_longer_and_a_late_word_completes_it_after_all(
    api: Api, outbox: Outbox, pool: Pool
) -> None:
    handover_id = (await started(api))["handover_id"]
    path = f"/v1/handovers/{handover_id}/close"
    assert (await api.post(path, roles=("sales",))).status_code == 403
    assert (await api.post(f"/v1/handovers/{uuid4()}/close")).status_code == 404
    closed = await api.post(path)
    assert closed.status_code == 200
    assert closed.json()["status"] == "completed-with-exceptions"
    assert closed.json()["unresolved"] == ["contacts", *OTHERS]
    assert closed.json()["closed_at"] is not None
    again = await api.post(path)
    assert (again.json(), again.headers["etag"]) == (closed.json(), closed.headers["etag"])
    assert (await outbox.types()).count("handover.completed") == 1
    await move_all(pool)
    await others_acknowledge(pool, handover_id)
    assert (await api.post(path)).json()["status"] == "completed"
    assert (await outbox.types()).count("handover.completed") == 2


async def test_whoever_left_is_given_nothing_any_more(api: Any, pool: Pool) -> None:
    customer = await api.create_customer(owner_id="otto")
    await started(api, reason_code="left")
    body = {"kind": "individual", "display_name": "Bob", "owner_id": "anna"}
    refused = await api.post("/v1/customers", body)
    assert (refused.status_code, refused.json()["type"][-14:]) == (422, "owner-has-left")
    assert refused.json()["successor"] == "tim"
    path = f"/v1/customers/{customer['customer_id']}/owner"
    refused = await api.post(path, {"owner_id": "anna", "reason_code": "x"})
    assert (refused.status_code, refused.json()["type"][-14:]) == (422, "owner-has-left")
    del pool


async def test_what_the_leaver_was_given_in_that_moment_is_swept_up(api: Any, pool: Pool) -> None:
    await api.create_customer(owner_id="anna")
    await started(api, reason_code="left")
    await move_all(pool)
    await pool.execute("UPDATE customers SET owner_id = 'anna'")  # a command that began before
    await pool.execute("UPDATE handover_parts SET swept_at = now() - interval '1 hour'")
    assert await sweep(pool, SERVICE, move)
    assert await owners(api) == ["tim"]
    assert not await sweep(pool, SERVICE, move)


async def test_hr_tells_who_left_and_repeats_itself(api: Any, outbox: Any, pool: Pool) -> None:
    await api.create_customer(owner_id="anna")
    record = record_of(left(successor_id="tim"))
    await apply(pool, consumer, [record])
    await apply(pool, consumer, [record_of(left(successor_id="tim"))])
    [running] = (await api.get("/v1/handovers")).json()["items"]
    assert running["status"] == "waiting-acks"
    await move_all(pool)
    assert await owners(api) == ["tim"]
    types = await outbox.types()
    assert (types.count("handover.started"), types.count("handover.completed")) == (1, 0)


async def test_without_a_successor_the_manager_takes_over(api: Any, pool: Pool) -> None:
    await api.create_customer(owner_id="anna")
    await apply(pool, consumer, [record_of(left())])
    await move_all(pool)
    assert await owners(api) == ["maria"]


async def test_of_a_successor_who_left_as_well_the_heir_takes_over(api: Any, pool: Pool) -> None:
    await api.create_customer(owner_id="anna")
    await apply(pool, consumer, [record_of(left("tim", successor_id="zoe"))])
    await apply(pool, consumer, [record_of(left("anna", successor_id="tim"))])
    await move_all(pool)
    assert await owners(api) == ["zoe"]


async def test_where_the_chain_comes_back_to_the_leaver_the_manager_takes_over(
    api: Any, pool: Pool
) -> None:
    await api.create_customer(owner_id="anna")
    await apply(pool, consumer, [record_of(left("tim", successor_id="anna"))])
    await apply(pool, consumer, [record_of(left("anna", successor_id="tim"))])
    await move_all(pool)
    assert await owners(api) == ["maria"]


async def test_leaving_ends_what_an_absence_began(api: Any, pool: Pool) -> None:
    absence = await started(api, reason_code="absence")
    await apply(pool, consumer, [record_of(left(successor_id="zoe"))])
    seen = (await api.get(f"/v1/handovers/{absence['handover_id']}")).json()
    assert seen["status"] == "completed-with-exceptions"
    running = (await api.get("/v1/handovers", status="waiting-acks")).json()["items"]
    assert [(each["from_owner_id"], each["to_owner_id"]) for each in running] == [("anna", "zoe")]
    again = await api.post(
        "/v1/handovers",
        {"from_owner_id": "anna", "to_owner_id": "tim", "reason_code": "request"},
    )
    assert (again.status_code, again.json()["type"][-19:]) == (409, "handover-is-running")
    del pool


def absent(employee_id: str = "anna", **fields: Any) -> EmployeeAbsent:
    now = datetime.now(UTC)
    said = {
        "employee_id": employee_id,
        "absent_from": now.isoformat(),
        "absent_until": (now + timedelta(days=10)).isoformat(),
        "deputy_id": "tim",
        **fields,
    }
    return EmployeeAbsent.model_validate(said)


async def test_of_whoever_is_away_the_deputy_has_all_until_a_date(
    api: Api, outbox: Outbox, pool: Pool
) -> None:
    await api.create_customer(owner_id="anna")
    away = absent()
    for _ in range(2):
        await apply(pool, consumer, [record_of(away)])
    await move_all(pool)
    assert await owners(api) == ["tim"]
    assert (await outbox.types()).count("handover.started") == 1
    [seen] = (await api.get("/v1/handovers", from_owner_id="anna")).json()["items"]
    assert (seen["reason_code"], seen["status"]) == ("absence", "waiting-acks")
    assert datetime.fromisoformat(seen["until"]) == away.absent_until
    again = await api.create_customer(owner_id="anna")
    assert again["owner_id"] == "anna", "whoever is away has not left"


async def test_an_absence_that_is_over_or_of_a_leaver_starts_nothing(
    outbox: Outbox, pool: Pool
) -> None:
    await apply(pool, consumer, [record_of(absent(absent_until=NOW))])
    assert await outbox.types() == []
    await apply(pool, consumer, [record_of(left(successor_id="zoe"))])
    await apply(pool, consumer, [record_of(absent())])
    assert (await outbox.types()).count("handover.started") == 1
    assert await pool.fetchval("SELECT count(*) FROM parked_events") == 0


async def test_of_a_deputy_who_left_the_heir_takes_over(api: Api, pool: Pool) -> None:
    await api.create_customer(owner_id="anna")
    await apply(pool, consumer, [record_of(left("tim", successor_id="zoe"))])
    await apply(pool, consumer, [record_of(absent())])
    await move_all(pool)
    assert await owners(api) == ["zoe"]


async def test_only_an_admin_starts_one(api: Any) -> None:
    body = {"from_owner_id": "anna", "to_owner_id": "tim", "reason_code": "left"}
    answer = await api.post("/v1/handovers", body, roles=("sales",))
    assert answer.status_code == 403
    late = await api.post("/v1/handovers", {**body, "due_at": "2020-01-01T00:00:00Z"})
    assert (late.status_code, late.json()["type"][-11:]) == (422, "due-in-past")
