"""Whether a case of two customers is sure enough to be merged by the policy, and if not, why."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal, TypeAlias

from contacts.duplicates.domain import DuplicateCase
from contacts.matching.comparing import agreeing, disagreeing
from contacts.matching.scoring import Policy, score
from contacts.matching.subjects import CustomerTraits, Unique

Objection: TypeAlias = Literal[
    "decided", "said-to-be-another", "not-in-use", "kinds-differ", "identifiers-differ",
    "too-few-identifiers", "not-sure", "deal-over-limit",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class OpenDeal:
    """What may be bought; the amount is None while only later facts of the deal are known."""

    amount: Decimal | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the two: as matching sees it, and what its people alone have (`unique`)."""

    traits: CustomerTraits
    of_people: frozenset[Unique]
    open_deals: tuple[OpenDeal, ...] = ()
    is_active: bool = True

    @property
    def with_people(self) -> CustomerTraits:
        return replace(self.traits, unique=self.traits.unique | self.of_people)


def objection(
    case: DuplicateCase, one: Candidate, other: Candidate, policy: Policy
) -> Objection | None:
    """The first reason against it; None: they are merged."""
    deals = (*one.open_deals, *other.open_deals)
    shared = agreeing(one.with_people, other.with_people)
    reasons: dict[Objection, bool] = {
        "decided": case.status != "open",
        "said-to-be-another": case.forced_for is not None,
        "not-in-use": not (one.is_active and other.is_active),
        "kinds-differ": one.traits.kind != other.traits.kind,
        "identifiers-differ": _differ(one, other),
        "too-few-identifiers": len(shared) < policy.auto_uniques,
        "not-sure": score(one.traits, other.traits, policy).score < policy.auto,
        "deal-over-limit": any(_is_over(deal, policy) for deal in deals),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _differ(one: Candidate, other: Candidate) -> bool:
    """Of an individual its person's identifiers count as well; an organization has many people."""
    if one.traits.kind == "individual":
        return bool(disagreeing(one.with_people, other.with_people))
    return bool(disagreeing(one.traits, other.traits))


def _is_over(deal: OpenDeal, policy: Policy) -> bool:
    """Nobody knows whether an unknown amount, or one without a limit, is below it."""
    limit = policy.auto_deal_limits.get(deal.currency or "")
    return limit is None or deal.amount is None or deal.amount > limit
