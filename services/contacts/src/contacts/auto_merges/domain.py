"""Whether a case of two records is sure enough to be merged by the policy, and if not, why."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal, TypeAlias
from uuid import UUID

from contacts.duplicates.domain import DuplicateCase
from contacts.matching.comparing import agreeing, disagreeing
from contacts.matching.scoring import Policy, score
from contacts.matching.subjects import CustomerTraits, Traits, Unique

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
    """One of the two: as matching sees it, its version, and whose deals are at stake.

    `beside` are identifiers that agree beside its own: of a customer, what its people alone have;
    of a person, what was claimed for them although somebody else has it.
    """

    traits: Traits
    beside: frozenset[Unique] = frozenset()
    is_active: bool = True
    version: int = 0
    customer_ids: Collection[UUID] = ()
    open_deals: tuple[OpenDeal, ...] = ()

    @property
    def with_all(self) -> Traits:
        return replace(self.traits, unique=self.traits.unique | self.beside)


def objection(
    case: DuplicateCase, one: Candidate, other: Candidate, policy: Policy
) -> Objection | None:
    """The first reason against it; None: they are merged."""
    deals = (*one.open_deals, *other.open_deals)
    shared = agreeing(one.with_all, other.with_all)
    reasons: dict[Objection, bool] = {
        "decided": case.status != "open",
        "said-to-be-another": case.forced_for is not None,
        "not-in-use": not (one.is_active and other.is_active),
        "kinds-differ": _kind(one.traits) != _kind(other.traits),
        "identifiers-differ": _differ(one, other),
        "too-few-identifiers": len(shared) < policy.auto_uniques,
        "not-sure": score(one.traits, other.traits, policy).score < policy.auto,
        "deal-over-limit": any(_is_over(deal, policy) for deal in deals),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _kind(traits: Traits) -> str | None:
    return traits.kind if isinstance(traits, CustomerTraits) else None


def _differ(one: Candidate, other: Candidate) -> bool:
    """Of an individual its person's identifiers count as well; an organization has many people.

    Of two people their own alone: a claim of what the other has takes no difference away.
    """
    if _kind(one.traits) == "individual":
        return bool(disagreeing(one.with_all, other.with_all))
    return bool(disagreeing(one.traits, other.traits))


def _is_over(deal: OpenDeal, policy: Policy) -> bool:
    """Nobody knows whether an unknown amount, or one without a limit, is below it."""
    limit = policy.auto_deal_limits.get(deal.currency or "")
    return limit is None or deal.amount is None or deal.amount > limit
