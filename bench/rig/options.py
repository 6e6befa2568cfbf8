"""The command line of a row: the full measurement, or a smoke run of small sizes."""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from rig import results

RUNS = 5


@dataclass(frozen=True)
class Options:
    """How a row is run. `size` overrides the row's own main size."""

    quick: bool
    runs: int
    results: Path
    size: int | None = None

    def pick(self, full: int, quick: int) -> int:
        """The main size of a row: what `--size` says, else the one for this kind of run."""
        return self.size or self.fixed(full, quick)

    def fixed(self, full: int, quick: int) -> int:
        """A lesser size of a row, which `--size` does not touch."""
        return quick if self.quick else full


def read(description: str | None) -> Options:
    """Read the arguments of this process; `description` is the docstring of the row."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, two runs: no figures")
    parser.add_argument("--runs", type=int, help=f"how many runs; {RUNS}, or 2 with --quick")
    parser.add_argument("--size", type=int, help="the row's main size, where not its own")
    parser.add_argument("--results", type=Path, help="the file to merge the figures into")
    said = parser.parse_args(sys.argv[1:])
    unofficial = said.quick or said.size is not None
    return Options(
        quick=said.quick,
        runs=said.runs or (2 if said.quick else RUNS),
        results=said.results or (results.QUICK if unofficial else results.LATEST),
        size=said.size,
    )
