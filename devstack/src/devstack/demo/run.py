"""The demo from its first to its last step, on a system that is up."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import httpx
from rich.console import Console
from shared.auth import ROLES
from shared.contracts.external import ERP_ORDERS
from shared.settings import KafkaSettings

from devstack.demo import report
from devstack.demo.accounts import Account, Accountant
from devstack.demo.customers import Imported, import_customers
from devstack.demo.doors import Addresses, Doors
from devstack.demo.gauges import parked_records
from devstack.demo.orders import publish_orders
from devstack.demo.parity import compare
from devstack.demo.purchases import Purchase, histories, read_purchases
from devstack.demo.quiet import quiet
from devstack.demo.report import Rates
from devstack.demo.story.cast import JOINERY, Cast, Customer
from devstack.demo.story.play import Story, play, play_on, timeline, untold
from devstack.demo.verdict import Verdict, faults_of
from devstack.demo.watch import Watch

TIMEOUT = httpx.Timeout(60.0, connect=5.0)


@dataclass(frozen=True)
class Stage:
    """The system that the demo runs on."""

    addresses: Addresses
    kafka: KafkaSettings
    erp: KafkaSettings
    jwt_key: str
    broker: str
    seconds_setup: float


@dataclass(frozen=True)
class _Run:
    stage: Stage
    doors: Doors
    accountant: Accountant
    console: Console

    async def rest(self) -> Account:
        return await quiet(self.doors, self.accountant)


async def run_demo(stage: Stage, console: Console) -> Verdict:
    """Run every step and judge the outcome; raises `DemoError` where it cannot go on."""
    started = time.monotonic()
    accountant = Accountant(stage.kafka)
    async with httpx.AsyncClient(timeout=TIMEOUT) as http:
        run = _Run(stage, Doors(http, stage.addresses, stage.jwt_key), accountant, console)
        try:
            return await _steps(run, started)
        finally:
            await accountant.close()


async def run_story(stage: Stage, console: Console) -> None:
    """Play the story alone, and show its timeline."""
    accountant = Accountant(stage.kafka)
    async with httpx.AsyncClient(timeout=TIMEOUT) as http:
        run = _Run(stage, Doors(http, stage.addresses, stage.jwt_key), accountant, console)
        try:
            await _tell(run)
        finally:
            await accountant.close()


async def _steps(run: _Run, started: float) -> Verdict:
    purchases = read_purchases()
    imported = await _import(run, purchases)
    rates = await _run_through(run, purchases)
    missing = await _tell(run)
    account = await run.rest()
    reader = run.doors.caller("demo", "reader")
    parity = await compare(reader, histories(purchases))
    parked = await parked_records(run.doors.caller("demo", "admin"))
    verdict = Verdict(
        customers=parity.customers,
        orders=parity.orders,
        revenue=parity.revenue,
        events_published=account.published,
        events_applied=account.applied(),
        lag=account.lag,
        parked=parked,
        seconds_setup=run.stage.seconds_setup,
        seconds_demo=time.monotonic() - started,
        broker=run.stage.broker,
        faults=faults_of(account, parked, parity, purchases, missing),
    )
    report.print_figures(run.console, imported, rates, verdict)
    return verdict


async def _import(run: _Run, purchases: Sequence[Purchase]) -> Imported:
    refs = {purchase.customer_ref for purchase in purchases}
    importer = run.doors.caller("demo", "integration")
    with report.progress(run.console) as bars:
        bar = bars.add_task("customers imported", total=len(refs))
        return await import_customers(
            run.doors, importer, refs, lambda done: bars.update(bar, completed=done)
        )


async def _run_through(run: _Run, purchases: Sequence[Purchase]) -> Rates:
    """Publish the orders and watch them arrive, until all is at rest."""
    before = await run.rest()
    with report.progress(run.console) as bars:
        published = bars.add_task("orders published by the ERP", total=len(purchases))
        mirrored = bars.add_task("orders in pipeline", total=len(purchases))
        applied = bars.add_task("events in the 360", total=None)

        def show(now: Account) -> None:
            orders = now.applied_of(ERP_ORDERS.name) - before.applied_of(ERP_ORDERS.name)
            events = now.applied("customer-360") - before.applied("customer-360")
            bars.update(mirrored, completed=orders)
            bars.update(applied, completed=events, total=events + now.waiting("customer-360"))

        watch = Watch(run.accountant, show)
        watching = asyncio.create_task(watch.run())
        started = time.monotonic()
        try:
            await publish_orders(
                run.stage.erp, purchases, lambda more: bars.advance(published, more)
            )
            last_input = time.monotonic()
            show(await run.rest())
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
    return Rates.of(watch, len(purchases), started, last_input)


async def _tell(run: _Run) -> list[str]:
    """Play both chapters; show the first's timeline, and answer what the 360 lacks of it."""
    run.console.print("\n[bold]The story of one customer[/]")
    cast = Cast(run.doors, Customer(), run.rest, report.teller(run.console))
    story: Story = await play(cast)
    run.console.print("\n[bold]Another customer, handed over, and a person forgotten[/]")
    await play_on(Cast(run.doors, JOINERY, run.rest, report.teller(run.console)))
    await run.rest()
    reader = run.doors.caller("demo", "reader")
    items = await timeline(reader, story.customer_id)
    report.print_timeline(run.console, items)
    page = run.stage.addresses.services["customer-360"]
    token = run.doors.caller("demo", *ROLES[:3]).token
    report.print_where_to_look(run.console, page, str(token), story.customer_id)
    return untold(items)
