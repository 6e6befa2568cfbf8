"""Publishes the state of profiles that changed, debounced, and only where a figure differs."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import starmap

from shared.cause import Cause
from shared.contracts.customer_360 import ProfileState
from shared.db import Connection, Pool, transaction
from shared.ids import new_id
from shared.messaging import outbox
from shared.messaging.outbox import Fact
from shared.runtime import Job
from shared.telemetry import new_trace

from customer_360.profiles import store
from customer_360.profiles.figures import figures_of
from customer_360.profiles.loading import load_bases, load_yardstick
from customer_360.profiles.store import DirtyProfile, Published

BATCH = 500
EVERY_SECONDS = 0.5


async def publish_profiles(pool: Pool) -> None:
    """Publish all that is due; each batch is one transaction."""
    while await _publish_batch(pool) == BATCH:
        pass


async def _publish_batch(pool: Pool) -> int:
    async with transaction(pool) as connection:
        dirty = await store.lock_dirty(connection, BATCH)
        if dirty:
            await _publish(connection, dirty)
        return len(dirty)


async def _publish(connection: Connection, dirty: Iterable[DirtyProfile]) -> None:
    profiles = {profile.customer_id: profile for profile in dirty}
    bases = await load_bases(connection, profiles.keys())
    yardstick = await load_yardstick(connection)
    states = [figures_of(basis, yardstick) for basis in bases.values()]
    pairs = [(profiles[state.customer_id], state) for state in states]
    await store.save_published(connection, list(starmap(_noted, pairs)))
    await outbox.append(
        connection,
        _cause(),
        [
            Fact(state, profile.profile_version)
            for profile, state in pairs
            if _differs(profile, state)
        ],
    )


def _differs(profile: DirtyProfile, state: ProfileState) -> bool:
    return profile.published_figures != state.model_dump_json()


def _noted(profile: DirtyProfile, state: ProfileState) -> Published:
    version = profile.profile_version if _differs(profile, state) else None
    return Published(profile.customer_id, state.model_dump_json(), version)


def _cause() -> Cause:
    return Cause(
        actor="service:customer-360",
        at=datetime.now(UTC),
        correlation_id=str(new_id()),
        trace=new_trace(),
    )


JOB = Job("publish-profiles", publish_profiles, EVERY_SECONDS)
