"""RFM: recency, frequency and monetary value in fifths of stored bounds, and the cell they make.

Recency counts against the newest business day that the orders have shown, at most today: a base
whose orders end in 1998 is scored as of 1998.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

Cell = Literal["champion", "loyal", "promising", "at-risk", "hibernating", "need-attention"]

ANY_CURRENCY = "*"
HIGH = 4
FAIR = 3


class RfmModel(BaseModel):
    """A published version of the bounds: four each, ascending; money per currency or for any."""

    model_config = ConfigDict(frozen=True)

    recency_days: tuple[int, int, int, int]
    frequency: tuple[int, int, int, int]
    monetary: dict[str, tuple[Decimal, Decimal, Decimal, Decimal]]


@dataclass(frozen=True, slots=True)
class Rfm:
    """Scores 1–5, 5 the best, and their cell."""

    r: int
    f: int
    m: int
    cell: Cell


def score(
    model: RfmModel,
    *,
    order_count: int,
    revenue: Mapping[str, Decimal],
    last_order_at: datetime | None,
    today: datetime,
) -> Rfm | None:
    """The scores of a customer; None for one who never bought."""
    if not order_count or last_order_at is None:
        return None
    r = 5 - bisect_left(model.recency_days, max(0, (today - last_order_at).days))
    f = 1 + bisect_left(model.frequency, order_count)
    m = max((_monetary(model, *amount) for amount in revenue.items()), default=1)
    return Rfm(r, f, m, cell_of(r, f, m))


def _monetary(model: RfmModel, currency: str, amount: Decimal) -> int:
    bounds: Sequence[Decimal] = model.monetary.get(currency, model.monetary[ANY_CURRENCY])
    return 1 + bisect_right(bounds, amount)


def cell_of(r: int, f: int, m: int) -> Cell:
    """The cell of three scores; the first that fits."""
    if r >= HIGH and f >= HIGH and m >= HIGH:
        return "champion"
    if r >= FAIR and f >= FAIR and m >= FAIR:
        return "loyal"
    if r >= HIGH and f < FAIR:
        return "promising"
    if r < FAIR and f >= FAIR and m >= FAIR:
        return "at-risk"
    return "hibernating" if r < FAIR and f < FAIR else "need-attention"
