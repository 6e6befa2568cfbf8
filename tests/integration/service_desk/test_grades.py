"""The grade of a customer decides which service level its tickets come under."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from service_desk.calendars.store import list_calendars
from service_desk.grades.consumers import consumer
from service_desk.policies.domain import (
    DEFAULT_POLICY_ID,
    METRICS,
    PRIORITIES,
    PublishPolicy,
    Targets,
)
from service_desk.policies.handlers import publish_policy
from service_desk.tickets.commands import OpenTicket
from service_desk.tickets.handlers import open_ticket
from shared.contracts.contacts import CustomerGraded, Grade
from shared.contracts.service_desk import ClockMetric
from shared.db import Pool
from shared.messaging.consuming import apply

from tests.records import cause_of_test, record_of

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
CUSTOMER, GOLD = UUID(int=2), uuid4()


def graded(grade: Grade, service_level: str) -> CustomerGraded:
    return CustomerGraded(
        customer_id=CUSTOMER,
        to_grade=grade,
        score=Decimal(70),
        components=(),
        policy_version=1,
        service_level=service_level,
        decided_by="policy",
        effective_at=NOW,
        next_review_at=NOW,
    )


async def publish_gold(pool: Pool) -> None:
    async with pool.acquire() as connection:
        [calendar] = await list_calendars(connection, UUID(int=0), 1)
    minutes: dict[ClockMetric, int] = dict.fromkeys(METRICS, 30)
    targets: Targets = dict.fromkeys(PRIORITIES, minutes)
    command = PublishPolicy(GOLD, "Gold", calendar.calendar_id, targets, (80,), 7)
    await publish_policy(pool, cause_of_test(), command)


async def level_of_a_new_ticket(pool: Pool, policy_id: UUID = DEFAULT_POLICY_ID) -> UUID:
    command = OpenTicket(
        ticket_id=uuid4(),
        customer_id=CUSTOMER,
        contact_id=None,
        channel="phone",
        ticket_type="incident",
        category=None,
        product_id=None,
        subject="It is dark",
        severity=2,
        sla_policy_id=policy_id,
        source="phone",
        source_id=None,
        body=None,
        at=NOW,
    )
    return (await open_ticket(pool, cause_of_test(), command)).sla_policy_id


async def test_a_ticket_comes_under_the_level_of_the_newest_grade(pool: Pool) -> None:
    await publish_gold(pool)
    assert await level_of_a_new_ticket(pool) == DEFAULT_POLICY_ID
    gold = record_of(graded("B", "gold"), 5)
    await apply(pool, consumer, [gold, record_of(graded("C", "silver"), 3)])
    await apply(pool, consumer, [gold, record_of(graded("A", "x"), 9, value=b"{", key=b"other")])
    assert await level_of_a_new_ticket(pool) == GOLD


async def test_a_level_that_nobody_published_leaves_the_standard_one(pool: Pool) -> None:
    await apply(pool, consumer, [record_of(graded("A", "platinum"))])
    assert await level_of_a_new_ticket(pool) == DEFAULT_POLICY_ID
