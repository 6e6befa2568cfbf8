"""Given a promise, when something is asked of it, then this happens, is refused, or stays quiet."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline.commitments.commands import (
    ChangeCommitmentOwner,
    CommitmentCommand,
    FulfilCommitment,
    LapseTime,
    MakeCommitment,
    RepointCommitment,
    WithdrawCommitment,
)
from pipeline.commitments.decisions import decide
from pipeline.commitments.domain import (
    Commitment,
    CommitmentExistsError,
    CommitmentIsBrokenError,
    CommitmentIsDueInThePastError,
    CommitmentIsFulfilledError,
    CommitmentIsWithdrawnError,
    begun,
    folded,
    snapshot,
)
from shared.contracts.pipeline import (
    CommitmentBroken,
    CommitmentDueSoon,
    CommitmentFulfilled,
    CommitmentMade,
    CommitmentOwnerChanged,
    CommitmentRepointed,
    CommitmentWithdrawn,
)

AT = datetime(2026, 5, 4, 9, tzinfo=UTC)
CUSTOMER, PERSON, OTHER = UUID(int=2), UUID(int=3), UUID(int=4)
MADE = MakeCommitment(
    commitment_id=UUID(int=1),
    customer_id=CUSTOMER,
    contact_id=PERSON,
    kind="delivery",
    text="Two spare lamps before winter, for nothing",
    amount=Decimal(180),
    currency="EUR",
    made_by="anna",
    owner_id="anna",
    due_at=AT + timedelta(days=10),
    at=AT,
)


def days(number: float) -> datetime:
    return AT + timedelta(days=number)


KEPT, LATE = FulfilCommitment(days(5), "note-7"), FulfilCommitment(days(11))
RELEASED = WithdrawCommitment(PERSON, "no-longer-needed", days(5))
BROKEN = LapseTime(days(10))
GIVEN = ChangeCommitmentOwner("tim", "handover", UUID(int=9))


def given_commitment(*commands: CommitmentCommand, **fields: Any) -> Commitment:
    made = replace(MADE, **fields)
    commitment = begun(made)
    for command in (made, *commands):
        commitment = folded(commitment, decide(commitment, command))
    return commitment


def then(commitment: Commitment, command: CommitmentCommand) -> list[type]:
    return [type(event) for event in decide(commitment, command)]


def test_a_promise_is_made_and_its_words_stay_in_the_state() -> None:
    [made] = decide(begun(MADE), MADE)
    assert isinstance(made, CommitmentMade)
    assert (made.kind, made.owner_id, made.due_at) == ("delivery", "anna", days(10))
    assert "lamps" not in made.model_dump_json()
    assert snapshot(given_commitment()).text == MADE.text


def test_a_promise_for_the_past_is_refused() -> None:
    made = replace(MADE, due_at=AT)
    with pytest.raises(CommitmentIsDueInThePastError):
        decide(begun(made), made)


def test_a_promise_made_again_stays_quiet_and_another_under_its_id_is_refused() -> None:
    assert then(given_commitment(), replace(MADE, at=days(30))) == []
    with pytest.raises(CommitmentExistsError):
        decide(given_commitment(), replace(MADE, kind="price"))


def test_a_promise_is_kept_once() -> None:
    [kept] = decide(given_commitment(), KEPT)
    assert isinstance(kept, CommitmentFulfilled)
    assert (kept.is_late, kept.evidence_ref) == (False, "note-7")
    assert then(given_commitment(KEPT), LATE) == []


def test_what_is_broken_can_be_kept_late() -> None:
    [kept] = decide(given_commitment(BROKEN), LATE)
    assert isinstance(kept, CommitmentFulfilled)
    assert kept.is_late
    after = given_commitment(BROKEN, LATE)
    assert (after.status, after.broken_at, after.closed_at) == ("fulfilled", days(10), days(11))


def test_one_kept_after_the_due_time_and_before_its_timer_was_broken() -> None:
    broken, kept = decide(given_commitment(), LATE)
    assert isinstance(broken, CommitmentBroken)
    assert isinstance(kept, CommitmentFulfilled)
    assert kept.is_late
    assert then(given_commitment(LATE), LapseTime(days(12))) == []


def test_a_promise_is_taken_back_only_with_somebody_of_the_customers() -> None:
    [released] = decide(given_commitment(), RELEASED)
    assert isinstance(released, CommitmentWithdrawn)
    assert released.agreed_with_contact_id == PERSON
    assert then(given_commitment(RELEASED), RELEASED) == []


@pytest.mark.parametrize(
    ("before", "refusal"), [(KEPT, CommitmentIsFulfilledError), (BROKEN, CommitmentIsBrokenError)]
)
def test_what_is_kept_or_broken_is_not_taken_back(
    before: CommitmentCommand, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        decide(given_commitment(before), RELEASED)


def test_nor_what_is_overdue_and_has_not_been_told_yet() -> None:
    with pytest.raises(CommitmentIsBrokenError):
        decide(given_commitment(), replace(RELEASED, at=days(10)))


def test_what_was_taken_back_is_neither_kept_nor_given_away() -> None:
    for command in (KEPT, GIVEN):
        with pytest.raises(CommitmentIsWithdrawnError):
            decide(given_commitment(RELEASED), command)


def test_another_answers_for_what_is_owed_and_its_maker_stays_known() -> None:
    for before in ((), (BROKEN,)):
        [given_away] = decide(given_commitment(*before), GIVEN)
        assert isinstance(given_away, CommitmentOwnerChanged)
        assert (given_away.from_owner_id, given_away.to_owner_id) == ("anna", "tim")
    after = given_commitment(GIVEN)
    assert (after.owner_id, after.made_by) == ("tim", "anna")
    assert then(after, GIVEN) == []
    with pytest.raises(CommitmentIsFulfilledError):
        decide(given_commitment(KEPT), GIVEN)


@pytest.mark.parametrize(
    ("promised_for", "warned_after"),
    [(timedelta(days=10), timedelta(days=9)), (timedelta(hours=8), timedelta(hours=4))],
)
def test_it_is_due_soon_a_day_before_or_after_half_of_a_short_time(
    promised_for: timedelta, warned_after: timedelta
) -> None:
    commitment = given_commitment(due_at=AT + promised_for)
    assert commitment.wake_at == AT + warned_after
    assert then(commitment, LapseTime(AT + warned_after - timedelta(seconds=1))) == []
    warned = LapseTime(AT + warned_after)
    assert then(commitment, warned) == [CommitmentDueSoon]
    after = given_commitment(warned, due_at=AT + promised_for)
    assert (then(after, warned), after.wake_at) == ([], AT + promised_for)


def test_it_is_broken_at_its_time_without_a_late_warning() -> None:
    assert then(given_commitment(), LapseTime(days(9.999))) == [CommitmentDueSoon]
    assert then(given_commitment(), BROKEN) == [CommitmentBroken]
    assert given_commitment(BROKEN).wake_at is None


@given(st.lists(st.floats(0, 20), max_size=30))
def test_whenever_it_is_looked_at_it_says_each_thing_once_and_not_before_its_time(
    looks: list[float],
) -> None:
    commitment, said = given_commitment(), []
    for at in (days(number) for number in sorted(looks)):
        events = decide(commitment, LapseTime(at))
        said += [(type(event), at) for event in events]
        commitment = folded(commitment, events)
        assert commitment.wake_at is None or commitment.wake_at > at
    assert len({kind for kind, _ in said}) == len(said)
    for kind, at in said:
        assert at >= (days(9) if kind is CommitmentDueSoon else days(10))


def test_a_merge_moves_it_whatever_became_of_it_and_back() -> None:
    move, back = (
        RepointCommitment("customer", CUSTOMER, OTHER),
        RepointCommitment("customer", OTHER, CUSTOMER),
    )
    for before in ((), (BROKEN,), (KEPT,), (RELEASED,)):
        [moved] = decide(given_commitment(*before), move)
        assert isinstance(moved, CommitmentRepointed)
        assert moved.customer_id == OTHER
        assert given_commitment(*before, move, back).customer_id == CUSTOMER
    assert then(given_commitment(move), move) == []
    person = RepointCommitment("contact", PERSON, OTHER)
    after = given_commitment(person)
    assert (after.customer_id, after.contact_id) == (CUSTOMER, OTHER)
