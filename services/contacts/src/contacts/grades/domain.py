"""A grade policy, from draft to published, and what its rules make of a customer's figures.

A draft is never changed: other figures are another draft. It is published after it was tried out on
the whole base, and of the published ones in force the highest version rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, TypeAlias, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from shared.contracts.contacts import Grade, GradeComponent, GradePart, GradePolicyPublished
from shared.errors import ConflictError, InvalidError, NotFoundError

from contacts.customers.grading import GRADES, Suggestion

PolicyStatus: TypeAlias = Literal["draft", "published"]
RunStatus: TypeAlias = Literal["running", "completed"]
PARTS: tuple[GradePart, ...] = get_args(GradePart)
SAMPLES = 5
"""Customers that a dry run names of each change."""

_FULL = Decimal(100)
_CENT = Decimal("0.01")


class GradePolicyNotFoundError(NotFoundError):
    """There is no such grade policy."""


class GradePolicyIdIsTakenError(ConflictError):
    """This Idempotency-Key belongs to a draft with other figures."""


class DryRunNotFoundError(NotFoundError):
    """There is no such dry run."""


class DryRunMissingError(ConflictError):
    """Try the draft out on the whole base first."""


class NewerPolicyIsPublishedError(ConflictError):
    """A later version is published already; draft another."""


class GradeMissingError(InvalidError):
    """A policy says something of each grade, and of each part of the score."""


class BandsNotFallingError(InvalidError):
    """The bands of a policy fall from A to E, and E begins at 0."""


class GradeScale(BaseModel):
    """How figures become levels from 0 to 100.

    `full_years` as a customer, and `full_tickets` in the window, are a level of 100; what nobody
    knows is at `unknown_level`. A new customer is graded after `first_review_days`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    first_review_days: int = Field(default=30, ge=0, le=3650)
    window_days: int = Field(default=365, ge=30, le=3650)
    terms_days: int = Field(default=30, ge=0, le=365)
    unknown_level: Decimal = Field(default=Decimal(50), ge=0, le=100)
    full_years: Decimal = Field(default=Decimal(5), gt=0, le=100)
    full_tickets: Decimal = Field(default=Decimal(24), gt=0, le=100_000)


