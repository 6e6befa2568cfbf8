"""What is invoiced and not paid is told once per level; what time has passed by, once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pipeline.orders.domain import Order, begun, decide, evolve, mirrored, repointed, snapshot
from pipeline.payments.domain import PaymentPolicy, next_look, overdue
from shared.contracts.pipeline import OrderPaymentOverdue
from shared.ids import new_id

from tests.unit.pipeline.test_orders import seen

INVOICED = datetime(2026, 3, 2, 9, tzinfo=UTC)
TERMS = 14
DUE = INVOICED + timedelta(days=TERMS)
POLICY = PaymentPolicy(1, 30, (1, 15, 31, 60))


def days(count: float) -> timedelta:
    return timedelta(days=count)


def moved(order: Order, revision: int, status: str, at: datetime = INVOICED) -> Order:
    command = seen(revision, status=status, changed_at=at)
    return mirrored(order, command, decide(order, command))


def invoiced() -> Order:
    return moved(begun(seen()), 1, "invoiced")


def told(order: Order, *looks: datetime) -> tuple[Order, list[OrderPaymentOverdue]]:
    """The order after these looks, and what was told at them."""
    facts = list[OrderPaymentOverdue]()
    for at in looks:
        if fact := overdue(order, TERMS, POLICY, at):
            order = evolve(order, fact)
            facts.append(fact)
    return order, facts


def test_an_invoice_that_is_not_paid_is_told_with_when_it_was_due() -> None:
    order, [fact] = told(invoiced(), DUE + days(1))
    assert (fact.due_at, fact.days_overdue, fact.level, fact.terms_days) == (DUE, 1, 1, TERMS)
    assert (fact.invoiced_at, fact.total, fact.policy_version) == (INVOICED, order.total, 1)
    assert (order.version, order.overdue_level) == (3, 1)
    assert snapshot(order).overdue_level == 1


def test_each_level_is_told_once() -> None:
    looks = [DUE + days(day) for day in range(100)]
    _, facts = told(invoiced(), *looks, *looks)
    assert [(fact.level, fact.days_overdue) for fact in facts] == [
        (1, 1),
        (2, 15),
        (3, 31),
        (4, 60),
    ]


def test_within_the_terms_and_on_the_day_nothing_is_told() -> None:
    almost = DUE + days(1) - timedelta(microseconds=1)
    assert told(invoiced(), INVOICED, DUE, almost)[1] == []


def test_of_an_invoice_of_years_ago_only_the_highest_level_is_told() -> None:
    order, [fact] = told(invoiced(), DUE + days(3000), DUE + days(3001))
    assert (fact.level, fact.days_overdue) == (4, 3000)
    assert next_look(order, TERMS, POLICY, DUE + days(3001)) is None


def test_what_is_paid_cancelled_or_not_invoiced_yet_is_never_told() -> None:
    for status in ("confirmed", "delivered", "paid", "cancelled"):
        order = moved(invoiced(), 2, status)
        assert told(order, DUE + days(99))[1] == []
        assert (order.look_at, next_look(order, TERMS, POLICY, DUE)) == (None, None)


def test_an_order_that_is_invoiced_anew_begins_anew() -> None:
    late, _ = told(invoiced(), DUE + days(20))
    again = moved(moved(late, 2, "delivered"), 3, "invoiced", DUE + days(21))
    assert (again.overdue_level, again.look_at) == (0, DUE + days(21))
    assert told(again, DUE + days(30))[1] == []
    _, [fact] = told(again, DUE + days(21 + TERMS + 1))
    assert fact.level == 1


def test_a_revision_that_moves_nothing_leaves_what_was_told() -> None:
    late, _ = told(invoiced(), DUE + days(2))
    assert moved(late, 2, "invoiced").overdue_level == 1


def test_it_is_looked_at_when_the_next_level_comes_and_at_least_every_day() -> None:
    order = invoiced()
    assert order.look_at == INVOICED
    assert next_look(order, TERMS, POLICY, INVOICED) == INVOICED + days(1)
    assert next_look(order, TERMS, POLICY, DUE + days(0.5)) == DUE + days(1)
    late, _ = told(order, DUE + days(1))
    assert next_look(late, TERMS, POLICY, DUE + days(14.5)) == DUE + days(15)


def test_longer_terms_are_waited_for_and_a_longer_policy_goes_on() -> None:
    order = invoiced()
    assert overdue(order, TERMS + 10, POLICY, DUE + days(5)) is None
    more = PaymentPolicy(2, 30, (*POLICY.levels, 90))
    done, _ = told(order, DUE + days(95))
    fact = overdue(done, TERMS, more, DUE + days(95))
    assert fact is not None
    assert (fact.level, fact.policy_version) == (5, 2)


def test_it_goes_with_a_merged_record_as_far_as_it_is() -> None:
    late, _ = told(invoiced(), DUE + days(2))
    [event] = repointed(late, late.customer_id, new_id())
    assert evolve(late, event) == replace(late, version=4, customer_id=event.to_id)


LOOKS = st.lists(st.integers(0, 200).map(lambda day: INVOICED + days(day)), max_size=30)


@given(LOOKS)
def test_whenever_it_is_looked_at_levels_only_rise(looks: list[Any]) -> None:
    _, facts = told(invoiced(), *sorted(looks))
    levels = [fact.level for fact in facts]
    assert levels == sorted(set(levels))
    assert all(fact.days_overdue >= POLICY.levels[fact.level - 1] for fact in facts)
