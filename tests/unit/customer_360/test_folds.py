"""Folds: each fact does what it says; order among aggregates and repetition change nothing."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from customer_360.commitments.fold import fold as commitment_fold
from customer_360.consumers import consumers, customer_projection, fact_projection, order_projection
from customer_360.deals.fold import fold as deal_fold
from customer_360.leads.fold import fold as lead_fold
from customer_360.orders.fold import fold as order_fold
from customer_360.people.fold import contact_fold
from customer_360.profiles.pressure import Pressure
from customer_360.projecting import Section
from customer_360.tickets.fold import clock_fold, ticket_fold
from customer_360.timeline.titles import TITLES
from customer_360.touches.fold import message_fold
from hypothesis import given
from hypothesis import strategies as st
from shared.contact_points import subject_hash
from shared.contracts import FACTS, TOPICS
from shared.contracts.contacts import Channel, PostalPoint
from shared.contracts.pipeline import DealReopened, LeadAssigned, LeadContacted
from shared.contracts.topic import Event
from shared.messaging.envelope import Received

from tests.unit.customer_360.histories.ids import an_id
from tests.unit.customer_360.histories.permissions import HASH_KEY
from tests.unit.customer_360.histories.story import Story
from tests.unit.customer_360.histories.times import at
from tests.unit.customer_360.received import received

STORIES = (Story("ada"), Story("bob"))
CALLED_OR_WRITTEN_TO: tuple[Channel, ...] = ("phone", "sms")
NOT_SHOWN = {"customer-360", "ext:cti", "ext:erp", "ext:hr", "ext:pos"}


def _facts(*histories: list[Event]) -> list[list[Received[Event]]]:
    return [
        [received(event, version) for version, event in enumerate(history, 1)]
        for history in histories
    ]


@st.composite
def interleavings(draw: st.DrawFn) -> list[Received[Event]]:
    """Everything in an order that keeps each aggregate's, with some prefixes repeated."""
    queues = [list(facts) for story in STORIES for facts in _facts(*story.history())]
    arrived: list[Received[Event]] = []
    while queues:
        index = draw(st.integers(0, len(queues) - 1))
        arrived.append(queues[index].pop(0))
        if not queues[index]:
            queues.pop(index)
    repeats = draw(st.lists(st.integers(0, len(arrived)), max_size=3))
    for length in repeats:
        arrived = arrived[:length] + arrived
    return arrived


def _sections() -> list[Section[Any]]:
    return [
        section
        for projection in (customer_projection(), order_projection(), fact_projection(HASH_KEY))
        for section in projection.sections
    ]


def _fold_in_batches(arrived: list[Received[Event]], sizes: list[int]) -> dict[str, Any]:
    tables: dict[str, dict[UUID, Any]] = {section.table.name: {} for section in SECTIONS}
    rest = arrived
    while rest:
        size = sizes[len(rest) % len(sizes)]
        batch, rest = rest[:size], rest[size:]
        for section in SECTIONS:
            mine = [fact for fact in batch if type(fact.event) in section.fold.steps]
            stored = tables[section.table.name]
            for row in section.fold.all(dict(stored), mine):
                stored[getattr(row, section.fold.key)] = row
    return tables


SECTIONS = _sections()
STRAIGHT = _fold_in_batches(
    [fact for story in STORIES for facts in _facts(*story.history()) for fact in facts], [1]
)


@given(interleavings(), st.lists(st.integers(1, 20), min_size=1, max_size=5))
def test_any_order_among_aggregates_and_any_repetition_give_the_same_rows(
    arrived: list[Received[Event]], sizes: list[int]
) -> None:
    assert _fold_in_batches(arrived, sizes) == STRAIGHT


def test_a_gap_in_the_versions_is_no_fault() -> None:
    story = Story()
    deal = deal_fold(None, received(story.deal_opened(), 1))

    won = deal_fold(deal, received(story.deal_won(), 7))

    assert (won.version, won.status) == (7, "won")


def test_a_fact_that_is_not_newer_leaves_the_row_alone() -> None:
    story = Story()
    deal = deal_fold(None, received(story.deal_opened(), 4))

    assert deal_fold(deal, received(story.deal_won(), 4)) is deal


def test_a_won_deal_that_is_reopened_is_open_again() -> None:
    story = Story()
    won = deal_fold(None, received(story.deal_won(), 2))
    reopened = DealReopened(
        deal_id=story.deal,
        customer_id=story.customer,
        from_status="won",
        stage_id="proposal",
        probability=40,
        reason_code="mistake",
    )

    deal = deal_fold(won, received(reopened, 3))

    assert (deal.status, deal.stage_id, deal.closed_at) == ("open", "proposal", None)


def test_a_risk_is_there_once_however_often_it_is_flagged() -> None:
    flagged = Story().history()[5][1]
    deal = deal_fold(None, received(flagged, 2))

    assert len(deal_fold(deal, received(flagged, 3)).risks) == 1


