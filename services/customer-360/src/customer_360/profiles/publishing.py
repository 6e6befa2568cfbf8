"""Publishes the state of profiles that changed, debounced, and only where a figure differs.

A profile that changed may also suggest another grade to contacts: that goes out with it.

While full batches arrive, a state waits longer: it would soon be old again, and the facts come
first.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from shared.cause import Cause
from shared.contracts.customer_360 import ProfileState
from shared.db import Connection, Pool, transaction
from shared.failpoints import Failpoint
from shared.ids import new_id
from shared.messaging import outbox
from shared.messaging.outbox import Fact
from shared.runtime import Job
from shared.telemetry import new_trace

from customer_360.grades.suggesting import suggest
from customer_360.profiles import store
from customer_360.profiles.figures import figures_of
from customer_360.profiles.loading import hold_projection, load_bases, load_yardstick
from customer_360.profiles.pressure import Pressure
from customer_360.profiles.store import DirtyProfile, Published

BATCH = 500
EVERY_SECONDS = 0.5
SETTLED_SECONDS = 2.0
SETTLED_UNDER_PRESSURE_SECONDS = 20.0

_BEFORE_COMMIT = Failpoint("profiles.before-commit")


@dataclass(frozen=True, slots=True)
class Publishing:
    """The job that publishes; it gives way to a flood of facts."""

    pressure: Pressure

    async def work(self, pool: Pool) -> None:
        """Publish all that is due; each batch is one transaction."""
        is_full = True
        while is_full:
            high = self.pressure.is_high
            settled_for = SETTLED_UNDER_PRESSURE_SECONDS if high else SETTLED_SECONDS
            async with transaction(pool) as connection:
                is_full = await publish_due(connection, settled_for) == BATCH

    def job(self) -> Job:
        """The work, again and again."""
        return Job("publish-profiles", self.work, EVERY_SECONDS)


async def publish_due(connection: Connection, settled_for: float) -> int:
    """Publish one batch of profiles that changed so many seconds ago; answers how many."""
    await hold_projection(connection)
    dirty = {
        profile.customer_id: profile
        for profile in await store.lock_dirty(connection, BATCH, settled_for)
    }
    if not dirty:
        return 0
    bases = await load_bases(connection, dirty.keys())
    yardstick = await load_yardstick(connection)
    states = [figures_of(basis, yardstick) for basis in bases.values()]
    published = [_published(dirty[state.customer_id], state) for state in states]
    await store.save_published(connection, published)
    facts = [
        Fact(state, one.version)
        for state, one in zip(states, published, strict=True)
        if one.version is not None
    ]
    cause = _cause()
    facts += await suggest(connection, bases.values(), cause.at)
    await outbox.append(connection, cause, facts)
    _BEFORE_COMMIT.reach()
    return len(dirty)


async def lock_snapshots(connection: Connection, customer_ids: Sequence[UUID]) -> list[Fact]:
    """The published profiles among these, locked, with their versions.

    Figures that differ from what was published (facts wait to be published, or time went by) are
    another state: it gets a version that is higher. The job still looks at those that wait: it
    finds nothing to publish, but maybe a grade to suggest.
    """
    await hold_projection(connection)
    locked = await store.lock_published(connection, customer_ids)
    bases = await load_bases(connection, [profile.customer_id for profile in locked])
    yardstick = await load_yardstick(connection)
    facts: list[Fact] = []
    changed: list[Published] = []
    for profile, known_version in locked.items():
        state = figures_of(bases[profile.customer_id], yardstick)
        published = _published(profile, state)
        version = known_version
        if published.version is not None:
            version = max(published.version, known_version + 1)
            changed.append(replace(published, version=version))
        facts.append(Fact(state, version))
    await store.raise_versions(connection, changed)
    await store.save_published(connection, changed, stay_dirty=True)
    return facts


def _published(profile: DirtyProfile, state: ProfileState) -> Published:
    digest = hashlib.sha256(state.model_dump_json().encode()).hexdigest()
    differs = digest != profile.published_digest
    return Published(profile.customer_id, digest, profile.profile_version if differs else None)


def _cause() -> Cause:
    return Cause(
        actor="service:customer-360",
        at=datetime.now(UTC),
        correlation_id=str(new_id()),
        trace=new_trace(),
    )
