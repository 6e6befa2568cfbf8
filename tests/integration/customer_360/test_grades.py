"""What the 360 knows leaves the band of a grade: contacts is told once, with the profile."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from customer_360.grades.consumers import consumer as policies
from customer_360.grades.store import load_policies
from customer_360.profiles.publishing import lock_snapshots, publish_due
from shared.contracts.contacts import GradePolicyPublished as Published
from shared.contracts.contacts import Grading
from shared.contracts.customer_360 import GradeSuggested
from shared.contracts.pipeline import OrderStatusChanged
from shared.db import transaction
from shared.messaging.consuming import apply

from tests.integration.customer_360.conftest import Customer360
from tests.records import NOBODY, record_of
from tests.unit.customer_360.histories.story import Story
from tests.unit.customer_360.test_grades import PARTS

NOW = datetime.now(UTC)
ADA, BOB = Story("ada"), Story("bob")


@pytest.fixture(autouse=True)
async def first_policy(service: Customer360) -> AsyncIterator[None]:
    """Only the policy that is there from the start."""
    yield
    await service.pool.execute("DELETE FROM grade_policies WHERE policy_version > 1")


def graded(**changes: Any) -> Grading:
    """Grade C by a score of 52, of 1,000 EUR bought and nothing open."""
    bare = PARTS[2].model_copy(update={"inputs": {}, "level": Decimal(0), "points": Decimal(0)})
    fields: dict[str, Any] = {
        "grade": "C",
        "score": Decimal(42),
        "components": (*PARTS[:2], bare, *PARTS[3:]),
        "policy_version": 1,
        "service_level": "silver",
        "decided_by": "policy",
        "graded_at": NOW - timedelta(days=1),
        "next_review_at": NOW + timedelta(days=90),
        **changes,
    }
    return Grading(**fields)


async def told(service: Customer360) -> list[tuple[int, GradeSuggested]]:
    """What was suggested so far, with its version, after all that changed was published."""
    async with transaction(service.pool) as connection:
        await publish_due(connection, 0)
    rows = await service.pool.fetch(
        "SELECT version, headers, payload FROM outbox WHERE topic = $1 ORDER BY id",
        GradeSuggested.topic.name,
    )
    assert all(json.loads(row["headers"])["ce_type"] == GradeSuggested.type for row in rows)
    return [(row["version"], GradeSuggested.model_validate_json(row["payload"])) for row in rows]


async def buys(service: Customer360, story: Story, number: int, total: str) -> None:
    await service.happens(
        story.order(number, total, currency="EUR", ordered_at=NOW - timedelta(days=2))
    )


def regraded() -> Grading:
    """As contacts grades by the figures that led to the suggestion: 40 + 10 + 10 + 4."""
    parts = {part.component: part for part in PARTS}
    bought = {"revenue": Decimal(1500), "percentile": Decimal(100)}
    parts["contribution"] = PARTS[0].model_copy(
        update={"inputs": bought, "level": Decimal(100), "points": Decimal(40)}
    )
    opened = {"open_weighted": Decimal(6000), "percentile": Decimal(50)}
    parts["potential"] = PARTS[2].model_copy(update={"inputs": opened})
    return graded(grade="B", score=Decimal(64), components=(*parts.values(),), graded_at=NOW)


async def test_a_customer_that_buys_much_more_is_suggested_once_and_after_a_review_anew(
    service: Customer360,
) -> None:
    state = ADA.customer_state(lifecycle="customer", grading=graded())
    await service.happens(state, BOB.customer_state(lifecycle="customer"))
    await buys(service, ADA, 1, "1000.00")
    await buys(service, BOB, 1, "9000.00")
    opened = ADA.deal_opened(probability=50)
    await service.happens(opened)
    assert await told(service) == []

    await buys(service, ADA, 2, "500.00")
    [(version, suggested)] = await told(service)
    assert (version, suggested.customer_id) == (1, ADA.customer)
    assert (suggested.current_grade, suggested.suggested_grade) == ("C", "B")
    assert suggested.score == Decimal("64.00")
    inputs = {part.component: part.inputs for part in suggested.components}
    assert (inputs["contribution"], inputs["potential"]) == (
        {"revenue": Decimal(1500)},
        {"open_weighted": Decimal(6000)},
    )

    await service.happens(state.model_copy(update={"tags": ("other",)}))
    assert len(await told(service)) == 1

    await service.happens(state.model_copy(update={"grading": regraded()}))
    assert len(await told(service)) == 1

    await service.happens(_cancelled(2))
    [_, (version, suggested)] = await told(service)
    assert (version, suggested.current_grade, suggested.suggested_grade) == (2, "B", "C")


async def test_a_resync_that_comes_first_takes_no_suggestion_away(service: Customer360) -> None:
    state = ADA.customer_state(lifecycle="customer", grading=graded())
    await service.happens(state, ADA.deal_opened(probability=50))
    await buys(service, ADA, 1, "1000.00")
    assert await told(service) == []
    await buys(service, ADA, 2, "500.00")
    async with transaction(service.pool) as connection:
        [snapshot] = await lock_snapshots(connection, [ADA.customer])
    async with transaction(service.pool) as connection:
        [again] = await lock_snapshots(connection, [ADA.customer])
    assert (again.event, again.version) == (snapshot.event, snapshot.version)
    [(_, suggested)] = await told(service)
    assert suggested.suggested_grade == "B"
    published = "SELECT count(*) FROM outbox WHERE topic = 'crm.customer-360.profile.state.v1'"
    assert await service.pool.fetchval(published) == 1


async def test_who_is_not_graded_or_graded_by_an_unknown_policy_is_not_suggested(
    service: Customer360,
) -> None:
    await service.happens(
        ADA.customer_state(lifecycle="customer", grading=graded(policy_version=9)),
        BOB.customer_state(lifecycle="prospect", grading=graded()),
    )
    for story in (ADA, BOB):
        await buys(service, story, 1, "9000.00")
    assert await told(service) == []


async def test_what_was_bought_by_a_merged_record_counts(service: Customer360) -> None:
    await service.happens(
        ADA.customer_state(lifecycle="customer", grading=graded()),
        BOB.customer_state(record_status="merged", merged_into=ADA.customer, grading=graded()),
        ADA.deal_opened(probability=50),
    )
    await buys(service, ADA, 1, "1000.00")
    await buys(service, BOB, 1, "500.00")
    [(_, suggested)] = await told(service)
    assert (suggested.customer_id, suggested.suggested_grade) == (ADA.customer, "B")


async def test_a_published_policy_is_kept_once_with_its_own_bands(service: Customer360) -> None:
    published = Published(
        policy_id=NOBODY,
        policy_version=2,
        weights={"contribution": Decimal("0.40")},
        bands={"A": Decimal(90), "B": Decimal(70), "C": Decimal(40), "D": Decimal(20), "E": 0},
        review_days={},
        service_levels={},
        effective_from=NOW,
        published_by="user:u-1",
        scale={"full_tickets": Decimal(12)},
    )
    other = published.model_copy(update={"bands": {}})
    for told_again in (published, other):
        record = record_of(told_again)
        await apply(service.pool, policies, [record, record_of(published, value=b"{")])
    async with service.pool.acquire() as connection:
        [kept] = (await load_policies(connection, [2])).values()
    assert (kept.bands["B"], kept.scale["full_tickets"]) == (70, 12)
    assert kept.scale["window_days"] == 365

    grading = graded(policy_version=2)
    await service.happens(ADA.customer_state(lifecycle="customer", grading=grading))
    await buys(service, ADA, 1, "1500.00")
    await service.happens(ADA.deal_opened(probability=50))
    assert await told(service) == []


def _cancelled(number: int) -> OrderStatusChanged:
    return OrderStatusChanged.model_validate(
        {
            **dict(ADA.order(number, "500.00", currency="EUR")),
            "from_status": "confirmed",
            "to_status": "cancelled",
            "changed_at": NOW,
        }
    )
