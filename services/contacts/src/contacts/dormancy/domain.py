"""A dormancy policy: how long a customer may be quiet, by industry, before it counts as dormant.

A policy is never changed: other days are another version. Of those in force the highest version
rules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from shared.contracts.contacts import CustomerState
from shared.errors import ConflictError, NotFoundError

from contacts.customers.domain import Customer, carry_out
from contacts.customers.lifecycle import NoticeQuiet

RunStatus: TypeAlias = Literal["running", "completed"]
SAMPLES = 5
"""Customers that a dry run names of each move."""

Days: TypeAlias = Annotated[int, Field(ge=7, le=3650)]
Industry: TypeAlias = Annotated[str, Field(min_length=1, max_length=100)]


class DormancyPolicyNotFoundError(NotFoundError):
    """There is no such dormancy policy."""


class DormancyPolicyIdIsTakenError(ConflictError):
    """This Idempotency-Key belongs to a policy with other figures."""


class DormancyDryRunNotFoundError(NotFoundError):
    """There is no such dry run."""


class DormancyDryRunIdIsTakenError(ConflictError):
    """This Idempotency-Key belongs to a dry run of other rules."""


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


@dataclass(frozen=True, slots=True)
class DryRun:
    """What rules would do now: counts and samples by `from>to`; nobody moves."""

    run_id: UUID
    rules: DormancyRules
    status: RunStatus
    started_by: str
    started_at: datetime
    after_id: UUID | None = None
    customers_done: int = 0
    moves: Mapping[str, int] = field(default_factory=dict[str, int])
    samples: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])
    completed_at: datetime | None = None

    @property
    def policy(self) -> DormancyPolicy:
        """The rules as a policy that is in force since the run was started."""
        at, by = self.started_at, self.started_by
        return DormancyPolicy(self.run_id, 0, self.rules, at, by, at)


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


def note_page(
    run: DryRun, page: Sequence[tuple[Customer, datetime | None]], at: datetime
) -> DryRun:
    """The run after a page, by id, of customers and when they were last heard of.

    An empty page ends it.
    """
    if not page:
        return replace(run, status="completed", completed_at=at)
    moves, samples = dict(run.moves), {name: list(those) for name, those in run.samples.items()}
    for customer, last_at in page:
        noticed = look(run.policy, customer.state, last_at, run.started_at)
        change = carry_out(customer, noticed)
        if change.facts:
            name = f"{customer.state.lifecycle}>{change.after.state.lifecycle}"
            moves[name] = moves.get(name, 0) + 1
            named = samples.setdefault(name, [])
            named.extend([str(customer.state.customer_id)] if len(named) < SAMPLES else [])
    return replace(
        run,
        after_id=page[-1][0].state.customer_id,
        customers_done=run.customers_done + len(page),
        moves=moves,
        samples=samples,
    )


def is_news(rules: DormancyRules, state: CustomerState, ordered_at: datetime) -> bool:
    """Whether an order wakes a dormant customer: older ones, told late, are history."""
    return ordered_at > state.lifecycle_since - rules.allowed(state)
