"""Reactions to forms, leads, deals and orders: once, twice, early and late."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from contacts.consents.consumers import optouts
from contacts.customers.consumers import deals, orders
from contacts.intake.consumers import intake
from shared.contracts.campaigns import FormConsent, FormState, MessageUnsubscribed
from shared.contracts.pipeline import DealReopened, DealWon, LeadState, OrderConfirmed
from shared.db import Pool
from shared.ids import derived_id
from shared.messaging.consuming import apply

from tests.integration.contacts.conftest import RULES, lifecycle_of
from tests.records import record_of

NOW = datetime.now(UTC)
CONSUMER = intake(RULES)


def form(**fields: Any) -> FormState:
    return FormState(
        **{
            "submission_id": uuid4(),
            "form_id": "contact",
            "form_version": 3,
            "kind": "contact-request",
            "given_name": "Ada",
            "family_name": "Lovelace",
            "email": "Ada@Example.org",
            "phone": "+44 20 7946 0018",
            "consents": (FormConsent(channel="email", purpose="marketing"),),
            "submitted_at": NOW,
            **fields,
        }
    )


def lead(**fields: Any) -> LeadState:
    return LeadState(
        **{
            "lead_id": uuid4(),
            "status": "converted",
            "name": "Ada Lovelace",
            "company": "Analytical Engines",
            "email": "ada@example.org",
            "source": "form",
            "channel": "web",
            "owner_id": "anna",
            "grade": "A",
            "customer_id": uuid4(),
            "contact_id": uuid4(),
            "received_at": NOW,
            "response_due_at": NOW,
            **fields,
        }
    )


def won(customer_id: UUID | str, **fields: Any) -> DealWon:
    return DealWon(
        **{
            "deal_id": uuid4(),
            "customer_id": customer_id,
            "pipeline_id": uuid4(),
            "amount": Decimal(1),
            "currency": "EUR",
            "owner_id": "anna",
            "requires_onboarding": False,
            "cycle_days": 1,
            "opened_at": NOW,
            "won_at": NOW,
            **fields,
        }
    )


def reopened(deal: DealWon) -> DealReopened:
    return DealReopened(
        deal_id=deal.deal_id,
        customer_id=deal.customer_id,
        from_status="won",
        stage_id="negotiation",
        probability=70,
        reason_code="mistake",
    )


def order(customer_id: UUID | str, **fields: Any) -> OrderConfirmed:
    return OrderConfirmed(
        **{
            "order_id": uuid4(),
            "external_system": "erp",
            "external_ref": "1",
            "customer_id": customer_id,
            "lines": (),
            "total": Decimal(1),
            "currency": "EUR",
            "ordered_at": NOW,
            **fields,
        }
    )


async def consents_of(api: Any, contact_id: object) -> list[tuple[str, str | None]]:
    consents = (await api.get(f"/v1/contacts/{contact_id}/consents")).json()
    return [(each["status"], each["evidence_ref"]) for each in consents]


async def test_a_form_makes_a_person_with_consent_and_a_link(
    api: Any, pool: Pool, outbox: Any
) -> None:
    submission = form()
    record = record_of(submission)
    await apply(pool, CONSUMER, [record])
    await apply(pool, CONSUMER, [record])
    await apply(pool, CONSUMER, [record_of(submission)])

    contact_id = derived_id(submission.submission_id, "contact")
    person = (await api.get(f"/v1/contacts/{contact_id}")).json()
    assert [point["normalized"] for point in person["points"]] == [
        "+442079460018",
        "ada@example.org",
    ]
    evidence = f"form:contact/v3/{submission.submission_id}"
    assert await consents_of(api, contact_id) == [("granted", evidence)]
    assert await outbox.types() == [
        "contact.created",
        "contact.point-added",
        "contact.point-added",
        "contact.state",
        "consent.granted",
        "identity.linked",
    ]


async def test_a_known_person_is_recognised_and_nothing_is_overwritten(
    api: Any, pool: Pool, outbox: Any
) -> None:
    firm = await api.create_customer()
    person = await api.create_contact(
        given_name="Augusta",
        points=[{"type": "email", "value": "ada@example.org"}],
        memberships=[{"customer_id": firm["customer_id"]}],
    )
    await outbox.clear()
    await apply(pool, CONSUMER, [record_of(form(phone="not a number"))])

    known = (await api.get(f"/v1/contacts/{person['contact_id']}")).json()
    assert (known["given_name"], known["family_name"]) == ("Augusta", "Lovelace")
    assert len(known["points"]) == 1
    linked = (await outbox.rows())[-1]
    assert f'"customer_id":"{firm["customer_id"]}"' in linked["payload"]
    assert (await outbox.types())[-1] == "identity.linked"


async def test_a_box_ticked_after_an_opt_out_grants_again_and_lifts_no_suppression(
    api: Any, pool: Pool
) -> None:
    submission = form(submitted_at=NOW - timedelta(minutes=2))
    contact_id = derived_id(submission.submission_id, "contact")
    await apply(pool, CONSUMER, [record_of(submission)])
    optout = MessageUnsubscribed(
        message_id=uuid4(),
        send_id="s",
        campaign_id=uuid4(),
        contact_id=contact_id,
        scope="all",
        purpose="marketing",
        subject_hash=RULES.subject("email", "ada@example.org"),
        unsubscribed_at=NOW - timedelta(minutes=1),
    )
    await apply(pool, optouts, [record_of(optout)])
    late = form(submitted_at=NOW - timedelta(minutes=3))
    await apply(pool, CONSUMER, [record_of(late)])
    assert (await consents_of(api, contact_id))[0][0] == "withdrawn"

    await apply(pool, CONSUMER, [record_of(form())])
    assert (await consents_of(api, contact_id))[0][0] == "granted"
    assert await pool.fetchval("SELECT is_active FROM suppressions") is True


@pytest.mark.parametrize("form_first", [True, False])
async def test_a_converted_lead_makes_customer_person_and_membership(
    api: Any, pool: Pool, *, form_first: bool
) -> None:
    submission = form()
    contact_id = derived_id(submission.submission_id, "contact")
    converted = lead(submission_id=submission.submission_id, contact_id=contact_id)
    facts = [submission, converted] if form_first else [converted, submission]
    await apply(pool, CONSUMER, [record_of(fact) for fact in facts])
    await apply(pool, CONSUMER, [record_of(converted)])

    customer = (await api.get(f"/v1/customers/{converted.customer_id}")).json()
    assert (customer["kind"], customer["display_name"]) == ("organization", "Analytical Engines")
    assert (customer["lifecycle"], customer["owner_id"]) == ("prospect", "anna")
    people = (await api.get("/v1/contacts", customer_id=customer["customer_id"])).json()["items"]
    assert [each["contact_id"] for each in people] == [str(contact_id)]
    assert people[0]["family_name"] == "Lovelace"
    assert (await consents_of(api, contact_id))[0][0] == "granted"


async def test_an_ended_membership_is_not_begun_again_by_an_old_lead(api: Any, pool: Pool) -> None:
    converted = lead(company=None)
    await apply(pool, CONSUMER, [record_of(converted)])
    path = f"/v1/contacts/{converted.contact_id}/memberships/{converted.customer_id}"
    await api.post(f"{path}/end")
    await apply(pool, CONSUMER, [record_of(converted, version=9)])
    person = (await api.get(f"/v1/contacts/{converted.contact_id}")).json()
    assert [each["until"] is None for each in person["memberships"]] == [False]
    customer = (await api.get(f"/v1/customers/{converted.customer_id}")).json()
    assert (customer["kind"], customer["display_name"]) == ("individual", "Ada Lovelace")


async def test_a_lead_that_is_not_converted_makes_nothing(pool: Pool, outbox: Any) -> None:
    await apply(pool, CONSUMER, [record_of(lead(status="new", customer_id=None, contact_id=None))])
    assert await outbox.types() == []


async def test_a_won_deal_makes_a_customer_and_reopening_takes_it_back(
    api: Any, pool: Pool, outbox: Any
) -> None:
    prospect = await api.create_customer()
    await outbox.clear()
    deal = won(prospect["customer_id"])
    await apply(pool, deals, [record_of(deal)])
    await apply(pool, deals, [record_of(deal)])
    assert await lifecycle_of(pool, prospect["customer_id"]) == "customer"
    await apply(pool, deals, [record_of(reopened(deal))])
    assert await lifecycle_of(pool, prospect["customer_id"]) == "prospect"
    assert await outbox.types() == ["customer.lifecycle-changed", "customer.state"] * 2


async def test_another_won_deal_or_an_order_keeps_the_customer(api: Any, pool: Pool) -> None:
    first, second = await api.create_customer(), await api.create_customer()
    deal, other, with_order = (
        won(first["customer_id"]),
        won(first["customer_id"]),
        won(second["customer_id"]),
    )
    await apply(pool, orders, [record_of(order(second["customer_id"]))])
    await apply(pool, deals, [record_of(deal), record_of(other), record_of(with_order)])
    await apply(pool, deals, [record_of(reopened(deal)), record_of(reopened(with_order))])
    assert await lifecycle_of(pool, first["customer_id"]) == "customer"
    assert await lifecycle_of(pool, second["customer_id"]) == "customer"


@pytest.mark.parametrize("fact", [won, order])
async def test_what_comes_before_the_customer_is_kept_until_it_appears(
    pool: Pool, fact: Any
) -> None:
    converted = lead()
    assert converted.customer_id is not None
    consumer = deals if fact is won else orders
    await apply(pool, consumer, [record_of(fact(converted.customer_id))])
    await apply(pool, CONSUMER, [record_of(converted)])
    assert await lifecycle_of(pool, converted.customer_id) == "customer"


async def test_only_the_first_order_of_a_prospect_is_a_fact(
    api: Any, pool: Pool, outbox: Any
) -> None:
    buyers = [await api.create_customer() for _ in range(3)]
    await outbox.clear()
    batch = [record_of(order(buyer["customer_id"])) for buyer in buyers for _ in range(4)]
    await apply(pool, orders, batch)
    await apply(pool, orders, batch)
    await apply(pool, orders, [record_of(order(buyers[0]["customer_id"]))])
    assert await outbox.types() == ["customer.lifecycle-changed", "customer.state"] * 3
    assert await lifecycle_of(pool, buyers[2]["customer_id"]) == "customer"


async def test_a_disqualified_prospect_does_not_become_a_customer_by_an_order(
    api: Any, pool: Pool
) -> None:
    created = await api.create_customer()
    path = f"/v1/customers/{created['customer_id']}/lifecycle"
    await api.post(path, {"to": "disqualified", "reason_code": "no-budget"})
    await apply(pool, orders, [record_of(order(created["customer_id"]))])
    assert await lifecycle_of(pool, created["customer_id"]) == "disqualified"


async def test_a_form_with_an_impossible_address_parks_alone(pool: Pool) -> None:
    await apply(pool, CONSUMER, [record_of(form(email="nobody")), record_of(form())])
    assert await pool.fetchval("SELECT count(*) FROM parked_keys") == 1
    assert await pool.fetchval("SELECT count(*) FROM people") == 1
