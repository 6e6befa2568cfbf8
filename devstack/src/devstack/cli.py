"""The command `devstack`: the system up and down, its state, its logs."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console

from devstack import report
from devstack import settings as settings_file
from devstack.demo.command import demo
from devstack.errors import DevstackError, last_lines
from devstack.settings import State
from devstack.stack import Stack, supervisor_of

LINES_OF_LOG = 40


def main() -> None:
    """Run the command line; what a person must fix is told in one sentence, without a traceback."""
    try:
        cli.main(standalone_mode=True)
    except DevstackError as error:
        Console(stderr=True).print(str(error), style="red", markup=False, soft_wrap=True)
        sys.exit(1)


@click.group()
def cli() -> None:
    """Run the whole of Rapport on this machine, without Docker."""


cli.add_command(demo)


@cli.command()
def up() -> None:
    """Start PostgreSQL, Kafka, the mail sink and the services."""
    started = time.monotonic()
    console = report.console()
    stack = _stack_to_start(console)
    if stack.supervisor.is_running():
        stack.await_ready([place.name for place in stack.places()])
        console.print("Everything is up already.")
    else:
        stack.start(detached=True)
        console.print(f"Everything is up after {time.monotonic() - started:.1f} s.")
    console.print(report.table(stack))


@cli.command()
def down() -> None:
    """Stop all of it; the data stays."""
    console = report.console()
    stack = _stack()
    if not stack.supervisor.is_running():
        console.print("Nothing runs.")
        return
    with console.status("Stopping …"):
        stack.stop()
    console.print("Everything is down. `make up` goes on with the same data.")


@cli.command()
def status() -> None:
    """Show what runs and whether it is ready; exits 1 unless all of it is."""
    stack = _stack()
    report.console().print(report.table(stack))
    sys.exit(0 if stack.is_ready() else 1)


@cli.command()
@click.argument("name")
def restart(name: str) -> None:
    """Restart one program, and wait until it is ready."""
    _stack().restart(name)
    report.console().print(f"{name} is ready.")


@cli.command()
@click.argument("name")
@click.option("-f", "--follow", is_flag=True, help="Go on as the log grows.")
def logs(name: str, *, follow: bool) -> None:
    """Print the end of the log of one program."""
    log = _stack().supervisor.log_of(name)
    if not log.exists():
        raise DevstackError(f"There is no log {log}.")
    for line in last_lines(log, LINES_OF_LOG):
        click.echo(line)
    if follow:
        for line in _growing(log):
            click.echo(line, nl=False)


def _growing(log: Path) -> Iterator[str]:
    with log.open(errors="replace") as file:
        file.seek(0, os.SEEK_END)
        while True:
            line = file.readline()
            if line:
                yield line
            else:
                time.sleep(0.2)


def _stack_to_start(console: Console) -> Stack:
    state = State.of_environment()
    running = supervisor_of(state).is_running()
    settings = settings_file.kept(state) if running else settings_file.choose(state, os.environ)
    return Stack(state, settings, console)


def _stack() -> Stack:
    state = State.of_environment()
    return Stack(state, settings_file.kept(state), Console(stderr=True))
