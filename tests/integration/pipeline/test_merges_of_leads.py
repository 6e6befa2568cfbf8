"""Of two open leads of what is one person now, one goes on; the undoing brings none back."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from shared.contracts.contacts import ContactMerged, ContactUnmerged
from shared.contracts.pipeline import LeadAssigned, LeadDisqualified, LeadScored
from shared.db import Pool
from shared.ids import derived_id, new_id

from tests.integration.pipeline.conftest import OWNER, Caller, Outbox
from tests.integration.pipeline.test_leads import NOW, command, form, identity, response
from tests.integration.pipeline.test_merges import move_all
from tests.records import record_of

Feed = Callable[..., Awaitable[None]]


def merged(into: UUID, old: UUID) -> ContactMerged:
    return ContactMerged(
        contact_id=into,
        merge_id=new_id(),
        merged_ids=(old,),
        reversible_until=NOW,
        reason_code="duplicate",
        decided_by="user:mia",
    )


def undone(merge: ContactMerged) -> ContactUnmerged:
    return ContactUnmerged(
        contact_id=merge.contact_id,
        merge_id=merge.merge_id,
        restored_ids=merge.merged_ids,
        reason_code="two-people",
        decided_by="user:mia",
    )


async def lead_of(feed: Feed, contact_id: UUID, **fields: Any) -> UUID:
    """A lead of this person, who writes from an address of their own."""
    submission = new_id()
    told = form(submission, email=f"{submission}@x.example", **fields)
    await feed("leads", record_of(told), record_of(identity(submission, contact_id)))
    return derived_id(submission, "lead")


async def status_of(sales: Caller, lead_id: UUID) -> tuple[str, str | None]:
    lead = (await sales.get(f"/v1/leads/{lead_id}")).json()
    return lead["status"], lead["reason_code"]


async def test_the_second_lead_is_ended_and_the_first_has_the_points_of_both(
    sales: Caller, feed: Feed, pool: Pool, outbox: Outbox
) -> None:
    stays, old = new_id(), new_id()
    first = await lead_of(feed, old)
    second = await lead_of(feed, stays, submitted_at=NOW + timedelta(days=3))
    await feed("leads", record_of(response(contact_id=stays, score_delta=5)))
    merge = merged(stays, old)
    told = record_of(merge)
    await feed("merges", told, told)
    await move_all(pool)

    assert await status_of(sales, first) == ("assigned", None)
    assert await status_of(sales, second) == ("disqualified", "duplicate")
    [assigned] = await outbox.facts(LeadAssigned)
    assert (assigned.lead_id, assigned.owner_id) == (first, OWNER), "it is a good one now"
    [ended] = await outbox.facts(LeadDisqualified)
    assert (ended.lead_id, ended.duplicate_of) == (second, first)
    assert ended.disqualified_by == "service:pipeline"
    [*_, scored] = [e for e in await outbox.facts(LeadScored) if e.lead_id == first]
    assert scored.engagement == 10 + 10 + 5

    await move_all(pool)
    await feed("merges", record_of(undone(merge), 2))
    await move_all(pool)
    assert await status_of(sales, first) == ("assigned", None)
    assert await status_of(sales, second) == ("disqualified", "duplicate")
    assert len(await outbox.facts(LeadDisqualified)) == 1
    named = (await sales.get(f"/v1/leads/{first}")).json()["contact_id"]
    assert named == str(old), "each is of its own person again"


async def test_the_lead_that_has_come_furthest_goes_on(
    sales: Caller, feed: Feed, pool: Pool
) -> None:
    stays, old = new_id(), new_id()
    first, second = await lead_of(feed, stays), await lead_of(feed, old)
    await command(sales, second, "assign", {"owner_id": "anna"})
    await command(sales, second, "contact")
    await feed("merges", record_of(merged(stays, old)))
    await move_all(pool)
    assert await status_of(sales, first) == ("disqualified", "duplicate")
    assert await status_of(sales, second) == ("contacted", None)


@pytest.mark.parametrize(
    "fields",
    [{"product_interests": ("sound",)}, {"submitted_at": NOW + timedelta(days=30)}],
    ids=["of other lines", "a month later"],
)
async def test_two_leads_that_ask_for_different_things_both_go_on(
    fields: dict[str, Any], sales: Caller, feed: Feed, pool: Pool, outbox: Outbox
) -> None:
    stays, old = new_id(), new_id()
    first, second = await lead_of(feed, stays), await lead_of(feed, old, **fields)
    await feed("merges", record_of(merged(stays, old)))
    await move_all(pool)
    assert {await status_of(sales, first), await status_of(sales, second)} == {("new", None)}
    assert await outbox.facts(LeadDisqualified) == []


async def test_a_lead_that_is_closed_is_no_second_one(
    sales: Caller, feed: Feed, pool: Pool, outbox: Outbox
) -> None:
    stays, old = new_id(), new_id()
    first, second = await lead_of(feed, stays), await lead_of(feed, old)
    await command(sales, first, "disqualify", {"reason_code": "no-budget"})
    await feed("merges", record_of(merged(stays, old)))
    await move_all(pool)
    assert await status_of(sales, second) == ("new", None)
    assert len(await outbox.facts(LeadDisqualified)) == 1
