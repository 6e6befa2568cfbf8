"""The stream, over a real socket: it says at once that something changed."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx

from tests.integration.customer_360.conftest import Customer360, token
from tests.unit.customer_360.histories.story import Story

STORY = Story()


async def _next_update(lines: AsyncIterator[str]) -> Any:
    async with asyncio.timeout(10):
        async for line in lines:
            if line.startswith("data:"):
                return json.loads(line.removeprefix("data:"))
    raise AssertionError("the stream ended")


async def test_a_stream_tells_of_every_change(service: Customer360, address: str) -> None:
    await service.happens(STORY.customer_state())
    headers = {"Authorization": f"Bearer {token('reader')}"}
    async with (
        httpx.AsyncClient(base_url=address, headers=headers) as client,
        client.stream("GET", f"/v1/customers/{STORY.customer}/stream") as response,
    ):
        lines = response.aiter_lines()
        first = await _next_update(lines)
        await service.happens(STORY.deal_opened())
        second = await _next_update(lines)

    assert response.headers["content-type"].startswith("text/event-stream")
    assert first["customer_id"] == str(STORY.customer)
    assert second["profile_version"] > first["profile_version"]
