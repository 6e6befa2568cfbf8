"""The oracle objects as soon as the log that it folds lacks one fact, of any type."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from customer_360.people.projection import contact_section
from customer_360.privacy_requests import projection as privacy_requests
from shared.contracts import FACTS
from shared.contracts.contacts import CONTACT_STATE, ErasureRequested
from shared.contracts.pipeline import DEAL_EVENTS
from shared.contracts.privacy import ANSWERING
from shared.contracts.topic import Event
from shared.settings import KafkaSettings

from tests.faults.checker import check
from tests.faults.expected_copies import judge_copies
from tests.faults.expected_handovers import judge_handovers
from tests.faults.expected_imports import judge_imports
from tests.faults.expected_merges import judge_merges
from tests.faults.expected_privacy import MARK, judge_forgotten, judge_privacy
from tests.faults.expected_reactions import judge_reactions
from tests.faults.expected_view import fold_section, judge_view
from tests.faults.holdings import Holdings, connect, read_holdings
from tests.faults.load import loading
from tests.faults.log import Log
from tests.faults.oracle import judge, mails_of, seen_in
from tests.faults.rig import Rig
from tests.records import record_of, tombstone_of
from tests.unit.customer_360.histories.story import Story

SECONDS = 12.0

UNSEEN = {
    "crm.pipeline.definition.published.v1",
    "crm.service-desk.calendar.published.v1",
    "crm.service-desk.sla-policy.published.v1",
    "crm.campaigns.segment.activated.v1",
}
"""Nobody consumes these: only their topic tells."""


async def test_the_oracle_misses_no_fact(rig: Rig, log: Log) -> None:
    async with loading(rig, 0) as load:
        await load.bring_file(rows=20)
        await load.bring_people()
        await load.run(lambda: False, SECONDS)
        verdict = await judge(rig, load.history, log)
    assert verdict.is_clean, str(verdict)
    present = {fact for fact in FACTS.values() if log.facts(fact)}
    assert len(present) > 40
    async with AsyncExitStack() as stack:
        connections = await connect(rig, stack)
        held, view = await read_holdings(connections), connections["customer-360"]
        silent = {
            fact.type for fact in present if not await _objections(rig, log, fact, (held, view))
        }
    assert silent <= UNSEEN


async def _objections(
    rig: Rig, log: Log, fact: type[Event], present: tuple[Holdings, Any]
) -> list[str]:
    """What the oracle says when the newest fact of a type is taken out of the log."""
    held, view = present
    without = log.without_last(fact)
    key = rig.values["RAPPORT_HASH_KEY"]
    return (
        list(map(str, check([], seen_in(without), [])))
        or judge_copies(without, held, key)
        or judge_reactions(without, held, mails_of(rig), datetime.now(UTC))
        or judge_merges(without, held, [])
        or judge_handovers(without, held)
        or judge_imports(without, held)
        or judge_privacy(without, held)
        or await judge_view(view, without, key)
    )


def test_of_who_was_erased_no_row_is_expected_and_of_the_request_one() -> None:
    log = Log(KafkaSettings(bootstrap_servers="nowhere:9092"))
    story, other = Story("ada"), Story("bob")
    asked = ErasureRequested(
        request_id=UUID(int=9),
        contact_ids=(story.contact,),
        scope="person",
        required_acks=ANSWERING,
        target_at=datetime(2026, 11, 25, 9, tzinfo=UTC),
        deadline_at=datetime(2026, 11, 25, 9, tzinfo=UTC),
    )
    for record in (
        record_of(story.contact_state(), 1),
        record_of(other.contact_state(), 1),
        record_of(asked, 1),
        tombstone_of(CONTACT_STATE, str(story.contact), 2),
        record_of(story.contact_state(), 1),  # told again, after its end
    ):
        log.take(record)
    assert log.ended(CONTACT_STATE) == {story.contact}
    assert fold_section(contact_section("a hash key"), log).keys() == {other.contact}
    [request] = fold_section(privacy_requests.SECTION, log).values()
    assert (request.kind, request.status) == ("erasure", "in-progress")


def test_a_word_of_somebody_who_was_erased_is_found_wherever_it_is_left() -> None:
    log = Log(KafkaSettings(bootstrap_servers="nowhere:9092"))
    gone, there = f"{MARK}{1:012x}", f"{MARK}{2:012x}"
    story, other = Story("ada"), Story("bob")
    marked = {("pipeline: public.deals", gone), ("pipeline: public.deals", there)}
    log.take(record_of(story.contact_state(family_name=gone), 1))
    log.take(record_of(other.contact_state(family_name=there), 1))
    assert judge_forgotten(log, marked) == []
    log.take(tombstone_of(CONTACT_STATE, str(story.contact), 2))
    assert judge_forgotten(log, marked) == [
        f"pipeline: public.deals still has {gone}, who was erased"
    ]
    log.take(record_of(story.deal_opened(source=gone), 1))
    [on_topic] = judge_forgotten(log, set())
    assert on_topic.startswith(DEAL_EVENTS.name)
