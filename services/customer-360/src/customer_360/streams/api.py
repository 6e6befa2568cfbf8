"""Server-sent events: `updated` with the new profile version, whenever a customer changed."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from uuid import UUID

from fastapi import APIRouter, Request
from shared.auth import Reader
from sse_starlette import EventSourceResponse, ServerSentEvent

from customer_360.streams.watching import Watching

router = APIRouter(prefix="/v1/customers", tags=["streams"])

HEARTBEAT_SECONDS = 15
LONGEST_SECONDS = 900.0
"""A stream ends after this long and the client asks again, so that no token outlives its end."""


@router.get("/{customer_id}/stream", response_class=EventSourceResponse)
async def stream_customer(
    caller: Reader, request: Request, customer_id: UUID
) -> EventSourceResponse:
    """A stream of `updated` events `{"customer_id", "profile_version"}`; the first at once."""
    del caller
    watching: Watching = request.app.state.watching
    return EventSourceResponse(
        _updates(watching, customer_id),
        ping=HEARTBEAT_SECONDS,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _updates(watching: Watching, customer_id: UUID) -> AsyncGenerator[ServerSentEvent]:
    ends_at = time.monotonic() + LONGEST_SECONDS
    with watching.watch(customer_id) as watcher:
        while (left := ends_at - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    await watcher.changed.wait()
            except TimeoutError:
                return
            watcher.changed.clear()
            yield ServerSentEvent(
                event="updated",
                data=json.dumps(
                    {"customer_id": str(customer_id), "profile_version": watcher.version}
                ),
            )
