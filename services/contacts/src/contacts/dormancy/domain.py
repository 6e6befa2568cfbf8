"""A dormancy policy: how long a customer may be quiet, by industry, before it counts as dormant.

A policy is never changed: other days are another version. Of those in force the highest version
rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from shared.contracts.contacts import CustomerState
from shared.errors import ConflictError, NotFoundError

from contacts.customers.lifecycle import NoticeQuiet

Days: TypeAlias = Annotated[int, Field(ge=7, le=3650)]
Industry: TypeAlias = Annotated[str, Field(min_length=1, max_length=100)]


class DormancyPolicyNotFoundError(NotFoundError):
    """There is no such dormancy policy."""


class DormancyPolicyIdIsTakenError(ConflictError):
    """This Idempotency-Key belongs to a policy with other figures."""


class DormancyRules(BaseModel):
    """After how many days without a word a customer is dormant, and after how many more churned.

    `days` are those of every industry that `days_by_industry` does not name; who has been dormant
    for `churn_factor` times as long is churned.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: Days = 180
    days_by_industry: Mapping[Industry, Days] = Field(
        default_factory=dict[str, int], max_length=500
    )
    churn_factor: int = Field(default=2, ge=1, le=10)

    def allowed(self, state: CustomerState) -> timedelta:
        """How long this customer may be quiet."""
        return timedelta(days=self.days_by_industry.get(state.industry or "", self.days))

    @property
    def shortest(self) -> timedelta:
        """Whoever was heard of within this time need not be looked at."""
        return timedelta(days=min([self.days, *self.days_by_industry.values()]))


@dataclass(frozen=True, slots=True)
class DormancyPolicy:
    """One version of the policy."""

    policy_id: UUID
    policy_version: int
    rules: DormancyRules
    effective_from: datetime
    published_by: str
    published_at: datetime


def look(
    policy: DormancyPolicy, state: CustomerState, last_at: datetime | None, at: datetime
) -> NoticeQuiet:
    """What there is to say, by this policy, of a customer who was last heard of then."""
    allowed = policy.rules.allowed(state)
    return NoticeQuiet(
        last_at=last_at,
        dormant_after=allowed,
        churned_after=policy.rules.churn_factor * allowed,
        policy_id=policy.policy_id,
        policy_version=policy.policy_version,
        at=at,
    )


def is_news(rules: DormancyRules, state: CustomerState, ordered_at: datetime) -> bool:
    """Whether an order wakes a dormant customer: older ones, told late, are history."""
    return ordered_at > state.lifecycle_since - rules.allowed(state)
