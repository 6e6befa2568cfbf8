"""What is done by the clock: talks that no policy asks for any more are forgotten."""

from datetime import UTC, datetime, timedelta

from shared.db import Pool

from campaigns.obstacles import store

KEPT = timedelta(days=31)
"""Longer than any policy may ask for."""

_AT_ONCE = 5000


async def forget_talks(pool: Pool) -> bool:
    """The job: delete them, some at a time."""
    before = datetime.now(UTC) - KEPT
    was_busy = False
    while await store.forget_talks(pool, before, _AT_ONCE):
        was_busy = True
    return was_busy
