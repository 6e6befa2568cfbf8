"""Waiting for a condition with a deadline."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any


async def until(condition: Callable[[], Awaitable[Any]], within: float = 30) -> Any:
    """The condition's answer, as soon as it is a yes."""
    async with asyncio.timeout(within):
        while not (answer := await condition()):
            await asyncio.sleep(0.02)
    return answer
