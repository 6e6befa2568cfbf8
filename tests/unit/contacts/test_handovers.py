"""Handovers: what each command decides."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from contacts.handovers.domain import (
    DUE_WITHIN,
    REQUIRED,
    Acknowledge,
    CloseHandover,
    Handover,
    HandoverIdIsTakenError,
    SameOwnerError,
    StartHandover,
    carry_out,
    start,
)
from shared.contracts.contacts import HandoverCompleted, HandoverStarted, Moved

ID = UUID(int=1)
AT = datetime(2026, 1, 1, tzinfo=UTC)
LATER = AT + timedelta(hours=2)
START = StartHandover(ID, "anna", "tim", "left", "user:maria", AT)


def running() -> Handover:
    started = start(None, START)
    assert started is not None
    return started[0]


def acknowledged(*services: str) -> Handover:
    handover = running()
    for service in services:
        handover, _ = carry_out(handover, Acknowledge(service, {"things": 2}, AT))
    return handover


def test_a_handover_asks_every_service() -> None:
    started = start(None, START)
    assert started is not None
    handover, fact = started
    assert (handover.status, handover.version, handover.unresolved) == ("waiting-acks", 1, REQUIRED)
    assert fact == HandoverStarted(
        handover_id=ID,
        from_owner_id="anna",
        to_owner_id="tim",
        reason_code="left",
        due_at=AT + DUE_WITHIN,
        required_acks=REQUIRED,
    )


def test_starting_it_again_stays_quiet() -> None:
    assert start(running(), START) is None


def test_the_same_id_for_other_people_is_refused() -> None:
    with pytest.raises(HandoverIdIsTakenError):
        start(running(), replace(START, to_owner_id="otto"))


def test_nobody_hands_over_to_themselves() -> None:
    with pytest.raises(SameOwnerError):
        start(None, replace(START, to_owner_id="anna"))


def test_the_last_word_completes_it_with_what_was_moved() -> None:
    handover, facts = carry_out(acknowledged(*REQUIRED[:-1]), Acknowledge(REQUIRED[-1], {}, LATER))
    assert (handover.status, handover.version, handover.closed_at) == ("completed", 2, LATER)
    assert facts == [
        HandoverCompleted(
            handover_id=ID,
            from_owner_id="anna",
            to_owner_id="tim",
            status="completed",
            moved=tuple(
                Moved(service=service, kind="things", count=2) for service in sorted(REQUIRED[:-1])
            ),
            acks=tuple(sorted(REQUIRED)),
            briefing_ref=f"/v1/handovers/{ID}/brief",
        )
    ]


def test_a_word_that_is_said_again_stays_quiet() -> None:
    before = acknowledged("pipeline")
    assert carry_out(before, Acknowledge("pipeline", {"things": 9}, LATER)) == (before, [])


def test_when_the_time_is_up_it_ends_and_names_who_is_missing() -> None:
    handover, [fact] = carry_out(acknowledged("contacts", "pipeline"), CloseHandover(LATER))
    assert handover.status == "completed-with-exceptions"
    assert fact.unresolved == ("service-desk", "campaigns")
    assert carry_out(handover, CloseHandover(LATER)) == (handover, [])


def test_a_late_word_completes_it_after_all() -> None:
    handover, _ = carry_out(acknowledged(*REQUIRED[:-1]), CloseHandover(LATER))
    handover, [fact] = carry_out(handover, Acknowledge(REQUIRED[-1], {}, LATER))
    assert (handover.status, handover.version, fact.unresolved) == ("completed", 3, ())
