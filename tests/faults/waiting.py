"""Waiting for a condition with a deadline."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class NeverError(Exception):
    """What a test waited for did not come."""


async def eventually(
    look: Callable[[], Awaitable[T | None]], what: str, seconds: float, every: float = 0.1
) -> T:
    """Look until there is something to see."""
    deadline = time.monotonic() + seconds
    while not (seen := await look()):
        if time.monotonic() > deadline:
            raise NeverError(f"not within {seconds:.0f} s: {what}")
        await asyncio.sleep(every)
    return seen
