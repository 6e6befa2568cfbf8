"""Nudging: one deal of pipeline that is changed again and again, with little patience.

Its journey does not wait for anybody else's: it tells within two seconds when pipeline is back, and
its versions run on while a process of pipeline holds some of them back.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from devstack.demo.story.cast import in_days

from tests.faults import journeys_of_customers as customers
from tests.faults import journeys_of_service as service
from tests.faults.load import Load
from tests.faults.travelling import DEAL, Journey, Traveller

SHORT_TIMEOUT = 2.0
NEIGHBOURS: tuple[Journey, ...] = (
    customers.meet,
    customers.edit,
    customers.change_mind,
    service.complain,
    service.answer,
)
"""Journeys that do not touch pipeline."""


@asynccontextmanager
async def nudging(load: Load, deals: int = 1) -> AsyncGenerator[None]:
    """Nudge some deals beside the block."""
    over = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for number in range(deals):
            t = load.traveller(f"{load.seed}-nudge-{number}-{load.dice.random()}")
            tasks.create_task(_nudge(t, over))
        try:
            yield
        finally:
            over.set()


@asynccontextmanager
async def neighbours(load: Load) -> AsyncGenerator[None]:
    """Let people go on with the other services, whatever becomes of those at pipeline's door."""
    over = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for journey in NEIGHBOURS:
            t = load.traveller(f"{load.seed}-{journey.__name__}-{load.dice.random()}")
            tasks.create_task(_repeat(t, journey, over))
        try:
            yield
        finally:
            over.set()


async def _nudge(t: Traveller, over: asyncio.Event) -> None:
    body = {
        "customer_id": t.dice.choice(t.world.parties).customer_id,
        "name": f"Nudged {t.word()}",
        "amount": "1.00",
        "currency": "EUR",
        "expected_close_date": in_days(20).isoformat(),
    }
    deal = await t.client.command("open-deal", "pipeline/v1/deals", body, promises=DEAL)
    assert deal is not None
    path = f"pipeline/v1/deals/{deal['deal_id']}/amount"
    while not over.is_set():
        amount = {"amount": f"{t.dice.randint(1, 999999)}.00"}
        await t.client.send("nudge", "POST", path, DEAL, json=amount, timeout=SHORT_TIMEOUT)
        await asyncio.sleep(0)


async def _repeat(t: Traveller, journey: Journey, over: asyncio.Event) -> None:
    while not over.is_set():
        await journey(t)
        await asyncio.sleep(0)
