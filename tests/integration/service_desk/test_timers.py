"""Timers on a real database: once each, in time, whoever fires them and whatever was down."""

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from service_desk.clocks.handlers import fire_due
from service_desk.policies.domain import DEFAULT_POLICY_ID
from service_desk.tickets.commands import (
    AddMessage,
    ChangeSeverity,
    ChangeStatus,
    OpenTicket,
    ResolveTicket,
)
from service_desk.tickets.handlers import (
    add_message,
    change_severity,
    change_status,
    close_due,
    open_ticket,
    resolve_ticket,
)
from service_desk.tickets.store import load_ticket
from shared.cause import Cause
from shared.db import Pool

from tests.records import cause_of_test

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def after(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def cause(minutes: float = 0) -> Cause:
    return cause_of_test(at=after(minutes))


@dataclass(frozen=True)
class Said:
    """One fact in the outbox."""

    type: str
    body: dict[str, Any]


async def said(pool: Pool, *kinds: str) -> list[Said]:
    rows = await pool.fetch("SELECT headers, payload FROM outbox ORDER BY id")
    facts = [
        Said(
            json.loads(row["headers"])["ce_type"].removeprefix("crm.service-desk."),
            json.loads(row["payload"]),
        )
        for row in rows
    ]
    return [fact for fact in facts if fact.type.startswith(kinds)]


async def told(pool: Pool) -> list[tuple[str, str, int | None]]:
    """The warnings and breaches: metric, kind, percent."""
    facts = await said(pool, "sla.warned", "sla.breached")
    return [
        (fact.body["metric"], fact.type.split(".")[1], fact.body.get("percent")) for fact in facts
    ]


async def open_one(pool: Pool, severity: int = 1) -> UUID:
    """Severity 1 has 15 minutes to the first response and 240 to the resolution."""
    command = OpenTicket(
        ticket_id=uuid4(),
        customer_id=uuid4(),
        contact_id=uuid4(),
        channel="phone",
        ticket_type="incident",
        subject="It is dark",
        body=None,
        severity=severity,
        category=None,
        product_id=None,
        sla_policy_id=DEFAULT_POLICY_ID,
        source="api",
        source_id=None,
        at=START,
    )
    return (await open_ticket(pool, cause(), command)).ticket_id


async def work_on(pool: Pool, ticket_id: UUID) -> None:
    await change_status(pool, cause(), ChangeStatus(ticket_id, "in-progress", None))


async def test_warnings_and_the_breach_come_once_each_in_their_time(pool: Pool) -> None:
    await open_one(pool)
    for minutes in (7, 7.5, 7.6, 11.25, 13.5, 14.9, 15, 15.1, 16):
        await fire_due(pool, after(minutes))
    first = "first-response"
    assert await told(pool) == [
        (first, "warned", 50),
        (first, "warned", 75),
        (first, "warned", 90),
        (first, "breached", None),
    ]


async def test_after_a_long_outage_the_breach_comes_alone(pool: Pool) -> None:
    await open_one(pool)
    assert await fire_due(pool, after(230)) == 2
    assert await told(pool) == [
        ("first-response", "breached", None),
        ("resolution", "warned", 90),
    ]
    assert await fire_due(pool, after(230)) == 0


async def test_two_processes_at_once_say_it_once(pool: Pool) -> None:
    for _ in range(5):
        await open_one(pool)
    await asyncio.gather(*(fire_due(pool, after(300)) for _ in range(4)))
    assert len(await told(pool)) == 10


async def test_an_answer_stops_the_timers(pool: Pool) -> None:
    ticket_id = await open_one(pool)
    word = AddMessage(ticket_id, uuid4(), "outbound", "email", "Hello", "anna", after(5))
    await add_message(pool, cause(5), word)
    await fire_due(pool, after(100))
    assert await told(pool) == []
    (met,) = await said(pool, "sla.met")
    assert (met.body["business_minutes"], met.body["late_by_minutes"]) == (5, 0)


async def test_an_answer_after_the_due_time_and_before_the_timer_says_the_breach(
    pool: Pool,
) -> None:
    ticket_id = await open_one(pool)
    word = AddMessage(ticket_id, uuid4(), "outbound", "email", "Sorry", "anna", after(15.01))
    await add_message(pool, cause(15.01), word)
    await fire_due(pool, after(16))
    assert await told(pool) == [("first-response", "breached", None)]
    (responded,) = await said(pool, "ticket.first-responded")
    assert responded.body["within_sla"] is False


async def test_time_in_pause_moves_the_breach(pool: Pool) -> None:
    ticket_id = await open_one(pool)
    await work_on(pool, ticket_id)
    wait = ChangeStatus(ticket_id, "waiting-customer", None)
    await change_status(pool, cause(100), wait)
    await change_status(pool, cause(1100), ChangeStatus(ticket_id, "in-progress", None))
    await fire_due(pool, after(1239))
    (resumed,) = await said(pool, "sla.resumed")
    assert datetime.fromisoformat(resumed.body["due_at"]) == after(1240)
    assert ("resolution", "breached", None) not in await told(pool)
    await fire_due(pool, after(1240))
    assert ("resolution", "breached", None) in await told(pool)


async def test_a_graver_ticket_is_due_from_its_start(pool: Pool) -> None:
    ticket_id = await open_one(pool, severity=4)
    await change_severity(pool, cause(300), ChangeSeverity(ticket_id, 1, "whole-site-down"))
    assert await told(pool) == [
        ("first-response", "warned", 50),
        ("first-response", "breached", None),
        ("resolution", "breached", None),
    ]
    await fire_due(pool, after(301))
    assert len(await told(pool)) == 3


async def test_a_resolved_ticket_closes_itself_after_five_days(pool: Pool) -> None:
    ticket_id = await open_one(pool)
    await work_on(pool, ticket_id)
    resolve = ResolveTicket(ticket_id, "fixed", "fuse", user_error=False, resolver="anna", at=START)
    await resolve_ticket(pool, cause(), resolve)
    assert await close_due(pool, START + timedelta(days=4, hours=23)) == 0
    assert await close_due(pool, START + timedelta(days=5)) == 1
    assert await close_due(pool, START + timedelta(days=6)) == 0
    async with pool.acquire() as connection:
        assert (await load_ticket(connection, ticket_id)).status == "closed"
    (closed,) = await said(pool, "ticket.closed")
    assert closed.body["closed_by"] == "auto"


async def test_what_people_write_stays_here_but_for_the_subject(pool: Pool) -> None:
    ticket_id = await open_one(pool)
    secret = "The code of my door is 4711"
    word = AddMessage(ticket_id, uuid4(), "inbound", "email", secret, "customer", after(1))
    await add_message(pool, cause(1), word)
    rows = await pool.fetch("SELECT topic, payload FROM outbox")
    assert not [row for row in rows if secret in row["payload"]]
    told = {row["topic"] for row in rows if "It is dark" in row["payload"]}
    assert told == {"crm.service-desk.ticket.state.v1"}
