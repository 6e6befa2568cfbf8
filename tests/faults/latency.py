"""How long a customer takes to be seen in the 360, with poison on the same topic or without."""

import asyncio
import time
from statistics import quantiles

import httpx
from shared.contracts.contacts import CustomerState
from shared.ids import new_id

from tests.faults.neighbours import make_customer
from tests.faults.poison import PATIENCE
from tests.faults.poisoning import Poisoner, sound_headers
from tests.faults.rig import Rig
from tests.faults.waiting import eventually

PROBES_AT_ONCE = 2
DOSES_PER_SECOND = 10


async def p99_of_a_round(
    http: httpx.AsyncClient, rig: Rig, samples: int, poisoner: Poisoner | None
) -> float:
    """The p99 of some samples, with poison flowing to the same topics or without."""
    latencies = list[float]()
    enough = asyncio.Event()

    async def probe() -> None:
        while len(latencies) < samples:
            latencies.append(await _seconds_to_be_seen(http, rig))

    async with asyncio.TaskGroup() as tasks:
        if poisoner:
            tasks.create_task(_flow(poisoner, enough))
        await asyncio.gather(*(probe() for _ in range(PROBES_AT_ONCE)))
        enough.set()
    return quantiles(latencies, n=100)[98]


async def _flow(poisoner: Poisoner, enough: asyncio.Event) -> None:
    """Poison for the very consumer that is looked at, on new keys of all partitions.

    It is told to end, not cancelled: a record on its way would be on the topic and nobody's dose.
    """
    while not enough.is_set():
        key = str(new_id())
        headers = sound_headers(CustomerState, key)
        await poisoner.put(CustomerState.topic.name, key.encode(), b"{", headers)
        await asyncio.sleep(1 / DOSES_PER_SECOND)


async def _seconds_to_be_seen(http: httpx.AsyncClient, rig: Rig) -> float:
    customer_id = await make_customer(http, rig)
    started = time.monotonic()
    url = f"{rig.process('customer-360').url}/v1/customers/{customer_id}"

    async def is_seen() -> bool:
        return (await http.get(url, params={"min_version": f"{customer_id}:1"})).is_success

    await eventually(is_seen, f"{customer_id} is seen", PATIENCE, every=0.002)
    return time.monotonic() - started
