"""What contacts thinks of a customer: its grade and its credit, each with what it rests on."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator

from shared.contracts.codes import Open
from shared.contracts.values import Value

Grade = Literal["A", "B", "C", "D", "E"]
"""A is the best; what each means for service and price is in the policy."""

GradePart = Literal["contribution", "payment", "potential", "loyalty", "cost-to-serve"]
HoldReason = Literal["over-limit", "overdue", "manual"]


def _in_order(inputs: dict[str, Decimal]) -> dict[str, Decimal]:
    """By name, so that a snapshot has the same bytes whatever has stored it meanwhile."""
    return dict(sorted(inputs.items()))


class GradeComponent(Value):
    """One part of a score: `points` = `weight` × `level`, and `level` (0–100) is read off `inputs`.

    The points of all parts together, at least 0 and at most 100, are the score.
    """

    component: Annotated[str, Open.to(GradePart)]
    weight: Decimal
    inputs: Annotated[dict[str, Decimal], AfterValidator(_in_order)]
    level: Decimal
    points: Decimal


class GradeProposal(Value):
    """A grade that waits for somebody's approval, because it is more than one step away."""

    grade: Grade
    score: Decimal
    components: tuple[GradeComponent, ...] = ()
    policy_version: int
    proposed_at: datetime


class Grading(Value):
    """The grade in force since `graded_at`, why, and when it is looked at again."""

    grade: Grade
    score: Decimal
    components: tuple[GradeComponent, ...] = ()
    policy_version: int
    service_level: str
    decided_by: str
    graded_at: datetime
    next_review_at: datetime
    proposal: GradeProposal | None = None


class CreditBasis(Value):
    """What the policy's limit rests on.

    `suggested` is the smaller of `cap` and `factor` × `average_monthly` × months of the terms, less
    the share of the exposure that is overdue. The purchases are those of the last `window_days`;
    amounts are in the limit's currency.
    """

    policy_version: int
    grade: Grade | None = None
    cap: Decimal
    factor: Decimal
    average_monthly: Decimal
    overdue_ratio: Decimal
    window_days: int
    avg_days_to_pay: Decimal | None = None
    suggested: Decimal


class CreditHold(Value):
    """Nothing is sold on credit now; one that a person placed is released by a person only."""

    reason_code: Annotated[str, Open.to(HoldReason)]
    is_manual: bool
    placed_by: str
    placed_at: datetime


class Credit(Value):
    """How much may be owed to us, how much is, and whether there is a hold.

    `exposure` is what was ordered and neither paid nor cancelled, in the limit's currency;
    `available` is what is left of the limit, below zero where it is exceeded. `expired_at` is there
    from when the limit is noticed to be past its time until another is set.
    """

    limit: Decimal | None = None
    currency: str | None = None
    terms_days: int | None = None
    exposure: Decimal = Decimal(0)
    available: Decimal | None = None
    overdue_amount: Decimal = Decimal(0)
    hold: CreditHold | None = None
    basis: CreditBasis | None = None
    approved_by: str | None = None
    valid_until: datetime | None = None
    expired_at: datetime | None = None
    set_at: datetime | None = None
