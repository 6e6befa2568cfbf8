"""Erasure in pipeline: leads lose what was told, deals their name; amounts stay."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from shared.contact_points import subject_hash
from shared.contracts.campaigns import FORM_STATE
from shared.contracts.contacts import ErasureRequested
from shared.contracts.pipeline import (
    LEAD_STATE,
    CommitmentRedacted,
    CommitmentState,
    DealRedacted,
    LeadDisqualified,
)
from shared.contracts.privacy import ANSWERING, ERASURE_ACKNOWLEDGED
from shared.db import Pool
from shared.ids import new_id
from shared.messaging.resyncing import Resyncing

from tests.integration.pipeline.conftest import HASH_KEY, Caller, Outbox
from tests.integration.pipeline.deals import open_deal
from tests.integration.pipeline.test_commitments import promise
from tests.integration.pipeline.test_leads import form
from tests.records import record_of

Feed = Callable[..., Awaitable[None]]
AT = datetime(2026, 10, 23, 9, tzinfo=UTC)
EMAIL = "ada@harbour.example"


def asked(**fields: Any) -> ErasureRequested:
    return ErasureRequested(
        **{
            "request_id": new_id(),
            "scope": "person",
            "required_acks": ANSWERING,
            "target_at": AT,
            "deadline_at": AT,
            **fields,
        }
    )


def ended(submission_id: UUID) -> Any:
    return record_of(form(submission_id), 2, value=None)


async def lead_of(pool: Pool) -> Any:
    return await pool.fetchrow("SELECT * FROM leads")


async def acks(pool: Pool) -> list[str]:
    rows = await pool.fetch("SELECT payload FROM outbox WHERE topic LIKE '%privacy%' ORDER BY id")
    return [row["payload"] for row in rows]


async def test_a_lead_is_found_by_its_address_and_loses_what_was_told(
    feed: Feed, pool: Pool, app: FastAPI
) -> None:
    submission_id = new_id()
    await feed("leads", record_of(form(submission_id, message="I am Ada Lamp")))
    lead_id = (await lead_of(pool))["lead_id"]
    request = asked(subject_hashes=(subject_hash(HASH_KEY, "email", EMAIL),))

    record = record_of(request)
    await feed("privacy", record)
    await feed("privacy", record)

    lead = await lead_of(pool)
    told = ("name", "company", "email", "phone", "need", "person_hash")
    assert [lead[name] for name in told] == [None] * 6
    assert (lead["status"], lead["reason_code"]) == ("disqualified", "erased")
    rows = await pool.fetch("SELECT topic, payload, headers FROM outbox ORDER BY id DESC LIMIT 3")
    assert [row["topic"].split(".")[2] for row in rows] == ["privacy", "lead", "lead"]
    assert rows[1]["topic"] == LEAD_STATE.name
    assert rows[1]["payload"] is None
    assert LeadDisqualified.type in rows[2]["headers"]
    assert len(await acks(pool)) == 1
    resyncing: Resyncing = app.state.resyncing
    async with pool.acquire() as connection:
        assert await resyncing.resyncables["lead"].lock_snapshots(connection, [lead_id]) == []


async def test_a_form_that_ends_takes_its_lead_with_it_whatever_comes_again(
    feed: Feed, pool: Pool
) -> None:
    submission_id = new_id()
    told = record_of(form(submission_id))
    await feed("leads", told, ended(submission_id), record_of(form(submission_id)))
    await feed("leads", record_of(form(submission_id)))

    assert await pool.fetchval("SELECT count(*) FROM leads") == 1
    assert (await lead_of(pool))["email"] is None


async def test_a_form_that_comes_after_the_erasure_becomes_no_lead(feed: Feed, pool: Pool) -> None:
    submission_id = new_id()
    await feed("privacy", record_of(asked(submission_ids=(submission_id,))))
    await feed("leads", record_of(form(submission_id)))
    assert await lead_of(pool) is None
    assert await pool.fetchval("SELECT topic FROM erased_keys") == FORM_STATE.name


async def test_a_deal_keeps_its_amount_and_loses_its_name(
    feed: Feed, pool: Pool, sales: Caller
) -> None:
    contact_id = new_id()
    deal = {
        "customer_id": str(new_id()),
        "primary_contact_id": str(contact_id),
        "name": "Lamps for Ada Lamp",
        "amount": "1000.00",
        "currency": "EUR",
        "expected_close_date": "2027-01-01",
    }
    deal_id = (await sales.post("/v1/deals", deal)).json()["deal_id"]
    await feed("privacy", record_of(asked(contact_ids=(contact_id,))))

    after = (await sales.get(f"/v1/deals/{deal_id}")).json()
    assert (after["name"], after["amount"], after["version"]) == ("(erased)", "1000.00", 2)
    rows = await pool.fetch("SELECT headers, payload, version FROM outbox ORDER BY id DESC LIMIT 3")
    assert DealRedacted.type in rows[2]["headers"]
    assert (rows[1]["version"], "(erased)" in rows[1]["payload"]) == (2, True)
    assert "Ada" not in rows[1]["payload"]
    acknowledged = ERASURE_ACKNOWLEDGED["pipeline"].model_validate_json((await acks(pool))[0])
    assert acknowledged.erased == {"leads": 0, "deals": 1, "commitments": 0}


async def test_promises_to_a_person_lose_their_words_and_are_still_owed(
    feed: Feed, sales: Caller, outbox: Outbox
) -> None:
    customer_id, person, other = new_id(), new_id(), new_id()
    deal = await open_deal(sales, customer_id, primary_contact_id=str(person))
    on_deal = {"deal_id": deal["deal_id"]}
    theirs = [
        await promise(sales, customer_id, contact_id=str(person)),
        await promise(sales, customer_id, **on_deal),
    ]
    others = [
        await promise(sales, customer_id),
        await promise(sales, customer_id, contact_id=str(other), **on_deal),
    ]
    for _ in range(2):  # another request of the same person finds nothing left
        await feed("privacy", record_of(asked(contact_ids=(person,))))

    async def told(made: list[Any]) -> list[tuple[str, int, str]]:
        found = [await sales.get(f"/v1/commitments/{each['commitment_id']}") for each in made]
        return [
            (each.json()["text"], each.json()["version"], each.json()["status"]) for each in found
        ]

    assert await told(theirs) == [("(erased)", 2, "open")] * 2
    assert await told(others) == [(each["text"], 1, "open") for each in others]
    redacted = await outbox.facts(CommitmentRedacted)
    assert {str(fact.commitment_id) for fact in redacted} == {
        each["commitment_id"] for each in theirs
    }
    assert len(redacted) == 2
    states = await outbox.facts(CommitmentState)
    assert {state.text for state in states[-2:]} == {"(erased)"}
    counts = [
        fact.erased["commitments"] for fact in await outbox.facts(ERASURE_ACKNOWLEDGED["pipeline"])
    ]
    assert counts == [2, 0]


async def test_orders_are_kept_with_their_reason_and_until_when(feed: Feed, pool: Pool) -> None:
    customer_id = new_id()
    await pool.execute(
        "INSERT INTO orders VALUES ($1, 1, 'erp', '1', $2, 1, 'paid', '[]', 10, 'EUR', $3)",
        new_id(),
        customer_id,
        AT,
    )
    await feed("privacy", record_of(asked(customer_ids=(customer_id,), scope="customer")))
    acknowledged = ERASURE_ACKNOWLEDGED["pipeline"].model_validate_json((await acks(pool))[0])
    [kept] = acknowledged.retained
    assert (kept.category, kept.until and kept.until.year) == ("orders", 2036)
    assert await pool.fetchval("SELECT sum(total) FROM orders") == 10
