"""Rules over facts: what parses, what it depends on, when it holds."""

from decimal import Decimal
from typing import Any

import pytest
from campaigns.rules import Facts, RuleInvalidError, facts_of, holds, parse_rule
from hypothesis import given
from hypothesis import strategies as st

LEAF: dict[str, Any] = {"fact": "customer.kind", "op": "eq", "value": "individual"}


@pytest.mark.parametrize(
    ("rule", "facts", "expected"),
    [
        (LEAF, {"customer.kind": "individual"}, True),
        (LEAF, {}, False),
        ({**LEAF, "op": "ne"}, {}, True),
        ({**LEAF, "op": "in", "value": ["individual", "x"]}, {"customer.kind": "x"}, True),
        (
            {"fact": "customer.tags", "op": "contains", "value": "vip"},
            {"customer.tags": frozenset({"vip"})},
            True,
        ),
        (
            {"fact": "customer.revenue.EUR", "op": "gt", "value": "0.10"},
            {"customer.revenue.EUR": Decimal("0.1")},
            False,
        ),
        (
            {"fact": "customer.order_count", "op": "lte", "value": 2},
            {"customer.order_count": Decimal(2)},
            True,
        ),
        (
            {"fact": "has_consent.email.marketing", "op": "eq", "value": False},
            {"has_consent.email.marketing": True},
            False,
        ),
    ],
)
def test_a_comparison_holds_or_not(rule: object, facts: Facts, expected: bool) -> None:  # noqa: FBT001
    assert holds(parse_rule(rule), facts) is expected


def test_a_rule_depends_on_every_fact_it_names() -> None:
    rule = {"any": [LEAF, {"not": {"fact": "contact.language", "op": "eq", "value": "de"}}]}
    assert facts_of(parse_rule(rule)) == {"customer.kind", "contact.language"}


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ([], "rule"),
        ({"all": {}}, "rule.all"),
        ({"all": [LEAF, {"any": [LEAF], "not": LEAF}]}, "rule.all[1]"),
        ({**LEAF, "value": 3}, "rule.value"),
        ({**LEAF, "value": "\x00"}, "rule.value"),
        ({"fact": "customer.order_count", "op": "gt", "value": True}, "rule.value"),
        ({"fact": "customer.order_count", "op": "gt", "value": "NaN"}, "rule.value"),
        ({"fact": "has_consent.email.fun", "op": "eq", "value": True}, "rule.fact"),
    ],
)
def test_a_bad_rule_is_refused_with_its_place(rule: object, field: str) -> None:
    with pytest.raises(RuleInvalidError) as refused:
        parse_rule(rule)
    assert refused.value.details["field"] == field


def test_a_bottomless_rule_is_refused() -> None:
    rule = LEAF
    for _ in range(500):
        rule = {"not": rule}
    with pytest.raises(RuleInvalidError):
        parse_rule(rule)


rules = st.recursive(
    st.sampled_from(["individual", "organization"]).map(lambda value: {**LEAF, "value": value}),
    lambda inner: st.one_of(
        st.builds(lambda nodes: {"all": nodes}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda nodes: {"any": nodes}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda node: {"not": node}, inner),
    ),
    max_leaves=4,
)


@given(rules, st.sampled_from(["individual", "organization"]))
def test_not_is_the_opposite(rule: dict[str, Any], kind: str) -> None:
    facts: Facts = {"customer.kind": kind}
    assert holds(parse_rule(rule), facts) is not holds(parse_rule({"not": rule}), facts)
