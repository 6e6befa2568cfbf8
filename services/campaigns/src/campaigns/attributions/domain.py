"""Attribution: a won deal's amount shared evenly among the touches before it; taken back on reopen.

Weights sum to exactly 1 and amounts to exactly the deal's: what rounding leaves over goes to the
touches with the largest remainders (here equal, so to the earliest).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from typing import TypeAlias, assert_never
from uuid import UUID

from shared.contracts.campaigns import AttributedTouch, AttributionComputed

MODEL_VERSION = 1
_WEIGHT_UNIT = Decimal("0.000001")
_AMOUNT_UNIT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Touch:
    """A message reached a person of the customer, or was answered by a click."""

    campaign_id: UUID
    message_id: UUID
    touched_at: datetime


@dataclass(frozen=True, slots=True)
class Attribution:
    """The newest computation for a deal; `deal_version` is the deal's fact that it answers."""

    deal_id: UUID
    version: int
    deal_version: int
    customer_id: UUID
    currency: str
    amount: Decimal
    touch_count: int
    computed_at: datetime


@dataclass(frozen=True, slots=True)
class ComputeAttribution:
    deal_id: UUID
    deal_version: int
    customer_id: UUID
    amount: Decimal
    currency: str
    touches: tuple[Touch, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class ReverseAttribution:
    deal_version: int
    at: datetime


Command: TypeAlias = ComputeAttribution | ReverseAttribution


def decide(attribution: Attribution | None, command: Command) -> list[AttributionComputed]:
    """Share a won deal, or take the sharing back; what was answered before stays quiet."""
    if attribution is not None and attribution.deal_version >= command.deal_version:
        return []
    match command:
        case ComputeAttribution():
            return [_computed(command)]
        case ReverseAttribution():
            if attribution is None or not attribution.amount:
                return []
            return [
                AttributionComputed(
                    deal_id=attribution.deal_id,
                    customer_id=attribution.customer_id,
                    model="even",
                    model_version=MODEL_VERSION,
                    amount=Decimal(0),
                    currency=attribution.currency,
                    touches=(),
                    computed_at=command.at,
                )
            ]
        case _:
            assert_never(command)


def _computed(command: ComputeAttribution) -> AttributionComputed:
    touches = sorted(command.touches, key=lambda touch: (touch.touched_at, touch.message_id))
    weights = shares(Decimal(1), len(touches), _WEIGHT_UNIT)
    amounts = shares(command.amount, len(touches), _AMOUNT_UNIT)
    return AttributionComputed(
        deal_id=command.deal_id,
        customer_id=command.customer_id,
        model="even",
        model_version=MODEL_VERSION,
        amount=command.amount,
        currency=command.currency,
        touches=tuple(
            AttributedTouch(
                campaign_id=touch.campaign_id,
                message_id=touch.message_id,
                touched_at=touch.touched_at,
                weight=weight,
                amount=amount,
            )
            for touch, weight, amount in zip(touches, weights, amounts, strict=True)
        ),
        computed_at=command.at,
    )


def shares(total: Decimal, parts: int, unit: Decimal) -> Sequence[Decimal]:
    """`total` in `parts` that differ by one unit at most and sum to exactly `total`.

    What is finer than a unit goes to the first part.
    """
    if not parts:
        return []
    share = (total / parts).quantize(unit, rounding=ROUND_DOWN)
    left = total - share * parts
    whole_units = int(left / unit)
    rest = left - whole_units * unit
    return [
        share + (unit if at < whole_units else 0) + (rest if at == 0 else 0) for at in range(parts)
    ]


def evolve(
    attribution: Attribution | None, event: AttributionComputed, deal_version: int
) -> Attribution:
    """The attribution after the event."""
    after = Attribution(
        deal_id=event.deal_id,
        version=1,
        deal_version=deal_version,
        customer_id=event.customer_id,
        currency=event.currency,
        amount=event.amount,
        touch_count=len(event.touches),
        computed_at=event.computed_at,
    )
    return replace(after, version=attribution.version + 1) if attribution else after
