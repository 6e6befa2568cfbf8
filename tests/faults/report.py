"""The report: one table per suite at the end of the run, and a line of progress per step."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import StringIO

from rich.console import Console
from rich.table import Table

from tests.faults.oracle import Verdict

FAULTS = ("lost", "duplicated", "reordered", "stale")
_console = Console(stderr=True)


@dataclass
class Suite:
    """What became of each thing that a suite did: how often, and the faults after it."""

    title: str
    what: str
    done: Counter[str] = field(default_factory=Counter[str])
    faults: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    counters: Counter[str] = field(default_factory=Counter[str])

    def note(self, done: Mapping[str, int], verdict: Verdict, counters: Mapping[str, int]) -> None:
        """A run's deeds share its faults: which of them was to blame the table cannot know."""
        self.done.update(done)
        self.counters.update(counters)
        found = Counter(fault.sort for fault in verdict.faults)
        found["discrepancies"] = len(verdict.discrepancies)
        for deed in done:
            self.faults.setdefault(deed, Counter()).update(found)


_suites: dict[str, Suite] = {}


def suite(title: str, what: str) -> Suite:
    """The suite of that title, begun at its first use."""
    return _suites.setdefault(title, Suite(title, what))


def tell(text: str) -> None:
    """A line of progress; pytest shows it with -s."""
    _console.print(text, markup=False, highlight=False, soft_wrap=True)


def lines() -> Iterable[str]:
    """Every table, as text."""
    for one in _suites.values():
        yield ""
        yield from _table(one)
        yield ", ".join(f"{name} {count}" for name, count in sorted(one.counters.items()))


def _table(one: Suite) -> list[str]:
    table = Table(title=one.title, title_justify="left")
    table.add_column(one.what)
    for column in ("times", *FAULTS, "discrepancies"):
        table.add_column(column, justify="right")
    for deed, times in sorted(one.done.items()):
        found = one.faults[deed]
        table.add_row(deed, str(times), *(str(found[f]) for f in (*FAULTS, "discrepancies")))
    text = StringIO()
    Console(file=text, width=100).print(table)
    return text.getvalue().splitlines()