class GradeRules(BaseModel):
    """The figures of a policy: all that decides a grade, as data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: Mapping[GradePart, Decimal]
    bands: Mapping[Grade, Decimal]
    review_days: Mapping[Grade, int]
    service_levels: Mapping[Grade, str]
    scale: GradeScale = GradeScale()


@dataclass(frozen=True, slots=True)
class GradePolicy:
    """One version of the policy."""

    policy_id: UUID
    policy_version: int
    status: PolicyStatus
    rules: GradeRules
    effective_from: datetime
    drafted_by: str
    drafted_at: datetime
    published_by: str | None = None
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PublishGradePolicy:
    """`is_tried` where a dry run over the base is complete; `newest` is the last one published."""

    is_tried: bool
    newest: int
    published_by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of a customer; None where nobody knows.

    Percentiles are places among all customers who bought in that currency: 100 is the best.
    """

    customer_id: UUID
    grade: Grade | None
    revenue: Decimal | None
    revenue_percentile: Decimal | None
    weighted: Decimal | None
    weighted_percentile: Decimal | None
    invoices: int
    late: int
    years: Decimal
    nps: int | None
    tickets: int


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a draft would change: counts and samples by `from>to`; `-` is no grade yet."""

    run_id: UUID
    policy_id: UUID
    status: RunStatus
    started_by: str
    started_at: datetime
    after_id: UUID | None = None
    customers_done: int = 0
    changes: Mapping[str, int] = field(default_factory=dict[str, int])
    samples: Mapping[str, list[dict[str, object]]] = field(
        default_factory=dict[str, list[dict[str, object]]]
    )
    completed_at: datetime | None = None


def require_whole(rules: GradeRules) -> None:
    """Raise the refusals of a policy that says too little or contradicts itself."""
    for name in ("bands", "review_days", "service_levels"):
        if missing := sorted(set(GRADES) - set(getattr(rules, name))):
            raise GradeMissingError(field=name, missing=missing)
    if parts := sorted(set(PARTS) - set(rules.weights)):
        raise GradeMissingError(field="weights", missing=parts)
    lowest = [rules.bands[grade] for grade in GRADES]
    if lowest[-1] != 0 or lowest != sorted(set(lowest), reverse=True):
        raise BandsNotFallingError(field="bands")


def publish(policy: GradePolicy, command: PublishGradePolicy) -> GradePolicyPublished | None:
    """The fact of the publication; None for a repeat."""
    if policy.status == "published":
        return None
    if command.newest > policy.policy_version:
        raise NewerPolicyIsPublishedError(published=command.newest)
    if not command.is_tried:
        raise DryRunMissingError(policy_id=policy.policy_id)
    return GradePolicyPublished(
        policy_id=policy.policy_id,
        policy_version=policy.policy_version,
        weights={part: policy.rules.weights[part] for part in PARTS},
        bands=dict(policy.rules.bands),
        review_days=dict(policy.rules.review_days),
        service_levels=dict(policy.rules.service_levels),
        effective_from=policy.effective_from,
        published_by=command.published_by,
        scale={name: Decimal(value) for name, value in policy.rules.scale},
    )


def suggest(policy: GradePolicy, figures: Figures, at: datetime) -> Suggestion:
    """The grade that the policy gives for these figures, part by part."""
    components = tuple(_component(policy.rules, part, figures) for part in PARTS)
    score = min(_FULL, max(Decimal(0), sum((each.points for each in components), Decimal(0))))
    grade = _grade_of(policy.rules, score)
    return Suggestion(grade, score, components, policy.policy_version, *terms_of(policy, grade, at))


def _grade_of(rules: GradeRules, score: Decimal) -> Grade:
    """The best grade whose band the score reaches; the lowest begins at 0."""
    reached: list[Grade] = [grade for grade in GRADES if score >= rules.bands[grade]]
    return reached[0]


def terms_of(policy: GradePolicy, grade: Grade, at: datetime) -> tuple[str, datetime]:
    """The service level of a grade, and when it is reviewed."""
    days = policy.rules.review_days[grade]
    return policy.rules.service_levels[grade], at + timedelta(days=days)


def _component(rules: GradeRules, part: GradePart, figures: Figures) -> GradeComponent:
    level, inputs = _level(rules.scale, part, figures)
    level = min(_FULL, max(Decimal(0), level)).quantize(_CENT, ROUND_HALF_UP)
    weight = rules.weights[part]
    return GradeComponent(
        component=part,
        weight=weight,
        inputs={name: value for name, value in inputs.items() if value is not None},
        level=level,
        points=(weight * level).quantize(_CENT, ROUND_HALF_UP),
    )


def _level(
    scale: GradeScale, part: GradePart, figures: Figures
) -> tuple[Decimal, dict[str, Decimal | None]]:
    match part:
        case "contribution":
            named = {"revenue": figures.revenue, "percentile": figures.revenue_percentile}
            return figures.revenue_percentile or Decimal(0), named
        case "potential":
            named = {"open_weighted": figures.weighted, "percentile": figures.weighted_percentile}
            return figures.weighted_percentile or Decimal(0), named
        case "payment":
            counted = {"invoices": Decimal(figures.invoices), "late": Decimal(figures.late)}
            return _paid_in_time(scale, figures), dict(counted)
        case "loyalty":
            nps = None if figures.nps is None else Decimal(figures.nps)
            return _loyalty(scale, figures), {"years": figures.years, "nps": nps}
        case "cost-to-serve":
            tickets = Decimal(figures.tickets)
            return _FULL * tickets / scale.full_tickets, {"tickets": tickets}


def _paid_in_time(scale: GradeScale, figures: Figures) -> Decimal:
    if not figures.invoices:
        return scale.unknown_level
    return _FULL * (figures.invoices - figures.late) / figures.invoices


def _loyalty(scale: GradeScale, figures: Figures) -> Decimal:
    """Half years, half what they say of us; where they never said anything, years alone."""
    years = min(_FULL, _FULL * figures.years / scale.full_years)
    return years if figures.nps is None else (years + 10 * Decimal(figures.nps)) / 2


def note_page(run: DryRun, policy: GradePolicy, page: list[Figures], at: datetime) -> DryRun:
    """The run after a page of customers, by id; an empty page ends it."""
    if not page:
        return replace(run, status="completed", completed_at=at)
    changes, samples = dict(run.changes), {name: list(those) for name, those in run.samples.items()}
    for figures in page:
        suggested = suggest(policy, figures, at)
        name = f"{figures.grade or '-'}>{suggested.grade}"
        changes[name] = changes.get(name, 0) + 1
        named = samples.setdefault(name, [])
        if figures.grade != suggested.grade and len(named) < SAMPLES:
            named.append(_sample(figures, suggested))
    return replace(
        run,
        after_id=page[-1].customer_id,
        customers_done=run.customers_done + len(page),
        changes=changes,
        samples={name: those for name, those in samples.items() if those},
    )


def _sample(figures: Figures, suggested: Suggestion) -> dict[str, object]:
    return {
        "customer_id": str(figures.customer_id),
        "score": str(suggested.score),
        "components": [each.model_dump(mode="json") for each in suggested.components],
    }
