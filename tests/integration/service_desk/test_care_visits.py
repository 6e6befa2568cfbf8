"""A customer graded A or B that falls asleep is visited, once each time, unless it wakes up."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from service_desk.grades.consumers import consumer as grades
from service_desk.merges.consumers import consumer as merges
from service_desk.tickets.commands import ResolveTicket
from service_desk.tickets.consumers import lifecycles
from service_desk.tickets.domain import Ticket
from service_desk.tickets.handlers import assign_ticket, resolve_ticket
from service_desk.tickets.store import TicketFilter, list_tickets
from shared.contracts.contacts import CustomerLifecycleChanged, CustomerMerged, Grade, Lifecycle
from shared.contracts.service_desk import TicketOpened
from shared.db import Pool
from shared.ids import new_id
from shared.messaging.consuming import apply
from shared.messaging.envelope import RawRecord

from tests.integration.service_desk.test_grades import CUSTOMER, NOW, graded
from tests.records import cause_of_test, record_of


def moved(to: Lifecycle, version: int, at: datetime | None = None) -> RawRecord:
    fact = CustomerLifecycleChanged(
        customer_id=CUSTOMER,
        from_lifecycle="dormant" if to == "customer" else "customer",
        to_lifecycle=to,
        reason_code="by-hand",
        since=NOW,
    )
    return record_of(fact, version, cause=cause_of_test(at=at))


async def visits(pool: Pool, customer_id: UUID = CUSTOMER) -> list[Ticket]:
    async with pool.acquire() as connection:
        wanted = TicketFilter(source_id=customer_id)
        found = await list_tickets(connection, wanted, UUID(int=0), 100)
    return sorted(found, key=lambda ticket: ticket.number)


async def has_grade(pool: Pool, grade: Grade) -> None:
    await apply(pool, grades, [record_of(graded(grade, "standard"))])


@pytest.mark.parametrize(("grade", "is_visited"), [("A", True), ("B", True), ("C", False)])
async def test_a_good_customer_that_falls_asleep_is_visited_once(
    grade: Grade, pool: Pool, *, is_visited: bool
) -> None:
    await has_grade(pool, grade)
    told = moved("dormant", 2)
    await apply(pool, lifecycles, [told, told])
    await apply(pool, lifecycles, [told])
    found = await visits(pool)
    assert [(each.ticket_type, each.category) for each in found] == (
        [("request", "care-visit")] if is_visited else []
    )
    opened = await pool.fetchval(
        "SELECT count(*) FROM outbox WHERE headers::json->>'ce_type' = $1", TicketOpened.type
    )
    assert opened == is_visited


async def test_who_has_no_grade_is_not_visited(pool: Pool) -> None:
    await apply(pool, lifecycles, [moved("dormant", 2)])
    assert await visits(pool) == []


async def test_who_wakes_up_is_not_visited_and_next_time_is_again(pool: Pool) -> None:
    await has_grade(pool, "A")
    await apply(pool, lifecycles, [moved("dormant", 2), moved("customer", 3)])
    assert await visits(pool) == [], "it had come back before we heard of it"
    await apply(pool, lifecycles, [moved("dormant", 4)])
    await apply(pool, lifecycles, [moved("customer", 5)])
    assert [each.status for each in await visits(pool)] == ["cancelled"]
    await apply(pool, lifecycles, [moved("dormant", 6)])
    await apply(pool, lifecycles, [moved("churned", 7)])
    assert [each.status for each in await visits(pool)] == ["cancelled", "cancelled"]


async def test_a_visit_that_was_paid_stays_and_one_that_goes_on_is_enough(pool: Pool) -> None:
    await has_grade(pool, "A")
    await apply(pool, lifecycles, [moved("dormant", 2)])
    await apply(pool, lifecycles, [moved("dormant", 3)])
    [visit] = await visits(pool)
    cause = cause_of_test()
    await assign_ticket(pool, cause, visit.ticket_id, "sam")
    told = {"resolution_code": "visited", "root_cause": "none", "resolver": "sam"}
    done = ResolveTicket(visit.ticket_id, user_error=False, at=NOW, **told)
    await resolve_ticket(pool, cause, done)
    await apply(pool, lifecycles, [moved("customer", 4)])
    assert [each.status for each in await visits(pool)] == ["resolved"]
    await apply(pool, lifecycles, [moved("dormant", 5)])
    assert [each.status for each in await visits(pool)] == ["resolved", "new"]


async def test_of_old_news_nobody_is_visited(pool: Pool) -> None:
    await has_grade(pool, "A")
    long_ago = datetime.now(UTC) - timedelta(days=31)
    await apply(pool, lifecycles, [moved("dormant", 2, long_ago)])
    assert await visits(pool) == []


async def test_the_visit_of_a_merged_customer_is_not_due_when_the_one_that_stays_wakes_up(
    pool: Pool,
) -> None:
    await has_grade(pool, "A")
    await apply(pool, lifecycles, [moved("dormant", 2)])
    stays = new_id()
    merged = CustomerMerged(
        customer_id=stays,
        merge_id=new_id(),
        merged_ids=(CUSTOMER,),
        reversible_until=NOW,
        reason_code="duplicate",
        decided_by="user:mia",
    )
    await apply(pool, merges, [record_of(merged)])
    woke_up: dict[str, Any] = {"from_lifecycle": "dormant", "to_lifecycle": "customer"}
    fact = CustomerLifecycleChanged(
        customer_id=stays, reason_code="order-confirmed", since=NOW, **woke_up
    )
    await apply(pool, lifecycles, [record_of(fact, 2)])
    assert [each.status for each in await visits(pool)] == ["cancelled"]
