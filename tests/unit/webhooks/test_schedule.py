"""When a delivery is tried again, when it is given up, and when an endpoint is left alone."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webhooks.deliveries.domain import (
    GIVE_UP_AFTER,
    PAUSES,
    Answer,
    Claimed,
    conclude,
    next_attempt,
    read_retry_after,
)
from webhooks.deliveries.handlers import behaviours
from webhooks.endpoints.domain import LONGEST_HOLD, Behaviour, Health, behave, hold_of

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ENDPOINT = UUID(int=7)


def claimed(attempts: int = 0, first: datetime | None = None, delivery_id: int = 1) -> Claimed:
    return Claimed(
        subscription_id=ENDPOINT,
        delivery_id=delivery_id,
        event_id=UUID(int=1),
        type="crm.pipeline.deal.won.v1",
        body="{}",
        attempts=attempts,
        first_attempted_at=first,
        leased_until=NOW,
        url="https://hooks.example/",
        host="hooks.example",
        secret=b"",
        former_secret=None,
        former_secret_until=None,
    )


def test_the_pauses_are_those_of_standard_webhooks() -> None:
    due, attempts, pauses = NOW, 0, []
    while (after := next_attempt(NOW, attempts + 1, due, chance=0)) is not None:
        attempts += 1
        pauses.append((after - due).total_seconds())
        due = after
    assert pauses[:8] == [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000]
    assert due == NOW + GIVE_UP_AFTER
    assert len(pauses) == 9


@given(
    attempts=st.integers(1, 30),
    passed=st.timedeltas(timedelta(0), GIVE_UP_AFTER - timedelta(seconds=1)),
    chance=st.floats(-1, 1),
)
def test_a_pause_varies_by_a_fifth_and_the_last_attempt_is_not_after_three_days(
    attempts: int, passed: timedelta, chance: float
) -> None:
    now = NOW + passed
    due = next_attempt(NOW, attempts, now, chance)
    pause = PAUSES[min(attempts, len(PAUSES)) - 1]
    assert due is not None
    assert min(now + pause * 0.8, NOW + GIVE_UP_AFTER) <= due <= now + pause * 1.2
    assert due <= NOW + GIVE_UP_AFTER


def test_after_three_days_it_is_given_up() -> None:
    assert next_attempt(NOW, 9, NOW + GIVE_UP_AFTER, chance=0) is None


def test_a_later_retry_after_is_honoured_and_an_earlier_one_shortens_nothing() -> None:
    later, sooner = NOW + timedelta(hours=1), NOW + timedelta(seconds=1)
    assert next_attempt(NOW, 1, NOW, chance=0, retry_after=later) == later
    assert next_attempt(NOW, 1, NOW, chance=0, retry_after=sooner) == NOW + PAUSES[0]


def test_a_retry_after_beyond_the_three_days_is_the_end_of_them() -> None:
    far = NOW + timedelta(days=30)
    assert next_attempt(NOW, 1, NOW, chance=0, retry_after=far) == NOW + GIVE_UP_AFTER


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("120", NOW + timedelta(seconds=120)),
        (" 0 ", NOW),
        ("Sun, 01 Mar 2026 12:05:00 GMT", NOW + timedelta(minutes=5)),
        ("Sunday, 01-Mar-26 12:05:00 GMT", NOW + timedelta(minutes=5)),
        ("99999999999999999999", NOW + GIVE_UP_AFTER),
        ("-5", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("٣", None),
    ],
)
def test_retry_after_is_read_in_both_its_forms(
    header: str | None, expected: datetime | None
) -> None:
    assert read_retry_after(header, NOW) == expected


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "delivered"), (204, "delivered"), (299, "delivered"), (302, "waiting")]
    + [(code, "waiting") for code in (400, 404, 410, 429, 500, 503)],
)
def test_only_a_2xx_is_taken(status: int, outcome: str) -> None:
    assert conclude(claimed(), Answer(NOW, 5, status_code=status), 0).status == outcome


def test_a_pause_begins_when_the_answer_came() -> None:
    late = Answer(NOW, 15_000, error="timeout")
    assert conclude(claimed(), late, 0).due_at == NOW + timedelta(seconds=20)


def test_what_failed_for_three_days_is_given_up() -> None:
    old = claimed(attempts=9, first=NOW - GIVE_UP_AFTER)
    assert conclude(old, Answer(NOW, 5, error="timeout"), 0).status == "given-up"


def answers(*results: int) -> list[Behaviour]:
    """What an endpoint did that answered so, one after the other."""
    return behaviours(
        [
            conclude(
                claimed(delivery_id=number), Answer(NOW + timedelta(seconds=number), 1, status), 0
            )
            for number, status in enumerate(results)
        ]
    )


def test_failures_are_counted_since_the_last_success() -> None:
    (behaviour,) = answers(500, 500, 200, 500)
    assert (behaviour.has_taken, behaviour.failures) == (True, 1)
    after = behave(Health(failures=9, failing_since=NOW), behaviour, chance=0)
    assert after.failures == 1
    assert after.failing_since == behaviour.at


def test_a_failing_endpoint_is_left_alone_for_longer_and_longer() -> None:
    holds = [hold_of(failures, chance=0).total_seconds() for failures in range(1, 14)]
    assert holds[:6] == [0, 0, 1, 2, 4, 8]
    assert holds[-1] == LONGEST_HOLD.total_seconds()


def test_one_success_makes_an_endpoint_well() -> None:
    ill = Health(failures=20, failing_since=NOW, hold_until=NOW + LONGEST_HOLD)
    (behaviour,) = answers(200)
    assert behave(ill, behaviour, 0) == Health(delivered_at=behaviour.at)


def test_it_is_known_since_when_an_endpoint_fails() -> None:
    (first,), (second,) = answers(500), answers(500, 500)
    health = behave(behave(Health(), first, 0), second, 0)
    assert health.failures == 3
    assert health.failing_since == first.at


def test_an_endpoint_that_has_too_many_requests_is_left_alone_as_it_asked() -> None:
    until = NOW + timedelta(hours=2)
    busy = conclude(claimed(), Answer(NOW, 1, 429, retry_after=until), 0)
    broken = conclude(claimed(), Answer(NOW, 1, 500, retry_after=until), 0)
    assert behave(Health(), behaviours([busy])[0], 0).hold_until == until
    health = behave(Health(), behaviours([broken])[0], 0)
    assert health.hold_until is not None
    assert health.hold_until < until
