"""A row: measures, then shows its table and keeps its figures."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from rig import options as command_line
from rig import report, results
from rig.figures import Figure
from rig.options import Options


@dataclass(frozen=True)
class Measured:
    """What came of a row; the notes say what its table alone leaves open."""

    figures: Sequence[Figure]
    notes: Sequence[str] = ()


Measure: TypeAlias = Callable[[Options], Coroutine[Any, Any, Measured]]


def run(title: str, description: str | None, measure: Measure) -> None:
    """Run a row from its command line to its entry in the results."""
    options = command_line.read(description)
    logging.getLogger("aiokafka").setLevel(
        logging.CRITICAL
    )  # it tells of each new topic's election
    report.console.rule(title)
    keep(title, asyncio.run(measure(options)), options)


def keep(title: str, measured: Measured, options: Options) -> None:
    kind = "no figures, only a smoke run: " if options.quick else ""
    report.show(f"{kind}{title}, {options.runs} runs", measured.figures, measured.notes)
    results.merge(options.results, measured.figures)
