"""Tells open streams that a profile changed: one query for all of them, again and again.

What the database says is the only source, so it does not matter which process applied the facts,
and nobody is told of a change before it is committed.
"""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from shared.db import Pool
from shared.runtime import Job

from customer_360.profiles.store import load_versions

EVERY_SECONDS = 0.15


@dataclass(eq=False)
class Watcher:
    """One stream: the customer it watches and the newest version it knows of."""

    customer_id: UUID
    version: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, version: int) -> None:
        """Wake the stream where the version is news."""
        if version != self.version:
            self.version = version
            self.changed.set()


@dataclass(eq=False)
class Watching:
    """All streams of this process."""

    watchers: set[Watcher] = field(default_factory=set[Watcher])

    @contextmanager
    def watch(self, customer_id: UUID) -> Generator[Watcher]:
        """Watch a customer while the block runs."""
        watcher = Watcher(customer_id)
        self.watchers.add(watcher)
        try:
            yield watcher
        finally:
            self.watchers.discard(watcher)

    async def look(self, pool: Pool) -> None:
        """Look once after every customer that is watched."""
        if not self.watchers:
            return
        async with pool.acquire() as connection:
            versions = await load_versions(connection, {one.customer_id for one in self.watchers})
        for watcher in self.watchers:
            watcher.tell(versions.get(watcher.customer_id, 0))

    def job(self) -> Job:
        """The look, again and again."""
        return Job("watch-profiles", self.look, EVERY_SECONDS)
