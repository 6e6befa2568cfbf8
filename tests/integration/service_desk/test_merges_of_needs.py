"""Two open tickets of what is one customer now, about the same: the later hints at the earlier."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from service_desk.defaults import publish_defaults
from service_desk.merges.consumers import consumer
from service_desk.policies.domain import DEFAULT_POLICY_ID
from service_desk.tickets.commands import ChangeStatus, OpenTicket, ResolveTicket
from service_desk.tickets.handlers import change_status, open_ticket, resolve_ticket
from shared.contracts.contacts import (
    ContactMerged,
    ContactUnmerged,
    CustomerMerged,
    CustomerUnmerged,
)
from shared.contracts.service_desk import (
    TicketDuplicateCleared,
    TicketDuplicateSuspected,
    TicketState,
)
from shared.contracts.topic import Event
from shared.db import Pool
from shared.ids import new_id
from shared.messaging.consuming import apply

from tests.integration.service_desk.test_merges import NOW, move_all
from tests.records import cause_of_test, record_of


async def opened(pool: Pool, customer_id: UUID, **fields: Any) -> UUID:
    command = OpenTicket(
        ticket_id=new_id(),
        customer_id=customer_id,
        contact_id=None,
        channel="email",
        ticket_type="repair",
        subject="No light",
        body=None,
        severity=3,
        category="light",
        product_id="lamp-1",
        sla_policy_id=DEFAULT_POLICY_ID,
        source="agent",
        source_id=None,
        at=NOW,
    )
    ticket = await open_ticket(pool, cause_of_test(), replace(command, **fields))
    return ticket.ticket_id


def merged(into: UUID, old: UUID) -> CustomerMerged:
    return CustomerMerged(
        customer_id=into,
        merge_id=new_id(),
        merged_ids=(old,),
        reversible_until=NOW,
        reason_code="duplicate",
        decided_by="user:mia",
    )


def undone(merge: CustomerMerged) -> CustomerUnmerged:
    return CustomerUnmerged(
        customer_id=merge.customer_id,
        merge_id=merge.merge_id,
        restored_ids=merge.merged_ids,
        reason_code="two-parties",
        decided_by="user:mia",
    )


async def told(pool: Pool, event: type[Event]) -> list[Event]:
    rows = await pool.fetch(
        "SELECT payload FROM outbox WHERE headers::json->>'ce_type' = $1 ORDER BY id", event.type
    )
    return [event.model_validate_json(row["payload"]) for row in rows]


async def hints(pool: Pool) -> dict[UUID, UUID]:
    rows = await pool.fetch(
        "SELECT ticket_id, duplicate_of FROM tickets WHERE duplicate_of IS NOT NULL"
    )
    return {row["ticket_id"]: row["duplicate_of"] for row in rows}


async def test_the_later_ticket_hints_at_the_earlier_until_the_two_are_parted(pool: Pool) -> None:
    await publish_defaults(pool)
    stays, old = new_id(), new_id()
    later = await opened(pool, stays, at=NOW + timedelta(days=2))
    earlier = await opened(pool, old)
    merge = merged(stays, old)
    await apply(pool, consumer, [record_of(merge)])
    await move_all(pool)
    assert await hints(pool) == {later: earlier}
    [suspected] = await told(pool, TicketDuplicateSuspected)
    assert (suspected.ticket_id, suspected.duplicate_of) == (later, earlier)
    assert suspected.customer_id == stays
    assert (await told(pool, TicketState))[-1].duplicate_of == earlier

    third = new_id()
    await apply(pool, consumer, [record_of(merged(stays, third), 2)])
    await move_all(pool)
    assert len(await told(pool, TicketDuplicateSuspected)) == 1, "once is enough"
    assert await told(pool, TicketDuplicateCleared) == []

    await apply(pool, consumer, [record_of(undone(merge), 3)])
    await move_all(pool)
    assert await hints(pool) == {}
    [cleared] = await told(pool, TicketDuplicateCleared)
    assert (cleared.ticket_id, cleared.duplicate_of) == (later, earlier)


async def test_two_tickets_of_one_person_hint_at_one_another_whatever_their_customers(
    pool: Pool,
) -> None:
    await publish_defaults(pool)
    stays, old = new_id(), new_id()
    earlier = await opened(pool, new_id(), contact_id=old)
    later = await opened(pool, new_id(), contact_id=stays, at=NOW + timedelta(hours=1))
    said = {"contact_id": stays, "merge_id": new_id(), "reason_code": "x", "decided_by": "user:mia"}
    merge = ContactMerged(merged_ids=(old,), reversible_until=NOW, **said)
    await apply(pool, consumer, [record_of(merge)])
    await move_all(pool)
    assert await hints(pool) == {later: earlier}
    await apply(pool, consumer, [record_of(ContactUnmerged(restored_ids=(old,), **said), 2)])
    await move_all(pool)
    assert await hints(pool) == {}


async def test_without_a_product_the_category_says_what_a_ticket_is_about(pool: Pool) -> None:
    await publish_defaults(pool)
    stays, old = new_id(), new_id()
    await opened(pool, stays, product_id=None)
    await opened(pool, old, product_id=None, at=NOW + timedelta(hours=1))
    await apply(pool, consumer, [record_of(merged(stays, old))])
    await move_all(pool)
    assert len(await hints(pool)) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"product_id": "lamp-2"},
        {"product_id": None},
        {"at": NOW + timedelta(days=7)},
        {"ticket_type": "escalation"},
    ],
    ids=["of another product", "of no product", "a week later", "of our own"],
)
async def test_two_tickets_about_different_things_hint_at_nothing(
    fields: dict[str, Any], pool: Pool
) -> None:
    await publish_defaults(pool)
    stays, old = new_id(), new_id()
    await opened(pool, stays)
    await opened(pool, old, **fields)
    await apply(pool, consumer, [record_of(merged(stays, old))])
    await move_all(pool)
    assert await hints(pool) == {}


async def test_a_ticket_that_is_resolved_is_no_need_any_more(pool: Pool) -> None:
    await publish_defaults(pool)
    stays, old = new_id(), new_id()
    first = await opened(pool, stays)
    await opened(pool, old)
    cause = cause_of_test()
    await change_status(pool, cause, ChangeStatus(first, "open", None))
    done = ResolveTicket(first, "fixed", "wear", user_error=False, resolver="sam", at=NOW)
    await resolve_ticket(pool, cause, done)
    await apply(pool, consumer, [record_of(merged(stays, old))])
    await move_all(pool)
    assert await hints(pool) == {}
