"""The oracle names what a merge has left half done, and nothing of one that is whole."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest
from shared.contracts.contacts import CustomerMerged, CustomerUnmerged
from shared.contracts.pipeline import OrderConfirmed
from shared.contracts.topic import Event
from shared.settings import KafkaSettings

from tests.faults.expected_merges import FOLLOWING, judge_merges
from tests.faults.history import Command
from tests.faults.holdings import Holdings
from tests.faults.log import Log
from tests.faults.merging import Meaning, merging_of
from tests.records import record_of

NOW = datetime(2026, 11, 25, tzinfo=UTC)
A, B, C = (UUID(int=number) for number in (1, 2, 3))
ORDER, FIRST, SECOND = (UUID(int=number) for number in (11, 21, 22))


def _merged(merge_id: UUID, old_id: UUID, into: UUID) -> CustomerMerged:
    return CustomerMerged(
        customer_id=into,
        merge_id=merge_id,
        merged_ids=(old_id,),
        reversible_until=NOW,
        reason_code="duplicate",
        decided_by="user:load",
    )


def _undone(merge_id: UUID, old_id: UUID, into: UUID) -> CustomerUnmerged:
    return CustomerUnmerged(
        customer_id=into,
        merge_id=merge_id,
        restored_ids=(old_id,),
        reason_code="load",
        decided_by="user:load",
    )


def _ordered(customer_id: UUID) -> OrderConfirmed:
    return OrderConfirmed.model_validate(
        {
            "order_id": ORDER,
            "external_system": "erp",
            "external_ref": "1",
            "customer_id": customer_id,
            "lines": (),
            "total": "1.00",
            "currency": "EUR",
            "ordered_at": NOW,
        }
    )


def _log(*events: Event) -> Log:
    log = Log(KafkaSettings(bootstrap_servers="nowhere:9092"))
    for version, event in enumerate(events, start=1):
        log.take(record_of(event, version))
    return log


def _held(steps: Sequence[tuple[UUID, UUID, UUID]], order_of: UUID) -> Holdings:
    """What all services hold once these merges (id, old, into) are through."""
    held = Holdings()
    held.rows["contacts", "customers"] = [
        {"customer_id": old_id, "record_status": "merged", "merged_into": into}
        for _, old_id, into in steps
    ]
    for service in FOLLOWING:
        held.rows[service, "aliases"] = [
            {"merge_id": merge_id, "old_id": old_id, "into_id": into, "ended_at": None}
            for merge_id, old_id, into in steps
        ]
    held.rows["pipeline", "orders"] = [{"order_id": ORDER, "customer_id": order_of}]
    return held


CHAIN = (_ordered(A), _merged(FIRST, A, B), _merged(SECOND, B, C))


def test_of_merges_that_are_through_nothing_is_said() -> None:
    assert judge_merges(_log(*CHAIN), _held([(FIRST, A, B), (SECOND, B, C)], C), []) == []
    parted = (*CHAIN, _undone(SECOND, B, C))
    assert judge_merges(_log(*parted), _held([(FIRST, A, B)], B), []) == []


@pytest.mark.parametrize("service", FOLLOWING)
def test_an_alias_that_a_service_lacks_is_named(service: str) -> None:
    held = _held([(FIRST, A, B), (SECOND, B, C)], C)
    held.rows[service, "aliases"].pop()
    [said] = judge_merges(_log(*CHAIN), held, [])
    assert f"alias of {service}" in said
    assert "is missing" in said


def test_what_stayed_with_a_merged_record_is_named() -> None:
    [said] = judge_merges(_log(*CHAIN), _held([(FIRST, A, B), (SECOND, B, C)], B), [])
    assert f"parties of pipeline.orders {ORDER}" in said


def test_what_was_not_given_back_is_named() -> None:
    parted = (*CHAIN, _undone(SECOND, B, C))
    [said] = judge_merges(_log(*parted), _held([(FIRST, A, B)], C), [])
    assert f"parties of pipeline.orders {ORDER}" in said


def test_a_record_that_is_merged_without_a_fact_is_named() -> None:
    [said] = judge_merges(_log(_ordered(A)), _held([(FIRST, B, C)], A), [])[:1]
    assert "has no ground in the log" in said


def test_a_merge_that_is_told_twice_is_named() -> None:
    twice = (_ordered(A), _merged(FIRST, A, B), _merged(FIRST, A, B))
    assert judge_merges(_log(*twice), _held([(FIRST, A, B)], B), []) == [
        f"merge {FIRST} was merged 2 times"
    ]


def test_who_is_sent_on_without_a_merge_was_sent_on_wrongly() -> None:
    sent_on = Command("key-1", "update-customer", "contacts", "acknowledged")
    sent_on.named = frozenset({str(A)})
    log, held = _log(*CHAIN), _held([(FIRST, A, B), (SECOND, B, C)], C)
    for into in (B, C):
        sent_on.merged_into = str(into)
        assert judge_merges(log, held, [sent_on]) == []
    sent_on.named = frozenset({str(C)})
    [said] = judge_merges(log, held, [sent_on])
    assert "sent on without a merge" in said


def test_a_family_is_whoever_is_connected_by_merges_also_undone_ones() -> None:
    merging = merging_of(_log(*CHAIN, _undone(SECOND, B, C)))
    assert merging.families() == {key: {A, B, C} for key in (A, B, C)}
    assert Meaning(merging.into).now(A) == B
