"""CPU time of a system's programs, which a busy machine stretches far less than the clock's."""

import statistics
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import psutil
from devstack.stack import Stack

CpuSeconds: TypeAlias = Mapping[str, float]
"""By program: what it used, with every process that it started, those that have ended too."""

MICROSECONDS = 1_000_000


def used(stack: Stack) -> CpuSeconds:
    """What the programs have used since they were started."""
    running = stack.supervisor.processes().items()
    return {name: of_tree(psutil.Process(each.pid)) for name, each in running if each.is_running}


def between(before: CpuSeconds, after: CpuSeconds) -> CpuSeconds:
    """What they used in between; for programs that were not started anew meanwhile."""
    return {name: after[name] - before[name] for name in before}


def of_tree(process: psutil.Process) -> float:
    """Seconds of a process and of those below it."""
    below = process.children(recursive=True)
    return sum(map(_of_one_and_its_dead, (process, *below)))


def _of_one_and_its_dead(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:  # its parent has what it used
        return 0.0
    return times.user + times.system + times.children_user + times.children_system


def per_unit(runs: Sequence[CpuSeconds], units: int, unit: str) -> str:
    """The medians of some runs as a sentence: microseconds for each of so many units."""
    each = {
        name: MICROSECONDS * statistics.median(run[name] for run in runs) / units
        for name in runs[0]
    }
    parts = ", ".join(f"{name} {value:,.0f}" for name, value in each.items())
    return f"CPU microseconds a {unit}: {parts}; {sum(each.values()):,.0f} in all."
