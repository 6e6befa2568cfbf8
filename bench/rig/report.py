"""What a person sees of a row: progress while it runs, then its table."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from rig.figures import Figure

NARROWEST = 120
_LARGE = 100

_terminal = Console()
console = Console(width=max(_terminal.width, NARROWEST))


def show(title: str, figures: Sequence[Figure], notes: Sequence[str]) -> None:
    """Print the table of a row and what has to be known to read it."""
    table = Table(title=title, title_justify="left")
    for heading in (
        "figure",
        "unit",
        "ours (spread)",
        "against",
        "it (spread)",
        "ratio",
        "aim",
        "",
    ):
        table.add_column(heading, overflow="fold")
    for figure in figures:
        table.add_row(*_cells(figure))
    console.print(table)
    for note in notes:
        console.print(f"  {note}", style="dim", markup=False, highlight=False)


def step(text: str) -> None:
    """One line for each thing that is done."""
    console.print(text, style="dim", markup=False, highlight=False)


def number(value: float) -> str:
    """Three digits at least."""
    return f"{value:,.0f}" if abs(value) >= _LARGE else f"{value:.3g}"


def _cells(figure: Figure) -> list[str]:
    verdicts = {True: "[green]reached[/]", False: "[red]short[/]", None: ""}
    return [
        figure.name,
        figure.unit,
        _with_spread(figure.ours, [pair.ours for pair in figure.pairs]),
        figure.peer or "–",
        _with_spread(figure.peer_value, figure.peer_values),
        "–" if figure.ratio is None else f"{figure.ratio:.2f}",
        str(figure.aim or "–"),
        verdicts[figure.reaches],
    ]


def _with_spread(median: float | None, values: Sequence[float]) -> str:
    if median is None:
        return "–"
    return f"{number(median)} ({number(min(values))}–{number(max(values))})"
