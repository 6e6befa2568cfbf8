"""Whether a prospect is one: leads that are given up, and interest that comes after that."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from contacts.grades.consumers import consumer as figures
from contacts.interest.consumers import consumer
from contacts.interest.handlers import note_lead
from shared.contracts.campaigns import ResponseRecorded
from shared.contracts.pipeline import LeadState
from shared.db import Pool, transaction
from shared.messaging.consuming import apply

from tests.integration.contacts.conftest import Api, Outbox, lifecycle_of
from tests.integration.contacts.test_dormancy import moves, until_one_waits
from tests.integration.contacts.test_grades import NOW, deal
from tests.integration.contacts.test_merges import merged, organization
from tests.integration.contacts.test_reactions import lead
from tests.records import cause_of_test, record_of

SOON = NOW + timedelta(hours=1)


def a_lead(customer_id: str | None, status: str = "assigned", **fields: Any) -> LeadState:
    return lead(customer_id=customer_id, contact_id=None, status=status, **fields)


def given_up(known: LeadState) -> LeadState:
    return known.model_copy(update={"status": "disqualified"})


def response(**fields: Any) -> ResponseRecorded:
    said = {"response_id": uuid4(), "kind": "click", "score_delta": 1, "occurred_at": SOON}
    return ResponseRecorded.model_validate({**said, **fields})


async def disqualified(api: Api) -> str:
    customer_id = await organization(api)
    body = {"to": "disqualified", "reason_code": "no-budget"}
    assert (await api.post(f"/v1/customers/{customer_id}/lifecycle", body)).status_code == 200
    return customer_id


async def test_the_last_lead_that_is_given_up_disqualifies_the_prospect(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    prospect = await organization(api)
    one, other, of_nobody = a_lead(prospect), a_lead(prospect), a_lead(None)
    await outbox.clear()
    await apply(pool, consumer, [record_of(each) for each in (one, other, of_nobody)])
    await apply(pool, consumer, [record_of(given_up(each), 2) for each in (one, of_nobody)])
    assert await lifecycle_of(pool, prospect) == "prospect"
    for _ in range(2):
        last = record_of(given_up(other), 2)
        await apply(pool, consumer, [last, last, record_of(one, value=b"{", key=b"x")])
    assert await outbox.types(prospect) == ["customer.lifecycle-changed", "customer.state"]
    [fact] = await moves(outbox)
    assert (fact["to_lifecycle"], fact["reason_code"]) == ("disqualified", "leads-disqualified")
    assert (fact["cause_type"], fact["cause_id"]) == ("lead", str(other.lead_id))


async def test_leads_that_are_given_up_at_once_do_not_miss_each_other(api: Api, pool: Pool) -> None:
    prospect = await organization(api)
    one, other = a_lead(prospect), a_lead(prospect)
    await apply(pool, consumer, [record_of(one), record_of(other)])
    async with transaction(pool) as first:
        await note_lead(first, cause_of_test(), given_up(one), 2)
        second = asyncio.ensure_future(apply(pool, consumer, [record_of(given_up(other), 2)]))
        await until_one_waits(pool, second)
    await second
    assert await lifecycle_of(pool, prospect) == "disqualified"


async def test_a_converted_lead_an_open_deal_or_a_lead_of_before_keeps_the_prospect(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    converting, dealing, of_before = [await organization(api) for _ in range(3)]
    of_each = [a_lead(each) for each in (converting, dealing)]
    await apply(pool, figures, [record_of(deal(dealing))])
    await apply(pool, consumer, [record_of(each) for each in of_each])
    await apply(pool, consumer, [record_of(a_lead(converting, "converted"))])
    await outbox.clear()
    await apply(pool, consumer, [record_of(given_up(each), 2) for each in of_each])
    await apply(pool, consumer, [record_of(a_lead(of_before, "disqualified"), 7)])
    assert await outbox.types() == []


async def test_leads_under_an_old_id_count(api: Api, pool: Pool) -> None:
    stays, goes = await organization(api), await organization(api)
    one, other = a_lead(stays), a_lead(goes)
    await apply(pool, consumer, [record_of(one), record_of(other)])
    await merged(api, stays, goes)
    await apply(pool, consumer, [record_of(given_up(one), 2)])
    assert await lifecycle_of(pool, stays) == "prospect"
    await apply(pool, consumer, [record_of(given_up(other), 2)])
    assert await lifecycle_of(pool, stays) == "disqualified"
    assert await lifecycle_of(pool, goes) == "prospect"


async def test_a_customer_is_not_disqualified_by_its_leads(api: Api, pool: Pool) -> None:
    customer = await organization(api)
    await api.post(
        f"/v1/customers/{customer}/lifecycle", {"to": "customer", "reason_code": "known"}
    )
    asked = a_lead(customer)
    await apply(pool, consumer, [record_of(asked)])
    await apply(pool, consumer, [record_of(given_up(asked), 2)])
    assert await lifecycle_of(pool, customer) == "customer"


async def test_a_lead_that_comes_after_the_decision_is_new_interest(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    out, untouched = await disqualified(api), await disqualified(api)
    await outbox.clear()
    before = a_lead(untouched, received_at=NOW - timedelta(days=1))
    await apply(pool, consumer, [record_of(before), record_of(before, 2)])
    asked = a_lead(out, "new", received_at=SOON)
    for _ in range(2):
        await apply(pool, consumer, [record_of(asked), record_of(asked, 2)])
    [fact] = await moves(outbox)
    assert (fact["customer_id"], fact["to_lifecycle"]) == (out, "prospect")
    assert (fact["reason_code"], fact["cause_id"]) == ("new-interest", str(asked.lead_id))
    assert await lifecycle_of(pool, untouched) == "disqualified"


@pytest.mark.parametrize("named", ["customer_id", "contact_id"])
async def test_who_responds_to_a_campaign_is_a_prospect_again(
    api: Api, pool: Pool, outbox: Outbox, named: str
) -> None:
    out, untouched = await disqualified(api), await disqualified(api)
    person = await api.create_contact(memberships=[{"customer_id": out}])
    by_name = {"customer_id": out, "contact_id": person["contact_id"]}
    await outbox.clear()
    told = [
        response(**{named: by_name[named]}),
        response(**{named: by_name[named]}),
        response(customer_id=untouched, occurred_at=NOW - timedelta(days=1)),
        response(customer_id=uuid4()),
        response(),
    ]
    for _ in range(2):
        broken = record_of(response(), value=b"{", key=b"x")
        await apply(pool, consumer, [*map(record_of, told), broken])
    [fact] = await moves(outbox)
    assert (fact["to_lifecycle"], fact["cause_type"]) == ("prospect", "response")
    assert fact["cause_id"] == str(told[0].response_id)
    assert await lifecycle_of(pool, UUID(untouched)) == "disqualified"
