"""Rules: a small boolean tree as data over named facts of a person, checked before it is used.

    {"all": [{"fact": "customer.lifecycle", "op": "eq", "value": "customer"},
             {"not": {"fact": "customer.tags", "op": "contains", "value": "vip"}}]}

`all`, `any` and `not` combine; a test compares one fact with one value. A fact that is not known
of a person satisfies no comparison except `ne`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal, TypeAlias, assert_never, cast, get_args

from shared.contracts.contacts import Channel, Purpose
from shared.errors import InvalidError

Value: TypeAlias = str | bool | Decimal | frozenset[str]
Facts: TypeAlias = Mapping[str, Value]
Operator: TypeAlias = Literal["eq", "ne", "in", "gt", "gte", "lt", "lte", "contains"]
_FactType: TypeAlias = Literal["text", "number", "truth", "set"]

DEEPEST = 10
MOST_TESTS = 100

_TEXTS = (
    "customer.kind",
    "customer.lifecycle",
    "customer.region",
    "customer.industry",
    "customer.grade",
    "contact.language",
)
_REVENUE = re.compile(r"customer\.revenue\.[A-Z]{3}")
_CONSENT = re.compile(
    rf"has_consent\.({'|'.join(get_args(Channel))})\.({'|'.join(get_args(Purpose))})"
)
_OPERATORS: dict[_FactType, frozenset[str]] = {
    "text": frozenset({"eq", "ne", "in"}),
    "number": frozenset({"eq", "ne", "gt", "gte", "lt", "lte"}),
    "truth": frozenset({"eq", "ne"}),
    "set": frozenset({"contains"}),
}


class RuleInvalidError(InvalidError):
    """The rule is not valid; `field` says where and `problem` why."""


@dataclass(frozen=True, slots=True)
class Comparison:
    fact: str
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class AllOf:
    rules: "tuple[Rule, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    rules: "tuple[Rule, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    rule: "Rule"


Rule: TypeAlias = Comparison | AllOf | AnyOf | Not


def parse_rule(document: object) -> Rule:
    """The rule in a JSON document; raises `RuleInvalidError`."""
    rule = _parse(document, "rule", 1)
    if _size(rule) > MOST_TESTS:
        raise RuleInvalidError(field="rule", problem="too-many-comparisons")
    return rule


def facts_of(rule: Rule) -> frozenset[str]:
    """The names of the facts that decide the rule."""
    match rule:
        case Comparison(fact=fact):
            return frozenset({fact})
        case AllOf(rules=rules) | AnyOf(rules=rules):
            return frozenset[str]().union(*map(facts_of, rules))
        case Not(rule=inner):
            return facts_of(inner)
        case _:
            assert_never(rule)


def holds(rule: Rule, facts: Facts) -> bool:
    """Whether the rule is true of these facts."""
    match rule:
        case Comparison():
            return _compare(rule, facts.get(rule.fact))
        case AllOf(rules=rules):
            return all(holds(inner, facts) for inner in rules)
        case AnyOf(rules=rules):
            return any(holds(inner, facts) for inner in rules)
        case Not(rule=inner):
            return not holds(inner, facts)
        case _:
            assert_never(rule)


def _compare(test: Comparison, known: Value | None) -> bool:
    match test.operator:
        case "eq":
            return known == test.value
        case "ne":
            return known != test.value
        case "in":
            return isinstance(test.value, frozenset) and known in test.value
        case "contains":
            return isinstance(known, frozenset) and test.value in known
        case "gt" | "gte" | "lt" | "lte":
            return _compare_numbers(test.operator, known, test.value)
        case _:
            assert_never(test.operator)


def _compare_numbers(
    operator: Literal["gt", "gte", "lt", "lte"], known: Value | None, bound: Value
) -> bool:
    if not isinstance(known, Decimal) or not isinstance(bound, Decimal):
        return False
    return {
        "gt": known > bound,
        "gte": known >= bound,
        "lt": known < bound,
        "lte": known <= bound,
    }[operator]


def _parse(document: object, path: str, depth: int) -> Rule:
    if depth > DEEPEST:
        raise RuleInvalidError(field=path, problem="too-deep")
    if not isinstance(document, dict):
        raise RuleInvalidError(field=path, problem="object-expected")
    node = cast("dict[str, object]", document)
    match sorted(node):
        case ["all"]:
            return AllOf(_parse_list(node["all"], f"{path}.all", depth))
        case ["any"]:
            return AnyOf(_parse_list(node["any"], f"{path}.any", depth))
        case ["not"]:
            return Not(_parse(node["not"], f"{path}.not", depth + 1))
        case ["fact", "op", "value"]:
            return _parse_comparison(node, path)
        case _:
            raise RuleInvalidError(field=path, problem="all-any-not-or-fact-op-value-expected")


def _parse_list(document: object, path: str, depth: int) -> tuple[Rule, ...]:
    if not isinstance(document, list) or not document:
        raise RuleInvalidError(field=path, problem="list-expected")
    nodes = cast("list[object]", document)
    if len(nodes) > MOST_TESTS:
        raise RuleInvalidError(field=path, problem="too-many-comparisons")
    return tuple(_parse(node, f"{path}[{at}]", depth + 1) for at, node in enumerate(nodes))


def _parse_comparison(node: dict[str, object], path: str) -> Comparison:
    fact, operator = node["fact"], node["op"]
    fact_type = _type_of(fact) if isinstance(fact, str) else None
    if fact_type is None:
        raise RuleInvalidError(field=f"{path}.fact", problem="unknown-fact")
    if not isinstance(operator, str) or operator not in _OPERATORS[fact_type]:
        raise RuleInvalidError(
            field=f"{path}.op",
            problem="operator-not-allowed",
            allowed=sorted(_OPERATORS[fact_type]),
        )
    value = _parse_value(fact_type, operator, node["value"])
    if value is None:
        raise RuleInvalidError(field=f"{path}.value", problem=f"not-a-value-for-{operator}")
    return Comparison(str(fact), cast("Operator", operator), value)


def _type_of(fact: str) -> _FactType | None:
    if fact in _TEXTS:
        return "text"
    if fact == "customer.tags":
        return "set"
    if fact == "customer.order_count" or _REVENUE.fullmatch(fact):
        return "number"
    return "truth" if _CONSENT.fullmatch(fact) else None


def _parse_value(fact_type: _FactType, operator: str, value: object) -> Value | None:
    if operator == "in":
        return _texts(value)
    match fact_type:
        case "text" | "set":
            return value if isinstance(value, str) and "\x00" not in value else None
        case "truth":
            return value if isinstance(value, bool) else None
        case "number":
            return _number(value)
        case _:
            assert_never(fact_type)


def _texts(value: object) -> frozenset[str] | None:
    texts = cast("list[object]", value) if isinstance(value, list) else []
    good = [text for text in texts if isinstance(text, str) and "\x00" not in text]
    return frozenset(good) if good and len(good) == len(texts) else None


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value))
    except (InvalidOperation, ValueError):
        return None
    return number if number.is_finite() else None


def _size(rule: Rule) -> int:
    match rule:
        case Comparison():
            return 1
        case AllOf(rules=rules) | AnyOf(rules=rules):
            return sum(map(_size, rules))
        case Not(rule=inner):
            return _size(inner)
        case _:
            assert_never(rule)
