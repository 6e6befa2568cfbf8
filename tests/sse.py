"""Server-sent events as any client reads them."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx

Json = dict[str, Any]


class Frame(NamedTuple):
    """One event of a stream; without data it only moves the id."""

    id: str | None
    data: Json | None


async def frames(response: httpx.Response) -> AsyncIterator[Frame]:
    """The frames of a stream, as they come."""
    last: str | None = None
    data: Json | None = None
    async for line in response.aiter_lines():
        name, _, value = line.partition(": ")
        if name == "id":
            last = value
        elif name == "data":
            data = json.loads(value)
        elif not line:
            yield Frame(last, data)
            data = None


@asynccontextmanager
async def streaming(
    client: httpx.AsyncClient, headers: Mapping[str, str], **params: Any
) -> AsyncIterator[AsyncIterator[Frame]]:
    """Open the stream of events of the service that the client talks to."""
    async with client.stream(
        "GET", "/v1/events/stream", params=params, headers=dict(headers), timeout=60
    ) as response:
        assert response.status_code == 200, (await response.aread()).decode()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield frames(response)


async def events(found: AsyncIterator[Frame], count: int) -> list[Frame]:
    """The next frames that carry an event."""
    got: list[Frame] = []
    async for frame in found:
        if frame.data is not None:
            got.append(frame)
        if len(got) == count:
            break
    assert len(got) == count, f"the stream ended after {len(got)} of {count}"
    return got
