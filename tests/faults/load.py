"""The load: travellers who make journeys at a given rate, the same ones for the same seed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from random import Random

import httpx
from devstack.services import CORE
from shared.contracts.rights import principal_of_external

from tests.faults import journeys_of_customers as customers
from tests.faults import journeys_of_files as files
from tests.faults import journeys_of_service as service
from tests.faults.client import TIMEOUT, Client, LoadError, Pace
from tests.faults.erp import Erp
from tests.faults.history import History, Promise
from tests.faults.hr import Hr
from tests.faults.journeys import JOURNEYS
from tests.faults.rig import Rig
from tests.faults.travelling import Traveller
from tests.faults.world import World

RATE = 200.0
TRAVELLERS = 32
STRANGERS = 8
PRIORITIES = ("urgent", "high", "normal", "low")


@dataclass
class Load:
    """One seed's load; it may stop and go on, and its world outlives each stop."""

    seed: int
    client: Client
    world: World
    erp: Erp
    hr: Hr
    dice: Random
    history: History
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    def traveller(self, name: str) -> Traveller:
        dice = Random(f"{self.seed}-{name}")
        return Traveller(name, self.client, self.world, dice, self.erp, self.hr)

    async def prepare(self) -> None:
        """Forms, service levels and the first customers."""
        t = self.traveller(f"{self.seed}-prepare")
        await _publish_promises(t)
        await _publish_forms(t)
        await asyncio.gather(*(customers.meet(t) for _ in range(10)))

    async def run(self, until: Callable[[], bool], seconds: float) -> None:
        """Travel until a condition holds and everybody is home, for so many seconds at most."""
        over = asyncio.Event()
        crowd = [self.traveller(f"{self.seed}-{n}-{self.dice.random()}") for n in range(TRAVELLERS)]
        async with asyncio.TaskGroup() as tasks:
            for traveller in crowd:
                tasks.create_task(_travel(traveller, over))
            try:
                async with asyncio.timeout(seconds):
                    while not until():
                        await asyncio.sleep(0.1)
            except TimeoutError:
                pass
            over.set()
        await self.settle()

    async def bring_file(self, rows: int = files.IMPORT_ROWS) -> None:
        await files.bring_file(self.traveller(f"{self.seed}-file-{self.dice.random()}"), rows)

    async def bring_people(self) -> None:
        await files.bring_people(self.traveller(f"{self.seed}-people-{self.dice.random()}"))

    async def settle(self) -> None:
        """Resolve what is open, but for the tickets whose promise is to be broken."""
        t = self.traveller(f"{self.seed}-settle")
        left = [ticket for ticket in self.world.tickets.values() if not ticket.is_left_alone]
        await asyncio.gather(*(service.resolve(t, ticket) for ticket in left))
        if self.history.open:
            raise LoadError(f"nothing is known of {self.history.open[:3]}")


async def _travel(traveller: Traveller, over: asyncio.Event) -> None:
    ways = [journey for journey, _ in JOURNEYS]
    weights = [weight for _, weight in JOURNEYS]
    while not over.is_set():
        [journey] = traveller.dice.choices(ways, weights)
        await journey(traveller)
        await asyncio.sleep(0)


async def _publish_promises(t: Traveller) -> None:
    """Two service levels of one minute: one that warns early and often, one that only breaks."""
    nothing: tuple[Promise, ...] = ()
    week = {str(day): [["00:00", "24:00"]] for day in range(7)}
    body = {"name": "Always", "timezone": "UTC", "weekly": week}
    calendar = await t.client.command(
        "publish-calendar", "service-desk/v1/calendars", body, promises=lambda *_: nothing
    )
    assert calendar is not None
    targets = {priority: {"first-response": 1, "resolution": 1} for priority in PRIORITIES}
    ids: list[str] = []
    for warnings in ([1, 2, 4, 7, 11, 16, 22, 30], []):
        level = {
            "name": "One minute",
            "calendar_id": calendar["calendar_id"],
            "targets": targets,
            "warn_percents": warnings,
        }
        policy = await t.client.command(
            "publish-policy", "service-desk/v1/sla-policies", level, promises=lambda *_: nothing
        )
        assert policy is not None
        ids.append(policy["policy_id"])
    t.world.quick_policy, t.world.patient_policy = ids


async def _publish_forms(t: Traveller) -> None:
    for kind in ("contact-request", "newsletter"):
        form = {
            "form_id": f"load-{t.word()}",
            "kind": kind,
            "title": "Ask us",
            "consents": [{"channel": "email", "purpose": "marketing", "label": "Yes."}],
            "product_interests": ["lighting"],
        }
        made = await t.client.command(
            "publish-form", "campaigns/v1/forms", form, promises=lambda *_: ()
        )
        assert made is not None
        t.world.forms.append(made["submit_url"])


@asynccontextmanager
async def loading(rig: Rig, seed: int, rate: float = RATE) -> AsyncIterator[Load]:
    """A load on the rig's first process of each service, ready to run."""
    history = History()
    async with AsyncExitStack() as stack:
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=TIMEOUT, limits=limits))
        strangers = [
            await stack.enter_async_context(_stranger(f"127.0.0.{20 + n}"))
            for n in range(STRANGERS)
        ]
        client = Client(
            urls={one.name: rig.process(one.name).url for one in CORE},
            jwt_key=rig.values["RAPPORT_JWT_KEY"],
            history=history,
            pace=Pace(rate),
            prefix=f"load-{seed}",
            http=http,
            strangers=strangers,
        )
        erp = Erp(rig.stack.kafka_settings(principal_of_external("erp")))
        hr = Hr(rig.stack.kafka_settings(principal_of_external("hr")))
        stack.push_async_callback(erp.close)
        stack.push_async_callback(hr.close)
        load = Load(seed, client, World(rig.stack.state.mail), erp, hr, Random(seed), history)
        await load.prepare()
        yield load


def _stranger(address: str) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(local_address=address)
    return httpx.AsyncClient(transport=transport, timeout=TIMEOUT)
