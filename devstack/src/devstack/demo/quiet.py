"""Quiet: nothing waits in any outbox or before any consumer, so every reaction has happened."""

import time

from devstack.demo.accounts import GROUPS, Account, Accountant
from devstack.demo.doors import Doors, eventually
from devstack.demo.gauges import consumers, outboxes_pending

SECONDS = 180.0


async def quiet(doors: Doors, accountant: Accountant, seconds: float = SECONDS) -> Account:
    """Wait until the system is at rest, and give Kafka's account of that moment.

    Two accounts with nothing waiting and equal ends, and empty outboxes between them: a reaction
    that was under way would show in one of the three.
    """

    async def look() -> Account | None:
        before = await accountant.account(seconds=deadline - time.monotonic())
        if not _all_applied(before, names) or await outboxes_pending(doors):
            return None
        after = await accountant.account(seconds=deadline - time.monotonic())
        return after if _all_applied(after, names) and after.ends == before.ends else None

    deadline = time.monotonic() + seconds
    names = {f"{GROUPS}{name}" for name in await consumers(doors)}
    return await eventually(look, "the system comes to rest", seconds)


def _all_applied(account: Account, names: set[str]) -> bool:
    return account.lag == 0 and names <= account.groups.keys()
