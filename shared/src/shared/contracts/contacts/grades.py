"""Grades: how much a customer is worth to us, by a policy that is published version by version."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pydantic import Field

from shared.contracts.contacts.customers import CUSTOMER_EVENTS
from shared.contracts.contacts.ratings import Grade, GradeComponent, GradeProposal
from shared.contracts.topic import Event, events_topic

GRADE_POLICY_EVENTS = events_topic(
    "contacts",
    "grade-policy",
    key="policy_id",
    holds="published grade policies",
    personal_data="none",
)


@CUSTOMER_EVENTS.fact("graded")
class CustomerGraded(Event):
    """The customer has a grade, the same or another, from `effective_at` on, and why.

    `decided_by` is `policy`, or who approved it.
    """

    customer_id: UUID
    from_grade: Grade | None = None
    to_grade: Grade
    score: Decimal
    components: tuple[GradeComponent, ...]
    policy_version: int
    service_level: str
    decided_by: str
    effective_at: datetime
    next_review_at: datetime


@CUSTOMER_EVENTS.fact("grade-review-due")
class CustomerGradeReviewDue(Event):
    """The customer's grade is looked at again; `proposal` waits for approval, where there is one.

    Without a proposal the new grade follows at once.
    """

    customer_id: UUID
    grade: Grade
    due_at: datetime
    proposal: GradeProposal | None = None


@GRADE_POLICY_EVENTS.fact("published")
class GradePolicyPublished(Event):
    """A version of the grade policy is in force from `effective_from`; it never changes.

    `weights` by component; `bands` are the lowest scores of the grades; `review_days` say after how
    long a grade is looked at again; `service_levels` what it entitles to. `scale` says how figures
    become levels: how far back they count, and what is a full level.
    """

    policy_id: UUID
    policy_version: int
    weights: dict[str, Decimal]
    bands: dict[Grade, Decimal]
    review_days: dict[Grade, int]
    service_levels: dict[Grade, str]
    effective_from: datetime
    published_by: str
    scale: dict[str, Decimal] = Field(default_factory=dict[str, Decimal])
