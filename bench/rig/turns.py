"""Taking turns: ours, peer, ours, peer …, so that what slows the machine down slows both."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from rig import report
from rig.figures import Pair

Measure: TypeAlias = Callable[[int], Awaitable[float]]
"""One measurement; it is told the number of its run, from 0 for the warm-up."""


async def alternate(runs: int, ours: Measure, peer: Measure, *, warm_up: bool = True) -> list[Pair]:
    """Measure both, `runs` times, one after the other; a first turn of each does not count."""
    pairs: list[Pair] = []
    for run in range(0 if warm_up else 1, runs + 1):
        pair = Pair(await ours(run), await peer(run))
        which = f"run {run}/{runs}" if run else "warm-up"
        report.step(
            f"{which}: ours {report.number(pair.ours)}, peer {report.number(pair.peer or 0)}"
        )
        pairs.append(pair)
    return pairs[1:] if warm_up else pairs
