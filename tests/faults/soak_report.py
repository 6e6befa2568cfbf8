"""What a soak came to: a table for people, a line of JSON, and whether every promise was kept."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from tests.faults.gauges import Gauges
from tests.faults.oracle import Verdict

NEVER_ZERO = ("unknown-commands", "takeovers", "parked", "deaths", "waits", "commands")
TRIED = ("killed kafka", "killed postgres", "held transactions")


@dataclass(frozen=True)
class Outcome:
    """Everything that a soak found out."""

    seconds: float
    commands: int
    outcomes: Counter[str]
    freshness: dict[str, tuple[float, ...]]
    probes: int
    gauges: Gauges
    deeds: Counter[str]
    met: Counter[str]
    injected: int
    parked: int
    verdict: Verdict

    @property
    def broken(self) -> list[str]:
        """What was promised and is false, or was to be tried and was not."""
        return [
            *([] if self.verdict.is_clean else [f"not clean:\n{self.verdict}"]),
            *([] if self.parked == self.injected else ["parked is not injected"]),
            *(f"{name} is zero" for name in NEVER_ZERO if not self.met[name]),
            *(f"{name} is zero" for name in TRIED if not self.deeds[name]),
            *([] if self.probes else ["nothing was seen in the 360"]),
        ]

    @property
    def is_good(self) -> bool:
        return not self.broken

    def figures(self) -> dict[str, Any]:
        """The figures, as JSON has them."""
        gauges = self.gauges
        return {
            "seconds": round(self.seconds),
            "commands": self.commands,
            "per_second": round(self.commands / self.seconds, 1),
            "outcomes": dict(self.outcomes),
            "freshness_ms_p50_p99": self.freshness,
            "probes": self.probes,
            "rss_mb_most": {name: round(mb) for name, mb in gauges.heaviest().items()},
            "mb_per_hour": {
                name: None if slope is None else round(slope, 1)
                for name, slope in gauges.slopes().items()
            },
            "dead_tuples_most_and_last": {
                f"{service}.{table}": dead for (service, table), dead in gauges.most_dead().items()
            },
            "outbox_age_s_most": round(gauges.oldest_in_outbox(), 1),
            "deeds": dict(self.deeds),
            "counters": dict(self.met),
            "injected": self.injected,
            "parked": self.parked,
            "faults": [str(fault) for fault in self.verdict.faults],
            "discrepancies": self.verdict.discrepancies,
            "good": self.is_good,
        }


def show(outcome: Outcome) -> None:
    """The table and whatever is broken to stderr; the JSON line to stdout."""
    table = Table("figure", "value", title="Soak", title_justify="left")
    for name, value in outcome.figures().items():
        text = value if isinstance(value, str) else json.dumps(value)
        table.add_row(name, text)
    console = Console(stderr=True, width=140)
    console.print(table)
    for broken in outcome.broken:
        console.print(f"FALSE: {broken}", markup=False)
    click.echo(json.dumps(outcome.figures()))
