"""Attribution: every cent goes somewhere, once."""

from datetime import UTC, datetime
from decimal import Decimal

from campaigns.attributions.domain import (
    ComputeAttribution,
    ReverseAttribution,
    Touch,
    decide,
    evolve,
    shares,
)
from hypothesis import given
from hypothesis import strategies as st
from shared.ids import new_id

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
CENT = Decimal("0.01")


def computing(amount: str, touches: int, deal_version: int = 3) -> ComputeAttribution:
    return ComputeAttribution(
        deal_id=new_id(),
        deal_version=deal_version,
        customer_id=new_id(),
        amount=Decimal(amount),
        currency="EUR",
        touches=tuple(Touch(new_id(), new_id(), AT) for _ in range(touches)),
        at=AT,
    )


@given(st.decimals(0, 10**12, places=4), st.integers(1, 400))
def test_shares_sum_to_exactly_the_whole(total: Decimal, parts: int) -> None:
    given_out = shares(total, parts, CENT)
    assert sum(given_out) == total
    assert max(given_out) - min(given_out) < 2 * CENT


@given(st.integers(1, 400))
def test_weights_sum_to_exactly_one(parts: int) -> None:
    [event] = decide(None, computing("10", parts))
    assert sum(touch.weight for touch in event.touches) == 1


def test_a_deal_that_nobody_touched_is_owed_to_none() -> None:
    [event] = decide(None, computing("10", 0))
    assert event.touches == ()


def test_a_repeat_stays_quiet() -> None:
    command = computing("10", 2)
    [event] = decide(None, command)
    assert decide(evolve(None, event, command.deal_version), command) == []


def test_a_reopened_deal_is_taken_back_once() -> None:
    [event] = decide(None, computing("10", 2))
    computed = evolve(None, event, 3)
    [reversal] = decide(computed, ReverseAttribution(4, AT))
    assert (reversal.amount, reversal.touches, reversal.currency) == (0, (), "EUR")
    reversed_ = evolve(computed, reversal, 4)
    assert reversed_.version == 2
    assert decide(reversed_, ReverseAttribution(5, AT)) == []


def test_nothing_is_taken_back_of_a_deal_never_won() -> None:
    assert decide(None, ReverseAttribution(4, AT)) == []