def test_a_lead_that_changes_hands_is_as_far_as_it_was() -> None:
    def given(owner_id: str) -> LeadAssigned:
        return LeadAssigned(
            lead_id=story.lead, owner_id=owner_id, reason_code="x", response_due_at=at(4)
        )

    story = Story()
    contacted = LeadContacted(
        lead_id=story.lead, responded_at=at(2), response_minutes=90, within_due=True
    )
    [lead] = lead_fold.all({}, _facts([given("anna")])[0])
    assert lead.status == "assigned"

    [lead] = lead_fold.all({}, _facts([given("anna"), contacted, given("tim")])[0])
    assert (lead.status, lead.owner_id) == ("contacted", "tim")


def test_a_revised_order_has_its_new_total() -> None:
    history = Story().history()[6]
    rows = order_fold.all({}, _facts(history)[0])

    assert [(row.total, row.status) for row in rows] == [(Decimal("31.00"), "paid")]


def test_an_order_is_overdue_until_it_is_paid() -> None:
    *late, paid = _facts(Story().paid_late())[0]
    [order] = order_fold.all({}, late)
    assert (order.overdue_level, order.due_at) == (2, at(30 + 14 * 24))

    order = order_fold(order, paid)
    assert (order.status, order.overdue_level, order.due_at) == ("paid", 0, None)


def test_a_breached_clock_that_is_met_late_stays_breached_and_is_no_longer_open() -> None:
    [clock] = clock_fold.all({}, _facts(Story().history()[9])[0])

    assert (clock.is_breached, clock.is_open, clock.late_by_minutes) == (True, False, 60)


def test_a_resolved_ticket_is_not_open() -> None:
    [ticket] = ticket_fold.all({}, _facts(Story().history()[8])[0])

    assert (ticket.is_open, ticket.agent_id) == (False, "sam")


def test_a_promise_that_is_kept_late_was_broken_and_is_no_longer_owed() -> None:
    [kept] = commitment_fold.all({}, _facts(Story().kept_late())[0])

    assert (kept.status, kept.is_owed, kept.is_due_soon) == ("fulfilled", False, False)
    assert (kept.broken_at, kept.owner_id, kept.made_by) == (at(48), "tim", "anna")


def test_a_message_that_was_held_and_then_sent_keeps_no_reason() -> None:
    [message] = message_fold.all({}, _facts(Story().history()[11])[0])

    assert (message.status, message.reason_code, message.clicked_at is None) == (
        "sent",
        None,
        False,
    )


def test_only_points_in_use_can_be_found_and_suppressed() -> None:
    state = Story().contact_state()
    retired = state.points[0].model_copy(update={"status": "retired"})

    row = contact_fold(HASH_KEY)(
        None, received(state.model_copy(update={"points": (retired, state.points[1])}))
    )

    assert row.point_keys == ("phone:+442079460018",)
    assert row.subject_hashes == tuple(
        subject_hash(HASH_KEY, channel, "+442079460018") for channel in CALLED_OR_WRITTEN_TO
    )


def test_a_postal_address_in_use_is_known_by_the_hash_that_suppresses_it() -> None:
    used = PostalPoint(point_id=an_id("home"), normalized="12 Mill Lane, Leeds")
    moved = used.model_copy(update={"status": "retired", "normalized": "9 Old Road, Leeds"})
    row = contact_fold(HASH_KEY)(
        None, received(Story().contact_state(points=(), postal_points=(used, moved)))
    )

    assert row.subject_hashes == (subject_hash(HASH_KEY, "post", "12 mill lane, leeds"),)


FOLDED_SNAPSHOTS = {"crm.contacts.customer.state.v1", "crm.contacts.contact.state.v1"}
"""Of all others the facts are folded, which say more: when, by whom, in which order."""


def test_every_fact_of_a_customer_has_a_title() -> None:
    subscribed = {
        FACTS[name] for consumer in consumers(HASH_KEY, Pressure(500)) for name in consumer.handlers
    }
    snapshots = {fact for fact in subscribed if fact.type.endswith("state.v1")}
    nobodys = ("crm.campaigns.campaign.", "crm.contacts.handover.")
    of_nobody = {fact for fact in subscribed if fact.type.startswith(nobodys)}

    assert subscribed - snapshots - of_nobody <= set(TITLES)


@pytest.mark.parametrize("topic", sorted(TOPICS))
def test_every_topic_is_consumed_unless_it_concerns_no_customer(topic: str) -> None:
    consumed = {
        topic.name for consumer in consumers(HASH_KEY, Pressure(500)) for topic in consumer.topics
    }
    left_out = (
        TOPICS[topic].publisher in NOT_SHOWN
        or TOPICS[topic].aggregate
        in {
            "import",
            "confirmation",
            "segment",
            "definition",
            "sla-policy",
            "grade-policy",
            "calendar",
            "parked-record",
            "subscription",
            "resync",
        }
        or (
            TOPICS[topic].aggregate in {"handover", "privacy"}
            and TOPICS[topic].publisher != "contacts"
        )
        or (TOPICS[topic].cleanup == "compact" and topic not in FOLDED_SNAPSHOTS)
    )

    assert (topic in consumed) != left_out
