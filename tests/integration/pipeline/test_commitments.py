"""Promises over HTTP, and what time makes of them: said once, whoever looks."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pipeline.commitments.handlers import wake_due
from shared.auth import Role
from shared.contracts.pipeline import (
    COMMITMENT_EVENTS,
    CommitmentBroken,
    CommitmentDueSoon,
    CommitmentFulfilled,
    CommitmentMade,
    CommitmentOwnerChanged,
    CommitmentState,
    CommitmentWithdrawn,
)
from shared.db import Pool
from shared.ids import new_id

from tests.integration.pipeline.conftest import Caller, Outbox
from tests.integration.pipeline.deals import open_deal

WORDS = "Two spare lamps before winter, for nothing"
NOW = datetime.now(UTC)
DUE = NOW + timedelta(days=10)


def promise_of(customer_id: UUID, **fields: Any) -> dict[str, Any]:
    return {
        "customer_id": str(customer_id),
        "kind": "delivery",
        "text": WORDS,
        "due_at": DUE.isoformat(),
        **fields,
    }


async def promise(caller: Caller, customer_id: UUID | None = None, **fields: Any) -> dict[str, Any]:
    asked = promise_of(customer_id or new_id(), **fields)
    answer = await caller.post("/v1/commitments", asked)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def order(caller: Caller, made: dict[str, Any], command: str, body: Any = None) -> Any:
    answer = await caller.post(f"/v1/commitments/{made['commitment_id']}/{command}", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ids_of(caller: Caller, **params: Any) -> list[str]:
    """What a list holds, over all its pages."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await caller.get("/v1/commitments", limit=2, **params, **cursor)).json()
        found += [item["commitment_id"] for item in page["items"]]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


async def test_a_promise_is_kept_with_its_words_in_the_state_alone(
    sales: Caller, outbox: Outbox, pool: Pool
) -> None:
    customer_id = new_id()
    deal = await open_deal(sales, customer_id)
    made = await promise(
        sales, customer_id, deal_id=deal["deal_id"], amount="180.00", currency="EUR"
    )
    assert (made["made_by"], made["owner_id"], made["status"]) == ("anna", "anna", "open")
    kept = await order(sales, made, "fulfil", {"evidence_ref": "note-7"})
    assert (kept["status"], kept["version"], kept["evidence_ref"]) == ("fulfilled", 2, "note-7")
    assert await order(sales, made, "fulfil") == kept
    assert (
        len(await outbox.facts(CommitmentMade)) == len(await outbox.facts(CommitmentFulfilled)) == 1
    )
    assert await outbox.versions(COMMITMENT_EVENTS.name) == [1, 2]
    newest = (await outbox.facts(CommitmentState))[-1]
    assert newest == CommitmentState.model_validate(kept)
    told = await pool.fetch("SELECT topic FROM outbox WHERE payload LIKE $1", f"%{WORDS}%")
    assert {row["topic"] for row in told} == {CommitmentState.topic.name}


async def test_a_repeat_is_the_same_promise(sales: Caller, outbox: Outbox) -> None:
    asked = promise_of(new_id())
    first = await sales.post("/v1/commitments", asked, Idempotency_Key="once")
    again = await sales.post("/v1/commitments", asked, Idempotency_Key="once")
    assert (again.status_code, again.json()) == (201, first.json())
    other = await sales.post("/v1/commitments", {**asked, "kind": "price"}, Idempotency_Key="once")
    assert (other.status_code, other.json()["type"][-17:]) == (409, "commitment-exists")
    assert len(await outbox.facts(CommitmentMade)) == 1


async def test_the_customer_releases_us_of_what_is_not_broken(
    sales: Caller, outbox: Outbox, pool: Pool
) -> None:
    made, overdue = await promise(sales), await promise(sales)
    agreed = {"agreed_with_contact_id": str(new_id()), "reason_code": "no-longer-needed"}
    released = await order(sales, made, "withdraw", agreed)
    assert (released["status"], released["reason_code"]) == ("withdrawn", "no-longer-needed")
    await pool.execute(
        "UPDATE commitments SET due_at = now() WHERE commitment_id = $1",
        UUID(overdue["commitment_id"]),
    )
    path = f"/v1/commitments/{overdue['commitment_id']}"
    refused = await sales.post(f"{path}/withdraw", agreed)
    assert (refused.status_code, refused.json()["type"][-20:]) == (409, "commitment-is-broken")
    [fact] = await outbox.facts(CommitmentWithdrawn)
    assert str(getattr(fact, "agreed_with_contact_id")) == agreed["agreed_with_contact_id"]  # noqa: B009


async def test_another_answers_for_it(sales: Caller, outbox: Outbox) -> None:
    made = await promise(sales)
    given = {"owner_id": "otto", "reason_code": "territory"}
    assert (await order(sales, made, "owner", given))["owner_id"] == "otto"
    await order(sales, made, "owner", given)
    assert len(await outbox.facts(CommitmentOwnerChanged)) == 1
    stale = await sales.post(
        f"/v1/commitments/{made['commitment_id']}/fulfil", None, If_Match='"1"'
    )
    assert stale.status_code == 412


