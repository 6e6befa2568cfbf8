"""Quiet: nothing waits in any outbox or before any consumer, so every reaction has happened."""

import asyncio
import time
from dataclasses import dataclass, field

from devstack.demo.accounts import GROUPS, Account, Accountant
from devstack.demo.doors import LONGEST_LOOK, SHORTEST_LOOK, Doors
from devstack.demo.errors import NeverError
from devstack.demo.gauges import consumers, outboxes_pending

PATIENCE = 90.0
"""Seconds without any progress after which the system counts as stuck."""


@dataclass
class _Progress:
    """When anything was last seen to move."""

    seen: object = None
    at: float = field(default_factory=time.monotonic)

    def note(self, now: object) -> None:
        if now != self.seen:
            self.seen, self.at = now, time.monotonic()
        elif time.monotonic() - self.at > PATIENCE:
            raise NeverError("the system comes to rest", PATIENCE, f"{now} and no progress")


async def quiet(doors: Doors, accountant: Accountant) -> Account:
    """Wait until the system is at rest, and give Kafka's account of that moment.

    Two accounts with nothing waiting and equal ends, and empty outboxes between them: a reaction
    that was under way would show in one of the three. Raises `NeverError` when nothing moves.
    """
    names = {f"{GROUPS}{name}" for name in await consumers(doors)}
    progress = _Progress()
    pause = SHORTEST_LOOK
    while True:
        before = await accountant.account()
        missing = names - before.groups.keys()
        unpublished = 0 if before.lag or missing else await outboxes_pending(doors)
        if not before.lag and not missing and not unpublished:
            after = await accountant.account()
            if after.lag == 0 and after.ends == before.ends:
                return after
        progress.note((before.lag, before.published, unpublished, sorted(missing)))
        await asyncio.sleep(pause)
        pause = min(pause * 1.3, LONGEST_LOOK)
