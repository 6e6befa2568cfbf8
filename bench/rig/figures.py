"""A figure: what a row measured of ours and, in the same runs, of its peer or limit."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Aim:
    """What a figure is to reach: a bound of the ratio to the peer, or of our own value."""

    bound: float
    direction: Literal["at least", "at most"] = "at least"
    of: Literal["ratio", "ours"] = "ratio"

    def __str__(self) -> str:
        sign = "≥" if self.direction == "at least" else "≤"
        return f"{'ratio ' if self.of == 'ratio' else ''}{sign} {self.bound:g}"

    def is_reached(self, value: float) -> bool:
        return value >= self.bound if self.direction == "at least" else value <= self.bound


@dataclass(frozen=True)
class Pair:
    """One run: ours, and the peer right after it on the same machine."""

    ours: float
    peer: float | None = None

    @property
    def ratio(self) -> float | None:
        return None if self.peer is None else self.ours / self.peer


@dataclass(frozen=True)
class Figure:
    """All runs of one figure. `name` is the row's, with a dot and a part where it has several."""

    name: str
    unit: str
    pairs: Sequence[Pair]
    peer: str | None = None
    aim: Aim | None = None

    @property
    def row(self) -> str:
        return self.name.partition(".")[0]

    @property
    def ours(self) -> float:
        return statistics.median(pair.ours for pair in self.pairs)

    @property
    def peer_values(self) -> list[float]:
        return [pair.peer for pair in self.pairs if pair.peer is not None]

    @property
    def peer_value(self) -> float | None:
        return statistics.median(self.peer_values) if self.peer_values else None

    @property
    def ratio(self) -> float | None:
        """The median of the runs' own ratios: what slows both of a run cancels out."""
        ratios = [pair.ratio for pair in self.pairs if pair.ratio is not None]
        return statistics.median(ratios) if ratios else None

    @property
    def reaches(self) -> bool | None:
        """Whether the aim is reached; None where there is none, or no peer to compare with."""
        if self.aim is None:
            return None
        value = self.ratio if self.aim.of == "ratio" else self.ours
        return None if value is None else self.aim.is_reached(value)
