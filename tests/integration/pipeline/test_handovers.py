"""What pipeline moves in a handover."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pipeline.handovers.handlers import move
from shared.contracts.contacts import HandoverStarted
from shared.contracts.handovers import HANDOVER_ACKNOWLEDGED
from shared.contracts.pipeline import (
    CommitmentOwnerChanged,
    DealOwnerChanged,
    DealState,
    LeadAssigned,
)
from shared.db import Pool
from shared.handovers import acknowledging, move_batch, sweep
from shared.ids import new_id

from tests.integration.pipeline.conftest import Caller, Outbox
from tests.integration.pipeline.test_commitments import order, promise, promise_of
from tests.records import record_of

Feed = Callable[..., Awaitable[None]]
ACKNOWLEDGED = HANDOVER_ACKNOWLEDGED["pipeline"]
LEAD = {"source": "fair", "channel": "walk-in", "name": "Ada"}


def started(**fields: Any) -> HandoverStarted:
    said = {
        "handover_id": new_id(),
        "from_owner_id": "anna",
        "to_owner_id": "tim",
        "reason_code": "left",
        "due_at": datetime(2026, 11, 25, 9, tzinfo=UTC),
        "required_acks": ("pipeline",),
        **fields,
    }
    return HandoverStarted.model_validate(said)


def deal(**fields: Any) -> dict[str, Any]:
    return {
        "customer_id": str(new_id()),
        "name": "quay",
        "amount": "100.00",
        "currency": "EUR",
        "expected_close_date": "2027-01-01",
        **fields,
    }


async def move_all(pool: Pool) -> None:
    while await move_batch(pool, "pipeline", move, acknowledging(ACKNOWLEDGED)):
        pass


async def test_open_deals_and_leads_move_and_are_acknowledged_once(
    sales: Caller, feed: Feed, pool: Pool, outbox: Outbox
) -> None:
    deals = [(await sales.post("/v1/deals", deal())).json()["deal_id"] for _ in range(3)]
    await sales.post(f"/v1/deals/{deals[0]}/lose", {"reason_code": "price"})
    lead = (await sales.post("/v1/leads", LEAD)).json()
    await sales.post(f"/v1/leads/{lead['lead_id']}/assign", {"owner_id": "anna"})
    handover = started()
    await feed("handovers", record_of(handover))
    await move_all(pool)

    owners = [(await sales.get(f"/v1/deals/{one}")).json()["owner_id"] for one in deals]
    assert owners == ["anna", "tim", "tim"]
    assert (await sales.get(f"/v1/leads/{lead['lead_id']}")).json()["owner_id"] == "tim"
    moved = await outbox.facts(DealOwnerChanged)
    assert {fact.handover_id for fact in moved} == {handover.handover_id}
    assert [fact.owner_id for fact in await outbox.facts(DealState)][-2:] == ["tim", "tim"]
    assigned = (await outbox.facts(LeadAssigned))[-1]
    assert (assigned.owner_id, assigned.reason_code) == ("tim", "handover")
    [said] = await outbox.facts(ACKNOWLEDGED)
    assert said.moved == {"deals": 2, "leads": 1}


async def test_what_is_still_owed_moves_and_is_counted_and_what_was_kept_does_not(
    sales: Caller, feed: Feed, pool: Pool, outbox: Outbox
) -> None:
    is_open, broken, kept = [await promise(sales) for _ in range(3)]
    others = await promise(sales, owner_id="otto")
    await pool.execute(
        "UPDATE commitments SET status = 'broken', broken_at = now(), wake_at = NULL"
        " WHERE commitment_id = $1",
        UUID(broken["commitment_id"]),
    )
    await order(sales, kept, "fulfil")
    handover = started()
    await feed("handovers", record_of(handover))
    await move_all(pool)

    async def owners(*made: dict[str, Any]) -> list[tuple[str, str]]:
        found = [await sales.get(f"/v1/commitments/{each['commitment_id']}") for each in made]
        return [(each.json()["owner_id"], each.json()["made_by"]) for each in found]

    assert await owners(is_open, broken) == [("tim", "anna")] * 2
    assert await owners(kept, others) == [("anna", "anna"), ("otto", "anna")]
    moved = await outbox.facts(CommitmentOwnerChanged)
    assert {(fact.handover_id, fact.reason_code) for fact in moved} == {
        (handover.handover_id, "handover")
    }
    [said] = await outbox.facts(ACKNOWLEDGED)
    assert said.moved == {"commitments": 2}
    refused = await sales.post("/v1/commitments", promise_of(new_id(), owner_id="anna"))
    assert (refused.status_code, refused.json()["successor"]) == (422, "tim")


async def test_whoever_left_opens_no_deal_and_gets_no_lead(
    sales: Caller, feed: Feed, pool: Pool
) -> None:
    lead = (await sales.post("/v1/leads", LEAD)).json()
    await feed("handovers", record_of(started()))
    refused = await sales.post("/v1/deals", deal(owner_id="anna"))
    assert (refused.status_code, refused.json()["successor"]) == (422, "tim")
    refused = await sales.post(f"/v1/leads/{lead['lead_id']}/assign", {"owner_id": "anna"})
    assert (refused.status_code, refused.json()["type"][-14:]) == (422, "owner-has-left")
    del pool


async def test_an_absence_moves_what_is_there_and_forbids_nothing(
    sales: Caller, feed: Feed, pool: Pool
) -> None:
    await feed("handovers", record_of(started(reason_code="absence")))
    await move_all(pool)
    opened = await sales.post("/v1/deals", deal(owner_id="anna"))
    assert opened.status_code == 201


async def test_what_was_opened_in_the_moment_of_leaving_is_swept_up(
    sales: Caller, feed: Feed, pool: Pool, outbox: Outbox
) -> None:
    opened = (await sales.post("/v1/deals", deal(owner_id="otto"))).json()
    await feed("handovers", record_of(started()))
    await move_all(pool)
    await pool.execute("UPDATE deals SET owner_id = 'anna'")  # a command that began before
    await pool.execute("UPDATE handover_parts SET swept_at = now() - interval '1 hour'")
    assert await sweep(pool, "pipeline", move)
    assert (await sales.get(f"/v1/deals/{opened['deal_id']}")).json()["owner_id"] == "tim"
    assert len(await outbox.facts(ACKNOWLEDGED)) == 1


async def test_a_person_gives_a_deal_to_another(sales: Caller, outbox: Outbox) -> None:
    path = f"/v1/deals/{(await sales.post('/v1/deals', deal())).json()['deal_id']}"
    given = await sales.post(f"{path}/owner", {"owner_id": "otto", "reason_code": "territory"})
    assert (given.status_code, given.json()["owner_id"]) == (200, "otto")
    await sales.post(f"{path}/owner", {"owner_id": "otto", "reason_code": "territory"})
    assert len(await outbox.facts(DealOwnerChanged)) == 1
    await sales.post(f"{path}/lose", {"reason_code": "price"})
    refused = await sales.post(f"{path}/owner", {"owner_id": "zoe", "reason_code": "x"})
    assert (refused.status_code, refused.json()["type"][-12:]) == (409, "deal-is-lost")
