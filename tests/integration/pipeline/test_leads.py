"""Leads from forms, responses and people; whatever of them is heard of first."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from shared.auth import Role
from shared.contracts.campaigns import FormState, ResponseRecorded
from shared.contracts.contacts import IdentityLinked
from shared.contracts.pipeline import (
    DealOpened,
    LeadAssigned,
    LeadConverted,
    LeadCreated,
    LeadIdentified,
    LeadScored,
    LeadState,
)
from shared.contracts.topic import Event
from shared.db import Pool
from shared.ids import derived_id, new_id
from shared.messaging.consuming import apply

from tests.integration.pipeline.conftest import OWNER, Caller, Outbox
from tests.integration.pipeline.tickets import ticket_opened
from tests.records import record_of

Feed = Callable[..., Awaitable[None]]
NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


def form(submission_id: UUID, **fields: Any) -> FormState:
    return FormState.model_validate(
        {
            "submission_id": submission_id,
            "form_id": "light",
            "form_version": 1,
            "kind": "contact-request",
            "given_name": "Ada",
            "family_name": "Lamp",
            "company": "Harbour Ltd",
            "email": "ada@harbour.example",
            "phone": "+44 20 7946 0018",
            "product_interests": ("light",),
            "submitted_at": NOW,
            **fields,
        }
    )


def response(**fields: Any) -> ResponseRecorded:
    return ResponseRecorded.model_validate(
        {
            "response_id": new_id(),
            "kind": "form",
            "score_delta": 20,
            "occurred_at": datetime.now(UTC),
            **fields,
        }
    )


def identity(submission_id: UUID, contact_id: UUID) -> IdentityLinked:
    return IdentityLinked(
        link_id=new_id(),
        contact_id=contact_id,
        identifier_type="submission",
        identifier=str(submission_id),
        source="form",
        confidence=1.0,
    )


def lead_body(**fields: Any) -> dict[str, Any]:
    return {"email": "bo@x.example", "source": "fair", "channel": "booth", **fields}


async def command(sales: Caller, lead_id: object, name: str, body: Any = None) -> Any:
    answer = await sales.post(f"/v1/leads/{lead_id}/{name}", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def qualified(sales: Caller, **fields: Any) -> str:
    lead = (await sales.post("/v1/leads", lead_body(**fields))).json()
    await command(sales, lead["lead_id"], "assign", {"owner_id": "anna"})
    await command(sales, lead["lead_id"], "contact", {})
    await command(sales, lead["lead_id"], "qualify", {"answers": {"budget": "approved"}})
    return str(lead["lead_id"])


async def test_a_contact_request_becomes_a_lead_that_is_owed_an_answer(
    feed: Feed, outbox: Outbox, sales: Caller
) -> None:
    submission_id = new_id()
    record = record_of(form(submission_id))
    await feed("leads", record)
    await feed("leads", record)
    created, scored, state = await outbox.facts(LeadCreated, LeadScored, LeadState)
    assert isinstance(created, LeadCreated)
    assert created.lead_id == derived_id(submission_id, "lead")
    assert created.response_due_at == NOW + timedelta(hours=24)
    assert isinstance(scored, LeadScored)
    assert (scored.from_grade, scored.to_grade) == ("D", "C")
    assert isinstance(state, LeadState)
    assert state.name == "Ada Lamp"
    found = (await sales.get("/v1/leads", submission_id=submission_id)).json()["items"]
    assert [lead["lead_id"] for lead in found] == [str(created.lead_id)]


async def test_names_and_addresses_stay_off_the_events_topic(feed: Feed, pool: Pool) -> None:
    await feed("leads", record_of(form(new_id())))
    payloads = await pool.fetch(
        "SELECT payload FROM outbox WHERE topic = $1", LeadCreated.topic.name
    )
    assert payloads
    assert not [row for row in payloads if "Ada" in row["payload"] or "@" in row["payload"]]


async def test_another_kind_of_form_makes_no_lead(feed: Feed, outbox: Outbox) -> None:
    await feed("leads", record_of(form(new_id(), kind="newsletter")))
    assert await outbox.facts() == []


async def test_a_second_form_within_30_days_scores_the_first_lead(
    feed: Feed, outbox: Outbox
) -> None:
    await feed("leads", record_of(form(new_id())))
    again = form(new_id(), email=" ADA@harbour.example ", submitted_at=NOW + timedelta(days=29))
    await feed("leads", record_of(again))
    assert len(await outbox.facts(LeadCreated)) == 1
    assert len(await outbox.facts(LeadScored)) == 2


@pytest.mark.parametrize(
    "difference",
    [
        {"email": "eve@harbour.example"},
        {"product_interests": ("heat",)},
        {"product_interests": ()},
        {"submitted_at": NOW + timedelta(days=31)},
    ],
)
async def test_another_person_product_line_or_month_is_another_lead(
    feed: Feed, outbox: Outbox, difference: dict[str, Any]
) -> None:
    await feed("leads", record_of(form(new_id())))
    await feed("leads", record_of(form(new_id(), **difference)))
    assert len(await outbox.facts(LeadCreated)) == 2


async def test_two_forms_of_one_person_at_the_same_time_make_one_lead(
    app: FastAPI, pool: Pool, outbox: Outbox
) -> None:
    consumer = app.state.consumers["pipeline.leads"]
    async with asyncio.TaskGroup() as tasks:
        for _ in range(5):
            tasks.create_task(apply(pool, consumer, [record_of(form(new_id()))]))
    assert len(await outbox.facts(LeadCreated)) == 1
    assert len(await outbox.facts(LeadScored)) == 5


async def test_a_response_that_lifts_a_lead_to_grade_b_assigns_it(
    feed: Feed, outbox: Outbox, sales: Caller
) -> None:
    submission_id = new_id()
    await feed("leads", record_of(form(submission_id)))
    record = record_of(response(submission_id=submission_id))
    await feed("leads", record)
    (assigned,) = await outbox.facts(LeadAssigned)
    assert isinstance(assigned, LeadAssigned)
    assert (assigned.owner_id, assigned.reason_code) == (OWNER, "score")
    assert assigned.response_due_at == NOW + timedelta(hours=4)
    lead = (await sales.get(f"/v1/leads/{assigned.lead_id}")).json()
    assert (lead["status"], lead["grade"]) == ("assigned", "B")


async def test_a_response_counts_once_even_under_another_event(feed: Feed, outbox: Outbox) -> None:
    submission_id = new_id()
    fact = response(submission_id=submission_id)
    await feed("leads", record_of(form(submission_id)))
    await feed("leads", record_of(fact), record_of(fact))
    await feed("leads", record_of(fact))
    assert len(await outbox.facts(LeadScored)) == 2


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_form_response_and_identity_come_to_the_same_in_any_order(
    feed: Feed, sales: Caller, order: tuple[int, ...]
) -> None:
    submission_id, contact_id = new_id(), new_id()
    facts: list[Event] = [
        form(submission_id),
        response(submission_id=submission_id, contact_id=contact_id),
        identity(submission_id, contact_id),
    ]
    for position in order:
        await feed("leads", record_of(facts[position]))
    lead = (await sales.get("/v1/leads", submission_id=submission_id)).json()["items"][0]
    assert lead["contact_id"] == str(contact_id)
    assert (lead["fit"], lead["engagement"], lead["owner_id"]) == (30, 30, OWNER)


async def test_form_response_and_identity_at_the_same_time_lose_nothing(
    app: FastAPI, pool: Pool, sales: Caller
) -> None:
    consumer = app.state.consumers["pipeline.leads"]
    people = [(new_id(), new_id()) for _ in range(8)]
    async with asyncio.TaskGroup() as tasks:
        for number, (submission_id, contact_id) in enumerate(people):
            for fact in (
                identity(submission_id, contact_id),
                response(submission_id=submission_id, contact_id=contact_id),
                form(submission_id, email=f"person-{number}@x.example"),
            ):
                tasks.create_task(apply(pool, consumer, [record_of(fact)]))
    leads = (await sales.get("/v1/leads", limit=100)).json()["items"]
    assert {lead["contact_id"] for lead in leads} == {str(contact) for _, contact in people}
    assert {lead["engagement"] for lead in leads} == {30}


async def test_a_click_of_a_known_contact_scores_the_open_lead(feed: Feed, outbox: Outbox) -> None:
    submission_id, contact_id = new_id(), new_id()
    await feed("leads", record_of(form(submission_id)))
    await feed("leads", record_of(identity(submission_id, contact_id)))
    await feed("leads", record_of(response(kind="click", contact_id=contact_id, score_delta=5)))
    (identified,) = await outbox.facts(LeadIdentified)
    assert isinstance(identified, LeadIdentified)
    assert identified.contact_id == contact_id
    scored = (await outbox.facts(LeadScored))[-1]
    assert isinstance(scored, LeadScored)
    assert (scored.engagement, scored.top_reasons[0]) == (15, "click")


async def test_a_malformed_form_parks(feed: Feed, pool: Pool, outbox: Outbox) -> None:
    await feed("leads", record_of(form(new_id()), value=b"{"), record_of(form(new_id())))
    assert await pool.fetchval("SELECT count(*) FROM parked_keys") == 1
    assert len(await outbox.facts(LeadCreated)) == 1


async def test_a_lead_is_worked_and_converted_into_a_deal_once(
    sales: Caller, outbox: Outbox
) -> None:
    lead_id = await qualified(sales, product_interests=["light"])
    terms = {
        "name": "Light",
        "amount": "48000.00",
        "currency": "EUR",
        "expected_close_date": "2026-12-31",
    }
    first = await command(sales, lead_id, "convert", {"deal": terms})
    again = await command(sales, lead_id, "convert")
    assert first == again
    assert first["customer_id"] == str(derived_id(lead_id, "customer"))
    assert first["contact_id"] == str(derived_id(lead_id, "contact"))
    converted, deal = await outbox.facts(LeadConverted, DealOpened)
    assert isinstance(converted, LeadConverted)
    assert isinstance(deal, DealOpened)
    assert (str(deal.deal_id), deal.customer_id) == (first["deal_id"], converted.customer_id)
    assert (str(deal.lead_id), deal.product_lines) == (lead_id, ("light",))
    opened = (await sales.get(f"/v1/deals/{deal.deal_id}")).json()
    assert (opened["amount"], opened["owner_id"]) == ("48000.00", "anna")


async def test_a_deal_from_a_lead_is_flagged_for_the_customers_grave_ticket(
    sales: Caller, feed: Feed
) -> None:
    lead_id = await qualified(sales)
    ticket = ticket_opened(new_id(), derived_id(lead_id, "customer"))
    await feed("tickets", record_of(ticket))
    terms = {
        "name": "L",
        "amount": "1",
        "currency": "EUR",
        "expected_close_date": "2026-12-31",
    }
    lead = await command(sales, lead_id, "convert", {"deal": terms})
    deal = (await sales.get(f"/v1/deals/{lead['deal_id']}")).json()
    assert [risk["cause_id"] for risk in deal["risks"]] == [str(ticket.ticket_id)]


async def test_a_disqualified_lead_can_not_be_converted(sales: Caller) -> None:
    lead_id = await qualified(sales)
    await command(sales, lead_id, "disqualify", {"reason_code": "no-budget"})
    refused = await sales.post(f"/v1/leads/{lead_id}/convert")
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:rapport:problem:lead-is-disqualified"
    assert (await sales.post(f"/v1/leads/{lead_id}/assign", {"owner_id": "bo"})).status_code == 409


async def test_the_same_idempotency_key_creates_one_lead(sales: Caller, outbox: Outbox) -> None:
    asked = Caller(sales.http, {**sales.headers, "Idempotency-Key": "lead-1"})
    first = await asked.post("/v1/leads", lead_body())
    again = await asked.post("/v1/leads", lead_body())
    assert (first.status_code, first.json()) == (201, again.json())
    assert len(await outbox.facts(LeadScored)) == 1
    other = await asked.post("/v1/leads", lead_body(email="eve@x.example"))
    assert other.status_code == 409


async def test_a_lead_is_scored_and_waits_where_nobody_is_the_default_owner(
    sales: Caller, app: FastAPI, outbox: Outbox
) -> None:
    app.state.intake = type(app.state.intake)(app.state.intake.hash_key, None)
    body = lead_body(company="X", phone="+442079460018", product_interests=["a"])
    for _ in range(3):
        lead = (await sales.post("/v1/leads", body)).json()
    assert (lead["grade"], lead["status"], lead["owner_id"]) == ("B", "new", None)
    assert await outbox.facts(LeadAssigned) == []


async def test_a_stale_version_of_a_lead_is_refused(sales: Caller) -> None:
    lead = (await sales.post("/v1/leads", lead_body())).json()
    path = f"/v1/leads/{lead['lead_id']}/assign"
    assert (await sales.post(path, {"owner_id": "bo"}, If_Match='"1"')).status_code == 412
    assigned = await sales.post(path, {"owner_id": "bo"}, If_Match=f'"{lead["version"]}"')
    assert assigned.status_code == 200


async def test_a_lead_needs_an_address_that_is_one(sales: Caller) -> None:
    answer = await sales.post("/v1/leads", lead_body(email="nobody"))
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["email"]


async def test_leads_are_listed_by_status_and_owner(
    sales: Caller, caller: Callable[[Role], Caller]
) -> None:
    for number in range(3):
        await sales.post("/v1/leads", lead_body(email=f"p{number}@x.example"))
    lead_id = await qualified(sales)
    page = (await caller("reader").get("/v1/leads", limit=2)).json()
    assert page["items"][0]["lead_id"] == lead_id
    rest = (await sales.get("/v1/leads", limit=2, cursor=page["next"])).json()
    assert (len(rest["items"]), rest["next"]) == (2, None)
    mine = (await sales.get("/v1/leads", status="qualified", owner_id="anna")).json()["items"]
    assert [lead["lead_id"] for lead in mine] == [lead_id]
