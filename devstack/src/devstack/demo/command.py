"""The command `devstack demo`."""

import asyncio
import logging
import os
import sys
import threading
import time
from collections.abc import Mapping

import click
from rich.console import Console
from shared.contracts.rights import principal_of_external

from devstack import report
from devstack import settings as settings_file
from devstack.demo.doors import Addresses
from devstack.demo.errors import DemoError
from devstack.demo.run import Stage, run_demo, run_story
from devstack.settings import State
from devstack.stack import Stack

SETUP_STARTED = "RAPPORT_SETUP_STARTED"
"""When `make demo` was typed, in seconds since 1970: everything before the demo is set-up."""

PROBE = "CUSTOMER_360_URL"
ERP = principal_of_external("erp")


@click.command()
@click.option(
    "--once", is_flag=True, help="End with one line of JSON; exit 1 if a figure is wrong."
)
@click.option("--story", "story_only", is_flag=True, help="Play the story alone, no data set.")
def demo(*, once: bool, story_only: bool) -> None:
    """Run real customer history and one customer's story through the system."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what matters of it is raised
    console = report.console()
    stage = _stage(console)
    if story_only:
        asyncio.run(run_story(stage, console))
        return
    verdict = asyncio.run(run_demo(stage, console))
    if once:
        click.echo(verdict.as_json())
    if not verdict.is_right:
        sys.exit(1)
    if not once:
        _stay(console)


def _stay(console: Console) -> None:
    console.print("\nThe system keeps running. Ctrl-C leaves the demo, `make down` stops it all.")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        console.print("The system runs on; `make down` stops it.")


def _stage(console: Console) -> Stage:
    """The system of this folder; a variable of the environment points elsewhere."""
    state = State.of_environment()
    values = {**settings_file.load(state), **os.environ}
    if values.get("RAPPORT_JWT_ALGORITHM", "HS256") != "HS256":
        raise DemoError("The demo signs its own tokens, which needs RAPPORT_JWT_ALGORITHM=HS256.")
    stack = Stack(state, settings_file.kept(state), console)
    if not stack.supervisor.is_running() and PROBE not in os.environ:
        raise DemoError(f"Nothing runs here: `make up`, or set {PROBE} and the other addresses.")
    return Stage(
        addresses=Addresses.of_environment(values),
        kafka=settings_file.kafka_of(values),
        erp=settings_file.kafka_of(values, ERP),
        jwt_key=values["RAPPORT_JWT_KEY"],
        broker=_broker(stack, values),
        seconds_setup=_seconds_of_setup(values),
    )


def _broker(stack: Stack, values: Mapping[str, str]) -> str:
    if PROBE in os.environ:
        return f"Kafka at {values['KAFKA_BOOTSTRAP_SERVERS']}"
    broker = stack.broker_version
    return f"{broker.name} {broker.version}"


def _seconds_of_setup(values: Mapping[str, str]) -> float:
    started = values.get(SETUP_STARTED)
    return time.time() - float(started) if started else 0.0
