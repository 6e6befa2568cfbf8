"""Credit: limits with their basis, exposure, holds that follow and holds that people place."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from contacts.credit.domain import CreditPolicy, Owed, basis_of
from contacts.customers.credit import (
    AssessCredit,
    HoldFollowsPolicyError,
    LimitNeedsApprovalError,
    PlaceCreditHold,
    ReleaseCreditHold,
    SetCreditLimit,
)
from contacts.customers.domain import Customer, carry_out
from contacts.figures.domain import OrderRow, deal_row, newest_of_each, order_row, ticket_row
from contacts.records import RecordIsArchivedError
from shared.contracts.contacts import (
    Credit,
    CustomerCreditExposureChanged,
    CustomerCreditHoldPlaced,
    CustomerCreditHoldReleased,
    CustomerCreditLimitExpired,
    CustomerCreditLimitSet,
)
from shared.contracts.pipeline import (
    DealAmountChanged,
    DealLost,
    OrderConfirmed,
    OrderRevised,
    OrderStatusChanged,
)
from shared.contracts.service_desk import TicketCancelled

from tests.unit.contacts.test_customers import AT, ID, customer

POLICY = CreditPolicy(
    1,
    Decimal(2),
    30,
    300,
    30,
    365,
    {("EUR", "B"): Decimal(200_000), ("EUR", "E"): Decimal(0)},
)
OWED = Owed(ID, Decimal(4000), Decimal(1000), 5, Decimal(100_000), None)
LIMIT = SetCreditLimit(
    limit=Decimal(1000),
    currency="EUR",
    terms_days=30,
    basis=basis_of(POLICY, "B", "EUR", 30, OWED),
    set_by="ada",
    at=AT,
    valid_until=AT + timedelta(days=365),
)
PLACE = PlaceCreditHold("litigation", "user:ada", AT)
RELEASE = ReleaseCreditHold("settled", "user:ada", AT)


def owing(exposure: int, overdue: int = 0, days: int = 0) -> AssessCredit:
    return AssessCredit(Decimal(exposure), Decimal(overdue), days, 30, AT)


def facts_of(before: Customer, *commands: Any) -> list[type]:
    return [type(fact) for fact in carry_out(before, *commands).facts]


def credit_of(found: Customer) -> Credit:
    assert found.state.credit is not None
    return found.state.credit


def limited(*more: Any) -> Customer:
    return carry_out(customer(), LIMIT, *more).after


def test_the_limit_is_purchases_times_factor_less_what_is_overdue_under_a_cap() -> None:
    basis = basis_of(POLICY, "B", "EUR", 60, OWED)
    assert basis is not None
    assert (basis.average_monthly, basis.overdue_ratio) == (Decimal(10_000), Decimal("0.25"))
    assert basis.suggested == Decimal(30_000)  # 2 × 10,000 × 2 months × 0.75
    rich = basis_of(POLICY, "B", "EUR", 30, replace(OWED, purchases=Decimal(10**8)))
    assert rich is not None
    assert rich.suggested == Decimal(150_000)


def test_without_a_grade_the_lowest_cap_counts_and_without_a_cap_nothing_is_suggested() -> None:
    basis = basis_of(POLICY, None, "EUR", 30, OWED)
    assert basis is not None
    assert basis.suggested == 0
    assert basis_of(POLICY, "B", "SEK", 30, OWED) is None


def test_a_limit_is_set_once() -> None:
    change = carry_out(customer(), LIMIT)
    assert [type(fact) for fact in change.facts] == [CustomerCreditLimitSet]
    assert credit_of(change.after).available == 1000
    assert facts_of(change.after, LIMIT) == []


def test_a_limit_above_the_policys_needs_a_second_person() -> None:
    more = replace(LIMIT, limit=Decimal(10**6))
    for approver in (None, "ada"):
        with pytest.raises(LimitNeedsApprovalError):
            carry_out(customer(), replace(more, approved_by=approver))
    assert facts_of(customer(), replace(more, approved_by="boss")) == [CustomerCreditLimitSet]


def test_exposure_is_told_when_it_changes_and_only_of_who_has_a_limit() -> None:
    assert facts_of(limited(), owing(300)) == [CustomerCreditExposureChanged]
    assert facts_of(limited(owing(300)), owing(300)) == []
    assert facts_of(customer(), owing(300)) == []
    assert credit_of(limited(owing(300))).available == 700


def test_a_hold_follows_an_exceeded_limit_and_goes_with_it() -> None:
    over = carry_out(limited(), owing(1500))
    assert [type(fact) for fact in over.facts] == [
        CustomerCreditExposureChanged,
        CustomerCreditHoldPlaced,
    ]
    hold = credit_of(over.after).hold
    assert hold is not None
    assert (hold.reason_code, hold.is_manual, hold.placed_by) == ("over-limit", False, "policy")
    assert facts_of(over.after, owing(1500)) == []
    assert facts_of(over.after, owing(200)) == [
        CustomerCreditExposureChanged,
        CustomerCreditHoldReleased,
    ]


def test_a_hold_follows_invoices_that_are_overdue_too_long() -> None:
    assert facts_of(limited(owing(500, 100, 30))) == []
    late = carry_out(limited(owing(500, 100, 30)), owing(500, 100, 31))
    assert [type(fact) for fact in late.facts] == [CustomerCreditHoldPlaced]
    assert facts_of(late.after, owing(1500, 100, 31))[-1] is CustomerCreditHoldPlaced


def test_raising_the_limit_releases_the_hold() -> None:
    over = carry_out(limited(), owing(1500)).after
    raised = replace(LIMIT, limit=Decimal(2000))
    assert facts_of(over, raised, owing(1500)) == [
        CustomerCreditLimitSet,
        CustomerCreditHoldReleased,
    ]


LATE = AT + timedelta(days=365)


def test_a_limit_past_its_time_is_told_once_and_is_measured_by_all_the_same() -> None:
    basis = basis_of(POLICY, "B", "EUR", 30, OWED)
    at_last = replace(owing(300), at=LATE, basis=basis)
    assert facts_of(limited(owing(300)), replace(at_last, at=LATE - timedelta(seconds=1))) == []
    change = carry_out(limited(owing(300)), at_last)
    assert change.facts == (
        CustomerCreditLimitExpired(
            customer_id=ID, limit=Decimal(1000), currency="EUR", valid_until=LATE, basis=basis
        ),
    )
    credit = credit_of(change.after)
    assert (credit.expired_at, credit.available, credit.hold) == (LATE, 700, None)
    assert facts_of(change.after, at_last) == []
    assert facts_of(change.after, replace(at_last, exposure=Decimal(1500))) == [
        CustomerCreditExposureChanged,
        CustomerCreditHoldPlaced,
    ]


def test_the_same_limit_again_renews_one_that_is_past_its_time() -> None:
    expired = limited(replace(owing(0), at=LATE))
    again = replace(LIMIT, at=LATE, valid_until=LATE + timedelta(days=365))
    change = carry_out(expired, again)
    assert [type(fact) for fact in change.facts] == [CustomerCreditLimitSet]
    credit = credit_of(change.after)
    assert (credit.expired_at, credit.valid_until) == (None, LATE + timedelta(days=365))
    assert facts_of(change.after, again) == []


def test_a_manual_hold_is_never_released_by_policy() -> None:
    held = carry_out(customer(), PLACE).after
    assert facts_of(held, LIMIT, owing(0)) == [CustomerCreditLimitSet]
    assert facts_of(held, PLACE) == []
    assert facts_of(limited(PLACE), owing(1500)) == [CustomerCreditExposureChanged]


def test_a_manual_hold_is_released_by_a_person_and_the_policys_own_may_follow() -> None:
    held = limited(PLACE, owing(1500))
    assert facts_of(held, RELEASE, owing(1500)) == [
        CustomerCreditHoldReleased,
        CustomerCreditHoldPlaced,
    ]
    assert facts_of(customer(), RELEASE) == []


def test_the_policys_hold_is_not_released_by_hand() -> None:
    with pytest.raises(HoldFollowsPolicyError):
        carry_out(limited(owing(1500)), RELEASE)


def test_nobody_sets_the_credit_of_an_archived_customer_though_it_still_owes() -> None:
    archived = customer(record_status="archived")
    for command in (LIMIT, PLACE, RELEASE):
        with pytest.raises(RecordIsArchivedError):
            carry_out(archived, command)
    owes = Customer(limited().state.model_copy(update={"record_status": "archived"}), 3)
    assert facts_of(owes, owing(10)) == [CustomerCreditExposureChanged]


ORDER, DEAL, TICKET = UUID(int=11), UUID(int=12), UUID(int=13)
CONFIRMED = OrderConfirmed(
    order_id=ORDER,
    external_system="erp",
    external_ref="1",
    customer_id=ID,
    lines=(),
    total=Decimal(10),
    currency="EUR",
    ordered_at=AT,
)


def test_an_orders_row_keeps_what_later_facts_do_not_say() -> None:
    paid = OrderStatusChanged(
        order_id=ORDER,
        customer_id=ID,
        from_status="invoiced",
        to_status="paid",
        total=Decimal(10),
        currency="EUR",
        changed_at=AT,
    )
    invoiced = paid.model_copy(update={"from_status": "confirmed", "to_status": "invoiced"})
    revised = OrderRevised(
        order_id=ORDER, customer_id=ID, lines=(), from_total=Decimal(10), total=Decimal(12),
        currency="EUR",
    )  # fmt: skip
    rows = [
        order_row(fact, version)
        for version, fact in enumerate((CONFIRMED, invoiced, paid, revised), 1)
    ]
    wanted = OrderRow(ORDER, 4, ID, "paid", Decimal(12), "EUR", AT, AT, AT)
    assert newest_of_each(rows) == newest_of_each([*reversed(rows), *rows]) == [wanted]


def test_deals_and_tickets_say_only_what_changed() -> None:
    amount = DealAmountChanged(
        deal_id=DEAL, customer_id=ID, from_amount=Decimal(1), to_amount=Decimal(2), currency="EUR"
    )
    assert deal_row(amount, 2, AT).amount == Decimal(2)
    assert deal_row(amount, 2, AT).status is None
    lost = DealLost(
        deal_id=DEAL, customer_id=ID, reason_code="price", lost_stage_id="s", amount=Decimal(2),
        currency="EUR", lost_at=AT,
    )  # fmt: skip
    assert deal_row(lost, 3, AT).status == "lost"
    cancelled = TicketCancelled(ticket_id=TICKET, customer_id=ID, severity=3, reason_code="none")
    assert ticket_row(cancelled, 2).is_cancelled is True
