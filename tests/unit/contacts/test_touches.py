"""Touches: a call or a purchase as an interaction, whose it is, and what is told of nobody."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from contacts.touches.domain import Reason, Touch, attached, of_call, of_purchase
from shared.contracts.external import CallCompleted, PurchaseRecorded

from tests.records import cause_of_test

AT = datetime(2026, 11, 25, 9, tzinfo=UTC)
ADA, EVE = UUID(int=1), UUID(int=2)
CALL = CallCompleted(
    call_id="c-1",
    direction="inbound",
    phone="+442079460018",
    started_at=AT,
    duration_s=90,
    agent_id="tim",
    outcome="missed",
)
BOUGHT = PurchaseRecorded(
    receipt_no="1",
    store_id="kiel",
    program="card",
    loyalty_no="4711",
    product_ids=("P-1",),
    total=Decimal(10),
    currency="EUR",
    purchased_at=AT,
)


def test_a_call_is_an_interaction_without_its_number() -> None:
    told = of_call(CALL)
    assert (told.channel, told.kind, told.direction) == ("phone", "call", "inbound")
    assert (told.actor_id, told.outcome, told.duration_s) == ("tim", "missed", 90)
    assert told.occurred_at == AT
    assert "7946" not in told.model_dump_json()


def test_a_purchase_is_an_interaction_without_its_card() -> None:
    told = of_purchase(BOUGHT)
    assert (told.channel, told.kind, told.product_interests) == ("store", "purchase", ("P-1",))
    assert "4711" not in told.model_dump_json()


def test_the_sources_own_id_makes_the_interactions() -> None:
    again = CALL.model_copy(update={"duration_s": 91})
    assert of_call(again).interaction_id == of_call(CALL).interaction_id
    elsewhere = BOUGHT.model_copy(update={"store_id": "bonn"})
    assert of_purchase(elsewhere).interaction_id != of_purchase(BOUGHT).interaction_id


@pytest.mark.parametrize(
    ("candidates", "hashed", "reason"),
    [((), "h", "unknown"), ((ADA, EVE), "h", "ambiguous"), ((), None, "unreadable")],
)
def test_of_whom_nobody_knows_it_is_left_open_with_the_reason(
    candidates: tuple[UUID, ...], hashed: str | None, reason: Reason
) -> None:
    touch = Touch(of_call(CALL), candidates, hashed, cause_of_test())
    assert touch.contact_id is None
    assert (touch.unattached.reason, touch.unattached.candidate_ids) == (reason, candidates)


def test_of_one_alone_it_is_theirs() -> None:
    touch = Touch(of_call(CALL), (ADA,), "h", cause_of_test())
    assert touch.contact_id == ADA
    told = attached(touch.told, ADA, None)
    assert (told.contact_ids, told.customer_id) == ((ADA,), None)
