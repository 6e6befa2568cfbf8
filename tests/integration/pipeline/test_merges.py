"""What pipeline re-points in a merge, and takes back when it is undone."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import permutations
from uuid import UUID

import pytest
from pipeline.customers.store import lock_customers
from pipeline.merges.handlers import repointing
from shared.contracts.contacts import (
    ContactMerged,
    ContactUnmerged,
    CustomerMerged,
    CustomerUnmerged,
)
from shared.contracts.pipeline import (
    CommitmentRepointed,
    DealRepointed,
    DealRiskFlagged,
    DealState,
    LeadRepointed,
    OrderConfirmed,
    OrderRepointed,
)
from shared.contracts.service_desk import TicketReopened
from shared.db import Pool, transaction
from shared.ids import new_id
from shared.merges import move_batch, sweep

from tests.integration.pipeline.conftest import OWNER, Caller, Outbox
from tests.integration.pipeline.deals import deal_of, open_deal, risks
from tests.integration.pipeline.test_commitments import order, promise, promise_of
from tests.integration.pipeline.test_holds import placed
from tests.integration.pipeline.test_leads import form, identity
from tests.integration.pipeline.test_orders import customer, erp_order
from tests.integration.pipeline.tickets import breached, ticket_opened
from tests.integration.pipeline.waiting import until_somebody_waits_for_a_lock
from tests.records import record_of

Feed = Callable[..., Awaitable[None]]
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
REPOINTING = repointing(OWNER)


def merged(old_id: UUID, into_id: UUID) -> CustomerMerged:
    return CustomerMerged(
        customer_id=into_id,
        merge_id=new_id(),
        merged_ids=(old_id,),
        reversible_until=NOW,
        reason_code="duplicate",
        decided_by="user:mia",
    )


def undone(merge: CustomerMerged) -> CustomerUnmerged:
    return CustomerUnmerged(
        customer_id=merge.customer_id,
        merge_id=merge.merge_id,
        restored_ids=merge.merged_ids,
        reason_code="mistake",
        decided_by="user:mia",
    )


def reopened(ticket_id: UUID, customer_id: UUID) -> TicketReopened:
    return TicketReopened(
        ticket_id=ticket_id, customer_id=customer_id, severity=1, reopen_count=1, reason_code="no"
    )


async def move_all(pool: Pool) -> None:
    while await move_batch(pool, "pipeline", REPOINTING):
        pass


async def customer_of(sales: Caller, kind: str, id_: object) -> str:
    found: str = (await sales.get(f"/v1/{kind}/{id_}")).json()["customer_id"]
    return found


async def test_deals_and_orders_go_to_the_survivor_once_and_back_when_it_is_undone(
    sales: Caller, feed: Feed, pool: Pool, outbox: Outbox
) -> None:
    old, stays = new_id(), new_id()
    deal = await open_deal(sales, old)
    own = await open_deal(sales, stays)
    await feed("customers", record_of(customer(old, "42")))
    await feed("orders", record_of(erp_order()))
    await feed("tickets", record_of(ticket_opened(new_id(), old)))
    merge = merged(old, stays)
    told = record_of(merge)
    await feed("merges", told, told)
    await move_all(pool)

    assert await customer_of(sales, "deals", deal["deal_id"]) == str(stays)
    [order] = await outbox.facts(OrderRepointed)
    assert (order.customer_id, order.from_id, order.to_id) == (stays, old, stays)
    assert len(await outbox.facts(DealRepointed)) == 1
    assert {"open-critical-ticket"} == {code for code, _ in await risks(sales, own)}
    assert len(await outbox.facts(DealRiskFlagged)) == 2
    listed = (await sales.get("/v1/deals", customer_id=str(old))).json()["items"]
    assert {each["deal_id"] for each in listed} == {deal["deal_id"], own["deal_id"]}

    late = await open_deal(sales, old)
    assert late["customer_id"] == str(stays)
    await feed("orders", record_of(erp_order("A-2")))
    assert (await outbox.facts(OrderConfirmed))[-1].customer_id == stays

    await feed("merges", record_of(undone(merge), 2))
    await move_all(pool)
    assert await customer_of(sales, "deals", deal["deal_id"]) == str(old)
    assert await customer_of(sales, "deals", late["deal_id"]) == str(stays)
    assert await risks(sales, own) == set()
    assert (await outbox.facts(DealState))[-1].customer_id in {old, stays}


@pytest.mark.parametrize("is_undone", [False, True])
async def test_a_ticket_endangers_whom_it_was_opened_for_in_whatever_order_all_is_told(
    sales: Caller, feed: Feed, pool: Pool, *, is_undone: bool
) -> None:
    """service-desk re-points the ticket at its own time, before its promise breaks."""
    kinds = ["merge", "undo"] if is_undone else ["merge"]
    for turns in sorted(set(permutations([*kinds, "open", "open", "breach"]))):
        old, stays, ticket = new_id(), new_id(), new_id()
        deal, own = await open_deal(sales, old), await open_deal(sales, stays)
        merge = merged(old, stays)
        told = {
            "merge": iter([("merges", record_of(merge)), ("merges", record_of(undone(merge), 2))]),
            "open": iter(
                [
                    ("tickets", record_of(ticket_opened(ticket, old))),
                    ("tickets", record_of(reopened(ticket, stays), 2)),
                ]
            ),
            "breach": iter([("tickets", record_of(breached(ticket, stays)))]),
        }
        for turn in turns:
            await feed(*next(told["merge" if turn == "undo" else turn]))
            await move_all(pool)
        flags = {("open-critical-ticket", str(ticket)), ("sla-breached", str(ticket))}
        assert await risks(sales, deal) == flags, turns
        assert await risks(sales, own) == (set() if is_undone else flags), turns


async def test_a_ticket_that_is_heard_of_while_its_customer_is_merged_flags_the_survivors_deals(
    sales: Caller, feed: Feed, pool: Pool
) -> None:
    """The job holds the customer; the ticket waits, and then finds it re-pointed."""
    old, stays = new_id(), new_id()
    own = await open_deal(sales, stays)
    async with transaction(pool) as connection:
        await lock_customers(connection, [old, stays])
        hearing = asyncio.create_task(feed("tickets", record_of(ticket_opened(new_id(), old))))
        await until_somebody_waits_for_a_lock(pool)
        await feed("merges", record_of(merged(old, stays)))
    await hearing
    assert {code for code, _ in await risks(sales, own)} == {"open-critical-ticket"}


async def test_of_merged_customers_the_hold_on_the_one_that_stays_counts(
    sales: Caller, feed: Feed, pool: Pool
) -> None:
    old, stays = new_id(), new_id()
    own = await open_deal(sales, stays)
    await feed("merges", record_of(merged(old, stays)))
    await move_all(pool)
    await feed("credit", record_of(placed(old, "manual"), 2))
    assert await risks(sales, own) == set()
    await feed("credit", record_of(placed(stays, "manual"), 2))
    assert {code for code, _ in await risks(sales, own)} == {"credit-hold"}


async def test_a_person_is_led_on_in_deals_and_leads(
    sales: Caller, feed: Feed, pool: Pool, outbox: Outbox
) -> None:
    old, stays, submission = new_id(), new_id(), new_id()
    deal = await open_deal(sales, new_id(), primary_contact_id=str(old))
    await feed("leads", record_of(form(submission)), record_of(identity(submission, old)))
    said = {"contact_id": stays, "merge_id": new_id(), "reason_code": "x", "decided_by": "user:mia"}
    merge = ContactMerged(merged_ids=(old,), reversible_until=NOW, **said)
    await feed("merges", record_of(merge))
    await move_all(pool)
    [lead] = await outbox.facts(LeadRepointed)
    assert (lead.party, lead.to_id) == ("contact", stays)
    found = (await sales.get(f"/v1/deals/{deal['deal_id']}")).json()
    assert found["primary_contact_id"] == str(stays)
    await feed("merges", record_of(ContactUnmerged(restored_ids=(old,), **said), 2))
    await move_all(pool)
    assert [each.to_id for each in await outbox.facts(LeadRepointed)] == [stays, old]


@pytest.mark.parametrize(
    ("noted", "swept", "is_due"),
    [
        ("now()", "10 minutes", True),
        ("now()", "11 seconds", True),
        ("now()", "5 seconds", False),
        ("now() - interval '3 minutes'", "11 seconds", False),
        ("now() - interval '3 minutes'", "61 seconds", True),
        ("now() - interval '2 hours'", "61 seconds", False),
    ],
)
async def test_what_slips_in_with_an_old_id_is_swept_up(
    noted: str, swept: str, *, is_due: bool, sales: Caller, feed: Feed, pool: Pool
) -> None:
    old, stays = new_id(), new_id()
    deal = await open_deal(sales, new_id())
    await feed("merges", record_of(merged(old, stays)))
    await move_all(pool)
    await pool.execute("UPDATE deals SET customer_id = $1", old)  # a command that began before
    times = f"noted_at = {noted}, swept_at = now() - interval '{swept}'"
    await pool.execute(f"UPDATE merge_parts SET {times}")
    assert await sweep(pool, "pipeline", REPOINTING) == is_due
    assert await customer_of(sales, "deals", deal["deal_id"]) == str(stays if is_due else old)


async def test_a_repeat_that_names_the_merged_customer_is_the_same_deal(
    sales: Caller, feed: Feed, pool: Pool
) -> None:
    old, stays = new_id(), new_id()
    asked = deal_of(old)
    first = await sales.post("/v1/deals", asked, Idempotency_Key="once")
    await feed("merges", record_of(merged(old, stays)))
    again = await sales.post("/v1/deals", asked, Idempotency_Key="once")
    await move_all(pool)
    third = await sales.post("/v1/deals", asked, Idempotency_Key="once")
    assert {each.json().get("deal_id") for each in (again, third)} == {first.json()["deal_id"]}


async def test_promises_go_with_their_customer_and_person_and_back(
    sales: Caller, feed: Feed, pool: Pool, outbox: Outbox
) -> None:
    old, stays, person, same = new_id(), new_id(), new_id(), new_id()
    asked = promise_of(old, contact_id=str(person))
    made = (await sales.post("/v1/commitments", asked, Idempotency_Key="once")).json()
    kept = await promise(sales, old)
    await order(sales, kept, "fulfil")
    said = {"contact_id": same, "merge_id": new_id(), "reason_code": "x", "decided_by": "user:mia"}
    people = ContactMerged(merged_ids=(person,), reversible_until=NOW, **said)
    merge = merged(old, stays)
    await feed("merges", record_of(merge), record_of(people))
    await move_all(pool)

    found = (await sales.get("/v1/commitments", customer_id=str(old))).json()["items"]
    assert {each["customer_id"] for each in found} == {str(stays)}
    assert {each["contact_id"] for each in found} == {str(same), None}
    assert len(await outbox.facts(CommitmentRepointed)) == 3
    again = await sales.post("/v1/commitments", asked, Idempotency_Key="once")
    assert again.json()["commitment_id"] == made["commitment_id"]
    late = await promise(sales, old)
    assert late["customer_id"] == str(stays)

    await feed("merges", record_of(undone(merge), 2))
    await move_all(pool)
    assert await customer_of(sales, "commitments", made["commitment_id"]) == str(old)
    assert await customer_of(sales, "commitments", kept["commitment_id"]) == str(old)
    assert await customer_of(sales, "commitments", late["commitment_id"]) == str(stays)
