"""What the figures of now would make of a grade that contacts gave by the figures of then; pure.

The parts that contacts told with the grade are taken up again, each with the figure of today.
Years, NPS and tickets are measured as the policy does. A place among all is contacts' to cut: here
it moves in proportion to its amount, which is no grade but a reason to look. How invoices were paid
stays as it was told.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import get_args

from pydantic import BaseModel, ConfigDict
from shared.contracts.contacts import Grade, GradeComponent, Grading
from shared.contracts.customer_360 import GradeSuggested

from customer_360.customers.fold import Customer

GRADES: tuple[Grade, ...] = get_args(Grade)
GRADED = frozenset({"customer", "dormant"})

_FULL = Decimal(100)
_CENT = Decimal("0.01")
_YEAR = Decimal(31_557_600)


@dataclass(frozen=True, slots=True)
class GradePolicy:
    """What of a published policy decides a band; `scale` says what is a full level."""

    policy_version: int
    weights: Mapping[str, Decimal]
    bands: Mapping[str, Decimal]
    scale: Mapping[str, Decimal]

    def grade_of(self, score: Decimal) -> Grade:
        """The best grade whose band the score reaches; the lowest begins at 0."""
        reached: list[Grade] = [g for g in GRADES if score >= self.bands.get(g, _FULL + 1)]
        return reached[0] if reached else GRADES[-1]


class GradeModel(BaseModel):
    """A published version of when it is worth to look."""

    model_config = ConfigDict(frozen=True)

    margin: Decimal
    unplaced_level: Decimal


@dataclass(frozen=True, slots=True)
class Measured:
    """A customer's figures of today; amounts by currency."""

    revenue: Mapping[str, Decimal]
    open_weighted: Mapping[str, Decimal]
    tickets: int
    nps: int | None


def suggestion_of(
    customer: Customer, policy: GradePolicy, model: GradeModel, measured: Measured, at: datetime
) -> GradeSuggested | None:
    """What contacts is told; None where the score stays in its band, or that grade waits already.

    A band counts as left where the score is beyond its edge by the model's margin.
    """
    grading = customer.grading
    if grading is None or not _is_graded(customer):
        return None
    components = tuple(
        _measured_anew(part, grading, policy, model, measured, at) for part in grading.components
    )
    score = min(_FULL, max(Decimal(0), sum((part.points for part in components), Decimal(0))))
    surely = score - model.margin if score > grading.score else score + model.margin
    suggested = policy.grade_of(score)
    waiting = grading.proposal.grade if grading.proposal else grading.grade
    if policy.grade_of(surely) == policy.grade_of(grading.score) or suggested == waiting:
        return None
    return GradeSuggested(
        customer_id=customer.customer_id,
        current_grade=grading.grade,
        suggested_grade=suggested,
        score=score,
        components=components,
        policy_version=policy.policy_version,
        input_hash=_hash(grading, components),
    )


def _is_graded(customer: Customer) -> bool:
    return customer.lifecycle in GRADED and customer.record_status in {None, "active"}


def _measured_anew(
    part: GradeComponent,
    grading: Grading,
    policy: GradePolicy,
    model: GradeModel,
    measured: Measured,
    at: datetime,
) -> GradeComponent:
    inputs, level = dict(part.inputs), part.level
    match part.component:
        case "contribution":
            inputs, level = _placed(part, "revenue", measured.revenue, model)
        case "potential":
            inputs, level = _placed(part, "open_weighted", measured.open_weighted, model)
        case "loyalty":
            passed = Decimal(str((at - grading.graded_at).total_seconds())) / _YEAR
            inputs["years"] = (inputs.get("years", Decimal(0)) + passed).quantize(_CENT)
            if measured.nps is not None:
                inputs["nps"] = Decimal(measured.nps)
            level = _loyalty(policy, inputs)
        case "cost-to-serve":
            inputs["tickets"] = Decimal(measured.tickets)
            level = _FULL * measured.tickets / policy.scale["full_tickets"]
        case _:
            pass
    level = min(_FULL, max(Decimal(0), level)).quantize(_CENT, ROUND_HALF_UP)
    points = (part.weight * level).quantize(_CENT, ROUND_HALF_UP)
    return part.model_copy(update={"inputs": inputs, "level": level, "points": points})


def _placed(
    part: GradeComponent, name: str, amounts: Mapping[str, Decimal], model: GradeModel
) -> tuple[dict[str, Decimal], Decimal]:
    """The place in proportion to its amount; of several currencies nobody knows which was told."""
    if len(amounts) > 1:
        return dict(part.inputs), part.level
    now, then = sum(amounts.values(), Decimal(0)), part.inputs.get(name, Decimal(0))
    if now == then:
        return dict(part.inputs), part.level
    level = min(_FULL, part.level * now / then) if then else model.unplaced_level
    return {name: now}, level


def _loyalty(policy: GradePolicy, inputs: Mapping[str, Decimal]) -> Decimal:
    """Half years, half what they say of us; where they never said anything, years alone."""
    years = min(_FULL, _FULL * inputs["years"] / policy.scale["full_years"])
    return years if "nps" not in inputs else (years + 10 * inputs["nps"]) / 2


def _hash(grading: Grading, components: tuple[GradeComponent, ...]) -> str:
    """Of the grade that is in force and of the figures, but not of the time that passes."""
    told = [(part.component, _without_time(part.inputs)) for part in components]
    waits = grading.proposal.proposed_at if grading.proposal else None
    text = f"{grading.policy_version} {grading.graded_at} {waits} {told}"
    return hashlib.sha256(text.encode()).hexdigest()


def _without_time(inputs: Mapping[str, Decimal]) -> list[tuple[str, str]]:
    return sorted(
        (name, f"{value.normalize():f}") for name, value in inputs.items() if name != "years"
    )
