"""The table that a person sees: what runs, where, its log, its API docs."""

from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from devstack.stack import Stack
from devstack.supervisor import Process
from devstack.system import Place

COLUMNS = ("what", "state", "where", "pid", "up", "restarts", "log", "docs")
WIDTH = 200


def console() -> Console:
    """Give standard output; where it is no terminal, wide enough for a row on one line."""
    out = Console()
    return out if out.is_terminal else Console(width=WIDTH)


def table(stack: Stack) -> Table:
    grid = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for column in COLUMNS:
        grid.add_column(column, overflow="fold")
    processes = stack.supervisor.processes()
    for place in stack.places():
        log = stack.supervisor.log_of(place.name)
        grid.add_row(*_row(place, processes.get(place.name), _shortest(log)))
    return grid


def _row(place: Place, process: Process | None, log: str) -> tuple[str, ...]:
    if process is None or not process.is_running:
        down = process.state.lower() if process and process.state != "STOPPED" else "down"
        return (place.name, f"[red]{down}[/]", place.where, "", "", "", log, place.docs)
    ready = "[green]ready[/]" if place.is_ready() else "[yellow]not ready[/]"
    up = str(timedelta(seconds=process.uptime_seconds))
    numbers = (str(process.pid), up, str(process.restarts))
    return (place.name, ready, place.where, *numbers, log, place.docs)


def _shortest(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