async def test_a_deal_that_is_unknown_or_of_another_customer_is_refused(sales: Caller) -> None:
    deal = await open_deal(sales, new_id())
    for deal_id, problem in ((str(new_id()), "unknown"), (deal["deal_id"], "of-another-customer")):
        refused = await sales.post("/v1/commitments", promise_of(new_id(), deal_id=deal_id))
        assert (refused.status_code, refused.json()["field"]) == (422, "deal_id")
        assert refused.json()["type"].endswith(f"deal-is-{problem}")


async def test_service_may_promise_too_for_somebody_else(
    sales: Caller, caller: Callable[[Role], Caller]
) -> None:
    made = await promise(caller("service"), made_by="sam", owner_id="tess", kind="service")
    assert (made["made_by"], made["owner_id"]) == ("sam", "tess")
    assert (await promise(sales, made_by="sam"))["owner_id"] == "sam"


async def test_they_are_found_by_whose_they_are_and_when_they_are_due(sales: Caller) -> None:
    customer_id = new_id()
    deal = await open_deal(sales, customer_id)
    due = [NOW + timedelta(days=day) for day in (1, 2, 3, 4, 5)]
    made = [
        (await promise(sales, customer_id, due_at=at.isoformat()))["commitment_id"]
        for at in reversed(due)
    ][::-1]
    other = await promise(sales, owner_id="otto")
    on_deal = await promise(sales, customer_id, deal_id=deal["deal_id"], due_at=due[0].isoformat())
    await order(sales, {"commitment_id": made[1]}, "fulfil")
    mine = {"customer_id": str(customer_id)}
    assert await ids_of(sales, **mine, is_open=False) == [made[1]]
    assert await ids_of(sales, deal_id=deal["deal_id"]) == [on_deal["commitment_id"]]
    assert await ids_of(sales, owner_id="otto") == [other["commitment_id"]]
    before = await ids_of(sales, **mine, due_before=due[3].isoformat(), is_open=True)
    assert before == [*sorted([made[0], on_deal["commitment_id"]]), made[2]]
    everything = await ids_of(sales)
    assert len(everything) == len(set(everything)) == 7
    assert (await sales.get("/v1/commitments", due_before="2026-01-01T00:00:00")).status_code == 422


async def test_two_processes_at_once_say_that_it_is_due_and_broken_once(
    sales: Caller, outbox: Outbox, pool: Pool
) -> None:
    for _ in range(3):
        await promise(sales)
    kept = await promise(sales)
    await order(sales, kept, "fulfil")

    async def look(at: datetime) -> int:
        return sum(await asyncio.gather(*(wake_due(pool, at) for _ in range(4))))

    assert await look(DUE - timedelta(days=1, seconds=1)) == 0
    assert await look(DUE - timedelta(days=1)) == 3
    assert await look(DUE - timedelta(seconds=1)) == 0
    assert await look(DUE) == 3
    assert await look(DUE + timedelta(days=100)) == 0
    assert len(await outbox.facts(CommitmentDueSoon)) == 3
    broken = await outbox.facts(CommitmentBroken)
    assert [getattr(each, "broken_at") for each in broken] == [DUE] * 3  # noqa: B009
    assert await outbox.versions(COMMITMENT_EVENTS.name) == [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3]


async def test_a_crash_before_the_commit_says_nothing_and_the_next_look_all(
    sales: Caller, outbox: Outbox, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await promise(sales)

    class Deadly:
        def reach(self) -> None:
            raise ConnectionError

    with monkeypatch.context() as dying:
        dying.setattr("pipeline.commitments.handlers._BEFORE_COMMIT", Deadly())
        with pytest.raises(ConnectionError):
            await wake_due(pool, DUE)
    assert await outbox.facts(CommitmentBroken) == []
    assert await wake_due(pool, DUE + timedelta(hours=1)) == 1
    [broken] = await outbox.facts(CommitmentBroken)
    assert CommitmentBroken.model_validate(broken).due_at == DUE


async def test_many_that_are_due_at_once_are_said_in_two_statements(
    sales: Caller, outbox: Outbox, pool: Pool
) -> None:
    made = await promise(sales)
    await pool.execute(
        "INSERT INTO commitments SELECT gen_random_uuid(), c.version, c.customer_id, c.contact_id,"
        " c.deal_id, c.kind, c.text, c.amount, c.currency, c.made_by, c.owner_id, c.made_at,"
        " c.due_at, c.status, c.is_due_soon, c.broken_at, c.closed_at, c.evidence_ref,"
        " c.reason_code, c.wake_at FROM commitments AS c, generate_series(1, 600)"
    )
    assert [await wake_due(pool, DUE) for _ in range(3)] == [500, 101, 0]
    assert len(await outbox.facts(CommitmentBroken)) == 601
    assert (await sales.get(f"/v1/commitments/{made['commitment_id']}")).json()[
        "status"
    ] == "broken"
