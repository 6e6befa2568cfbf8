"""Events over HTTP from the services as they run: many readers, and a service that stops."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager

import httpx
from devstack.demo.doors import Doors
from devstack.demo.story.cast import Cast
from devstack.stack import Stack

from tests.flows.steps import open_deal
from tests.sse import Frame, events, streaming

READERS = 50
OPENED = "crm.pipeline.deal.opened.v1"


@asynccontextmanager
async def _listening(doors: Doors, cursor: str, types: str) -> AsyncIterator[AsyncIterator[Frame]]:
    token = doors.caller("reader", "reader").token
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx.AsyncClient(base_url=doors.addresses.services["pipeline"]) as client,
        streaming(client, headers, after=cursor, types=types) as stream,
        aclosing(stream),
    ):
        yield stream


async def _customer(cast: Cast) -> str:
    customer = {"kind": "organization", "display_name": "Heard of"}
    answer = await cast.sales.post("contacts", "/v1/customers", customer)
    return str(answer["customer_id"])


def _deals(frames: list[Frame]) -> Iterator[str]:
    return (frame.data["subject"] for frame in frames if frame.data)


async def test_fifty_readers_are_told_everything_and_the_service_goes_on(
    cast: Cast, doors: Doors
) -> None:
    customer_id = await _customer(cast)
    started = asyncio.Event()
    listening = 0

    async def listen() -> list[str]:
        nonlocal listening
        async with _listening(doors, "end", OPENED) as stream:
            listening += 1
            if listening == READERS:
                started.set()
            return list(_deals(await events(stream, 20)))

    async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
        readers = [tasks.create_task(listen()) for _ in range(READERS)]
        await started.wait()
        opened = [await open_deal(cast, customer_id, f"Deal {number}") for number in range(20)]
    for reader in readers:
        assert sorted(reader.result()) == sorted(opened)


async def test_a_service_that_stops_ends_its_streams_and_they_go_on(
    cast: Cast, doors: Doors, system: Stack
) -> None:
    customer_id = await _customer(cast)
    async with _listening(doors, "end", OPENED) as stream:
        first = await open_deal(cast, customer_id, "Before")
        [frame] = await events(stream, 1)
        os.kill(system.supervisor.processes()["pipeline"].pid, signal.SIGTERM)
        async with asyncio.timeout(30):
            rest = [each async for each in stream if each.data]  # it ends, and does not break
    assert (list(_deals([frame])), rest) == ([first], [])
    assert frame.id is not None
    system.await_ready(["pipeline"])
    second = await open_deal(cast, customer_id, "After")
    async with _listening(doors, frame.id, OPENED) as stream, asyncio.timeout(60):
        assert list(_deals(await events(stream, 1))) == [second]
