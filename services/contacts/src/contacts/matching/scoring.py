"""Scoring: what the agreement of two records is worth, by a policy, and why.

After Fellegi and Sunter (1969): each trait that agrees is evidence for one party, each that differs
is evidence against it, measured in bits and added up; `prior` says how rare duplicates are among
records that share a blocking key. The sum of bits becomes a probability: the score.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import log2
from typing import Any, TypeAlias

from contacts.matching.comparing import Agreement, agreeing, compare, disagreeing
from contacts.matching.subjects import Traits, entity_type_of

Reason: TypeAlias = tuple[str, str, float]
"""A trait, how far it agrees, and the bits that this is worth."""

Bits: TypeAlias = Mapping[str, Mapping[str, float]]
_MOST_BITS = 60.0


@dataclass(frozen=True, slots=True)
class Policy:
    """A version of the weights and thresholds: data, and no constants of the code.

    From `auto` on two records may be merged without a person: where so many unique identifiers
    agree, and of neither an open deal is above the limit of its currency.
    """

    version: int
    prior: Mapping[str, float]
    weights: Mapping[str, Bits]
    address_bits: tuple[float, float]
    crowd_bits: float
    unique_bits: float
    review: float
    block: float
    auto: float
    auto_uniques: int
    auto_deal_limits: Mapping[str, int]
    block_size: int


@dataclass(frozen=True, slots=True)
class Match:
    """How surely two records are one party, and the traits that say so, the weightiest first."""

    score: float
    matched_on: tuple[str, ...]
    reasons: tuple[Reason, ...]
    uniques_agreeing: int


NO_MATCH = Match(0.0, (), (), 0)


def read_policy(version: int) -> Policy:
    """A policy that came with this release."""
    text = files("contacts.matching").joinpath(f"policy_{version}.json").read_text("utf-8")
    values: dict[str, Any] = json.loads(text)
    values["address_bits"] = tuple(values["address_bits"])
    return Policy(**values)


@cache
def current_policy() -> Policy:
    return read_policy(1)


def score(one: Traits, other: Traits, policy: Policy, sharing: int = 2) -> Match:
    """Match two records of one entity type; a unique identifier that differs vetoes.

    `sharing` is how many records have the key by which the two were found: what many share (the
    commonest names of a large base) says less of any two of them.
    """
    if disagreeing(one, other):
        return NO_MATCH
    entity_type = entity_type_of(one)
    weights = policy.weights[entity_type]
    views = compare(one, other)
    shared = agreeing(one, other)
    reasons = [
        *_worth(views.traits, weights),
        *_best(views.names, weights),
        *_within(_best(views.addresses, weights), policy.address_bits),
        *((kind, "same", policy.unique_bits) for kind in shared),
    ]
    if sharing > 2:  # noqa: PLR2004 -- the two themselves
        reasons.append(("crowd", "shared", -policy.crowd_bits * log2(sharing / 2)))
    bits = policy.prior[entity_type] + sum(worth for _, _, worth in reasons)
    ranked = sorted(reasons, key=lambda reason: -abs(reason[2]))
    matched_on = tuple(trait for trait, _, worth in ranked if worth > 0)
    return Match(_probability(bits), matched_on, tuple(ranked), len(shared))


def _worth(agreement: Agreement, weights: Bits) -> list[Reason]:
    return [(trait, level, weights[trait].get(level, 0.0)) for trait, level in agreement.items()]


def _best(views: Iterable[Agreement], weights: Bits) -> list[Reason]:
    """The view with the most evidence for one party."""
    none: list[Reason] = []
    worths = (_worth(view, weights) for view in views)
    return max(worths, key=lambda worth: sum(bits for _, _, bits in worth), default=none)


def _within(reasons: list[Reason], bounds: tuple[float, float]) -> list[Reason]:
    """Parts of an address hang together, so all of them say no more than the bounds allow."""
    total = sum(bits for _, _, bits in reasons)
    bounded = min(max(total, bounds[0]), bounds[1])
    if bounded == total:
        return reasons
    return [(trait, level, bits * bounded / total) for trait, level, bits in reasons]


def _probability(bits: float) -> float:
    bits = min(max(bits, -_MOST_BITS), _MOST_BITS)
    return round(1 / (1 + 2**-bits), 4)
