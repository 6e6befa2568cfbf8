"""Dormancy: what is decided of a customer who was quiet for so and so long."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from contacts.customers.domain import Customer, carry_out, decide
from contacts.customers.lifecycle import FollowFact
from contacts.dormancy.domain import DormancyPolicy, DormancyRules, is_news, look
from pydantic import ValidationError
from shared.contracts.contacts import CustomerLifecycleChanged, Lifecycle

from tests.unit.contacts.test_customers import AT, CAUSE, ID, LIFECYCLES, customer

RULES = DormancyRules(days=180, days_by_industry={"retail": 60}, churn_factor=2)
POLICY = DormancyPolicy(CAUSE, 3, RULES, AT, "user:eva", AT)


def after(known: Customer, days: int, last_at: datetime | None = None) -> list[Any]:
    return list(decide(known, look(POLICY, known.state, last_at, AT + timedelta(days=days))))


def test_a_customer_who_was_quiet_for_the_days_of_the_policy_is_dormant() -> None:
    heard = AT + timedelta(days=10)
    known = customer(lifecycle="customer")
    assert after(known, 189, heard) == []
    assert after(known, 190, heard) == [
        CustomerLifecycleChanged(
            customer_id=ID,
            from_lifecycle="customer",
            to_lifecycle="dormant",
            reason_code="quiet",
            cause_type="dormancy-policy",
            cause_id=CAUSE,
            since=AT + timedelta(days=190),
            quiet_since=heard,
            policy_version=3,
        )
    ]


def test_an_industry_may_have_days_of_its_own() -> None:
    assert after(customer(lifecycle="customer", industry="retail"), 60)
    assert after(customer(lifecycle="customer", industry="steel"), 60) == []


def test_a_dormant_customer_is_churned_after_twice_the_days_without_a_word() -> None:
    dormant = customer(lifecycle="dormant", lifecycle_since=AT)
    assert after(dormant, 359) == []
    [fact] = after(dormant, 360)
    assert (fact.to_lifecycle, fact.reason_code, fact.quiet_since) == ("churned", "quiet", AT)
    assert after(dormant, 360, AT + timedelta(days=1)) == []


def test_who_came_or_moved_lately_counts_as_heard_of_whatever_was_before() -> None:
    long_ago = AT - timedelta(days=9000)
    assert after(customer(lifecycle="customer", lifecycle_since=long_ago), 179, long_ago) == []
    moved = customer(lifecycle="customer", lifecycle_since=AT + timedelta(days=100))
    assert after(moved, 279) == []


def test_noticing_it_again_stays_quiet() -> None:
    noticed = look(POLICY, customer().state, None, AT + timedelta(days=180))
    change = carry_out(customer(lifecycle="customer"), noticed, noticed)
    assert [fact.type for fact in change.facts] == [CustomerLifecycleChanged.type]
    assert change.after.state.lifecycle == "dormant"


@pytest.mark.parametrize("lifecycle", sorted({*LIFECYCLES} - {"customer", "dormant"}))
def test_nobody_else_becomes_dormant(lifecycle: Lifecycle) -> None:
    assert after(customer(lifecycle=lifecycle), 9000) == []


@pytest.mark.parametrize("status", ["archived", "merged", "erasure-pending", "erased"])
def test_a_record_that_is_not_in_use_is_left_alone(status: str) -> None:
    assert after(customer(lifecycle="customer", record_status=status), 9000) == []


@pytest.mark.parametrize(
    ("start", "reason"),
    [("churned", "won-back"), ("dormant", "deal-won"), ("prospect", "deal-won")],
)
def test_the_fact_tells_who_was_won_back(start: Lifecycle, reason: str) -> None:
    won = FollowFact("deal-won", "customer", AT, "deal", CAUSE)
    [fact] = decide(customer(lifecycle=start), won)
    assert isinstance(fact, CustomerLifecycleChanged)
    assert (fact.to_lifecycle, fact.reason_code) == ("customer", reason)


def test_an_order_of_before_the_silence_is_history() -> None:
    dormant = customer(lifecycle="dormant", lifecycle_since=AT, industry="retail").state
    assert is_news(RULES, dormant, AT - timedelta(days=59))
    assert not is_news(RULES, dormant, AT - timedelta(days=60))


@pytest.mark.parametrize(
    "said", [{"days": 6}, {"days_by_industry": {"retail": 0}}, {"churn_factor": 0}, {"weeks": 1}]
)
def test_rules_without_sense_are_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DormancyRules.model_validate(said)
