"""What a person sees of the demo: progress bars, the story's timeline, the figures."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from devstack.demo.customers import Imported
from devstack.demo.doors import Json
from devstack.demo.verdict import Verdict
from devstack.demo.watch import Watch

MOST_FAULTS = 20


@dataclass(frozen=True)
class Rates:
    """How fast the orders ran through; a peak is the best two seconds."""

    orders: int
    publishing_seconds: float
    orders_per_second: float
    orders_peak: float
    events_per_second: float
    events_peak: float
    seconds_to_full: float

    @classmethod
    def of(cls, watch: Watch, orders: int, started: float, last_input: float) -> "Rates":
        return cls(
            orders=orders,
            publishing_seconds=last_input - started,
            orders_per_second=watch.orders_rate(),
            orders_peak=watch.orders_peak(),
            events_per_second=watch.events_rate(),
            events_peak=watch.events_peak(),
            seconds_to_full=max(0.0, watch.events_done_at() - last_input),
        )


def progress(console: Console) -> Progress:
    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console)


def teller(console: Console) -> Callable[[str], None]:
    """Print each beat of the story with the seconds since the one before."""
    last = time.monotonic()

    def tell(beat: str) -> None:
        nonlocal last
        now = time.monotonic()
        console.print(f"  {now - last:5.1f} s  {beat}", highlight=False, markup=False)
        last = now

    return tell


def print_timeline(console: Console, items: Sequence[Json]) -> None:
    table = Table(title="The 360's timeline of this customer", title_justify="left", box=None)
    for column in ("when", "service", "what", "said"):
        table.add_column(column, overflow="fold")
    for item in items:
        at = item["at"][:19].replace("T", " ")
        table.add_row(at, item["service"], item["kind"], item["title"])
    console.print()
    console.print(table)


def print_where_to_look(console: Console, page: str, token: str, customer_id: str) -> None:
    console.print("\nLook at it in a browser (the link carries a token for 12 hours):")
    console.print(f"{page}/#token={token}&customer={customer_id}", soft_wrap=True, highlight=False)
    console.print("Another token: .venv/bin/rapport token --role reader\n", highlight=False)


def print_figures(console: Console, imported: Imported, rates: Rates, verdict: Verdict) -> None:
    table = Table(title="What happened", title_justify="left", box=None, show_header=False)
    for what, figure in (*_flow(imported, rates), *_outcome(verdict)):
        table.add_row(what, figure)
    console.print(table)
    for fault in verdict.faults[:MOST_FAULTS]:
        console.print(f"WRONG: {fault}", style="red", markup=False, soft_wrap=True)
    if len(verdict.faults) > MOST_FAULTS:
        console.print(f"… and {len(verdict.faults) - MOST_FAULTS} more", style="red")


def _flow(imported: Imported, rates: Rates) -> list[tuple[str, str]]:
    became = f"{imported.created:,} created, {imported.unchanged:,} known already"
    return [
        ("customers imported", f"{imported.rows:,} ({became})"),
        ("  rows in to facts published", f"{imported.rate:,.0f}/s"),
        ("orders published", f"{rates.orders:,} in {rates.publishing_seconds:.1f} s"),
        (
            "  through pipeline",
            f"{rates.orders_per_second:,.0f}/s, at best {rates.orders_peak:,.0f}/s",
        ),
        (
            "  events into the 360",
            f"{rates.events_per_second:,.0f}/s, at best {rates.events_peak:,.0f}/s",
        ),
        ("  last input to full 360", f"{rates.seconds_to_full:.1f} s"),
    ]


def _outcome(verdict: Verdict) -> list[tuple[str, str]]:
    equal = "every customer's figures equal the file's" if verdict.is_right else "see below"
    return [
        ("in the 360", f"{verdict.customers:,} customers, {verdict.orders:,} orders"),
        ("  revenue", f"USD {verdict.revenue:,}"),
        ("  compared with the file", equal),
        ("events on Kafka", f"{verdict.events_published:,} ({verdict.broker})"),
        ("events applied", f"{verdict.events_applied:,} by all consumers together"),
        ("lag", str(verdict.lag)),
        ("parked", str(verdict.parked)),
        ("set-up, demo", f"{verdict.seconds_setup:.1f} s, {verdict.seconds_demo:.1f} s"),
    ]
