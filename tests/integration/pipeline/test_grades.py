"""The customer's grade says how soon a lead is answered, whichever of the two is heard of first."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from pipeline.leads.handlers import identify_submission
from shared.contracts.contacts import CustomerGraded, Grade
from shared.contracts.pipeline import LeadAssigned, LeadPrioritized
from shared.db import Pool, transaction
from shared.ids import derived_id, new_id

from tests.integration.pipeline.conftest import Caller, Outbox
from tests.integration.pipeline.test_leads import NOW, command, form, identity
from tests.integration.pipeline.test_merges import merged, move_all, undone
from tests.integration.pipeline.waiting import until_somebody_waits_for_a_lock
from tests.records import cause_of_test, record_of

Feed = Callable[..., Awaitable[None]]


def graded(customer_id: UUID, grade: Grade) -> CustomerGraded:
    return CustomerGraded(
        customer_id=customer_id,
        to_grade=grade,
        score=Decimal(90),
        components=(),
        policy_version=1,
        service_level="gold",
        decided_by="policy",
        effective_at=NOW,
        next_review_at=NOW,
    )


async def lead_of(feed: Feed, customer_id: UUID) -> UUID:
    submission = new_id()
    linked = identity(submission, new_id()).model_copy(update={"customer_id": customer_id})
    await feed("leads", record_of(form(submission)), record_of(linked))
    return derived_id(submission, "lead")


async def due(sales: Caller, lead_id: UUID) -> timedelta:
    """How long after it came the lead is owed an answer."""
    lead = (await sales.get(f"/v1/leads/{lead_id}")).json()
    return datetime.fromisoformat(lead["response_due_at"]) - NOW


@pytest.mark.parametrize(("grade", "hours"), [("A", 1), ("B", 4), ("C", 24), ("E", 24)])
@pytest.mark.parametrize("is_known", [True, False])
async def test_a_good_customer_is_answered_sooner(
    grade: Grade, hours: int, sales: Caller, feed: Feed, outbox: Outbox, *, is_known: bool
) -> None:
    customer_id = new_id()
    told = record_of(graded(customer_id, grade))
    if is_known:
        await feed("grades", told)
    lead_id = await lead_of(feed, customer_id)
    await feed("grades", told, told)
    assert await due(sales, lead_id) == timedelta(hours=hours)
    facts = await outbox.facts(LeadPrioritized)
    assert [(e.customer_grade, e.customer_id) for e in facts] == (
        [(grade, customer_id)] if hours < 24 else []
    )


async def test_a_grade_that_falls_gives_the_time_back_and_an_assignment_keeps_it(
    sales: Caller, feed: Feed, outbox: Outbox
) -> None:
    customer_id = new_id()
    lead_id = await lead_of(feed, customer_id)
    await feed("grades", record_of(graded(customer_id, "A"), 2))
    await command(sales, lead_id, "assign", {"owner_id": "anna"})
    assert await due(sales, lead_id) == timedelta(hours=1)
    [assigned] = await outbox.facts(LeadAssigned)
    assert assigned.response_due_at == NOW + timedelta(hours=1)
    await feed("grades", record_of(graded(customer_id, "D"), 4))
    assert await due(sales, lead_id) == timedelta(hours=24)
    await feed("grades", record_of(graded(customer_id, "B"), 3))
    assert await due(sales, lead_id) == timedelta(hours=24), "it is older than what is known"


async def test_what_is_answered_is_owed_nothing(sales: Caller, feed: Feed, outbox: Outbox) -> None:
    customer_id = new_id()
    lead_id = await lead_of(feed, customer_id)
    await command(sales, lead_id, "assign", {"owner_id": "anna"})
    await command(sales, lead_id, "contact")
    await feed("grades", record_of(graded(customer_id, "A")))
    assert await outbox.facts(LeadPrioritized) == []


async def test_a_lead_goes_by_the_grade_of_the_customer_that_stays_and_by_its_own_again(
    sales: Caller, feed: Feed, pool: Pool
) -> None:
    old, stays = new_id(), new_id()
    lead_id = await lead_of(feed, old)
    await feed("grades", record_of(graded(stays, "B")))
    merge = merged(old, stays)
    await feed("merges", record_of(merge))
    await move_all(pool)
    assert await due(sales, lead_id) == timedelta(hours=4)
    await feed("merges", record_of(undone(merge), 2))
    await move_all(pool)
    assert await due(sales, lead_id) == timedelta(hours=24)


async def test_a_grade_that_is_heard_of_while_the_lead_is_identified_waits_for_it(
    sales: Caller, feed: Feed, pool: Pool
) -> None:
    customer_id, submission = new_id(), new_id()
    await feed("leads", record_of(form(submission)))
    linked = identity(submission, new_id()).model_copy(update={"customer_id": customer_id})
    async with transaction(pool) as connection:
        await identify_submission(connection, cause_of_test(), linked, None)
        hearing = asyncio.create_task(feed("grades", record_of(graded(customer_id, "A"))))
        await until_somebody_waits_for_a_lock(pool)
    await hearing
    assert await due(sales, derived_id(submission, "lead")) == timedelta(hours=1)
