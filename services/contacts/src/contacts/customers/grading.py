"""The grade of a customer: reviewed by policy; more than one step waits for somebody's approval."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias, get_args

from shared.contracts.contacts import (
    CustomerGraded,
    CustomerGradeReviewDue,
    CustomerState,
    Grade,
    GradeComponent,
    GradeProposal,
    Grading,
)
from shared.errors import ConflictError

from contacts.records import require_active

GRADES: tuple[Grade, ...] = get_args(Grade)
BY_POLICY = "policy"
"""Who decides where nobody needs to approve."""


class NothingProposedError(ConflictError):
    """No grade of this customer waits for approval."""


class GradeNotProposedError(ConflictError):
    """Approve the grade that is proposed, or the one that is in force."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a policy makes of the figures of a customer, and why."""

    grade: Grade
    score: Decimal
    components: tuple[GradeComponent, ...]
    policy_version: int
    service_level: str
    next_review_at: datetime


@dataclass(frozen=True, slots=True)
class ReviewGrade:
    """Look at the grade again: because it is time, the policy is another, or `is_asked`."""

    suggested: Suggestion
    at: datetime
    is_asked: bool = False


@dataclass(frozen=True, slots=True)
class ApproveGrade:
    """Somebody says yes to the grade that is proposed, or keeps the one in force."""

    grade: Grade
    service_level: str
    next_review_at: datetime
    approved_by: str
    at: datetime


GradeFact: TypeAlias = CustomerGraded | CustomerGradeReviewDue


def steps_between(one: Grade, other: Grade) -> int:
    return abs(GRADES.index(one) - GRADES.index(other))


def review(state: CustomerState, command: ReviewGrade) -> Sequence[GradeFact]:
    """The grade that follows, or that is proposed; nothing where it is not time and nothing new."""
    known, suggested = state.grading, command.suggested
    if state.record_status != "active":
        return []
    if known is None:
        return [_graded(state, suggested, BY_POLICY, command.at)]
    is_due = known.proposal is None and (
        known.next_review_at <= command.at or known.policy_version < suggested.policy_version
    )
    if not is_due and not (command.is_asked and _says_something_new(known, suggested)):
        return []
    if steps_between(known.grade, suggested.grade) > 1:
        return [_due(state, known, command, _proposed(suggested, command.at))]
    fact = _graded(state, suggested, BY_POLICY, command.at)
    return [_due(state, known, command), fact] if is_due else [fact]


def approve(state: CustomerState, command: ApproveGrade) -> Sequence[GradeFact]:
    require_active(state)
    known = state.grading
    if known is None or (known.proposal is None and known.grade != command.grade):
        raise NothingProposedError(customer_id=state.customer_id)
    proposal = known.proposal
    if proposal is None:
        return []
    if command.grade not in {proposal.grade, known.grade}:
        raise GradeNotProposedError(proposed=proposal.grade, in_force=known.grade)
    approved = Suggestion(
        command.grade,
        proposal.score,
        proposal.components,
        proposal.policy_version,
        command.service_level,
        command.next_review_at,
    )
    return [_graded(state, approved, command.approved_by, command.at)]


def grading_after(known: Grading | None, fact: GradeFact) -> Grading | None:
    """What a fact makes of a grade."""
    if isinstance(fact, CustomerGraded):
        return Grading(
            grade=fact.to_grade,
            score=fact.score,
            components=fact.components,
            policy_version=fact.policy_version,
            service_level=fact.service_level,
            decided_by=fact.decided_by,
            graded_at=fact.effective_at,
            next_review_at=fact.next_review_at,
        )
    if known is None or fact.proposal is None:
        return known
    return known.model_copy(update={"proposal": fact.proposal})


def _says_something_new(known: Grading, suggested: Suggestion) -> bool:
    latest = known.proposal or known
    return (latest.grade, latest.score, latest.policy_version) != (
        suggested.grade,
        suggested.score,
        suggested.policy_version,
    )


def _proposed(suggested: Suggestion, at: datetime) -> GradeProposal:
    return GradeProposal(
        grade=suggested.grade,
        score=suggested.score,
        components=suggested.components,
        policy_version=suggested.policy_version,
        proposed_at=at,
    )


def _due(
    state: CustomerState,
    known: Grading,
    command: ReviewGrade,
    proposal: GradeProposal | None = None,
) -> CustomerGradeReviewDue:
    return CustomerGradeReviewDue(
        customer_id=state.customer_id,
        grade=known.grade,
        due_at=min(known.next_review_at, command.at),
        proposal=proposal,
    )


def _graded(
    state: CustomerState, decided: Suggestion, decided_by: str, at: datetime
) -> CustomerGraded:
    return CustomerGraded(
        customer_id=state.customer_id,
        from_grade=state.grading.grade if state.grading else None,
        to_grade=decided.grade,
        score=decided.score,
        components=decided.components,
        policy_version=decided.policy_version,
        service_level=decided.service_level,
        decided_by=decided_by,
        effective_at=at,
        next_review_at=decided.next_review_at,
    )
