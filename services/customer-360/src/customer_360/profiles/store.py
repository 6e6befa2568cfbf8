"""The profiles: which version each customer's view has, and which of them wait to be published."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from operator import attrgetter
from uuid import UUID

from shared.db import Connection

# A change counter, no figure: a redelivery that changes no row does not get here.
TOUCH = """
INSERT INTO profiles (customer_id, profile_version, dirty_since)
SELECT customer_id, 1, now() FROM {touched} AS touched (customer_id)
ON CONFLICT (customer_id) DO UPDATE SET
    profile_version = profiles.profile_version + 1,
    dirty_since = coalesce(profiles.dirty_since, excluded.dirty_since)
"""

_TOUCH_THESE = TOUCH.format(touched="unnest($1::uuid[])")

_LOCK_DIRTY = """
SELECT customer_id, profile_version, published_digest
FROM profiles
WHERE dirty_since <= now() - make_interval(secs => $1)
ORDER BY dirty_since
LIMIT $2
FOR UPDATE SKIP LOCKED
"""

_LOCK_THESE = """
SELECT customer_id, profile_version, published_digest, published_version
FROM profiles WHERE customer_id = ANY($1::uuid[]) AND published_version IS NOT NULL
ORDER BY customer_id
FOR UPDATE
"""

_RAISE = """
UPDATE profiles SET profile_version = raised.version
FROM unnest($1::uuid[], $2::bigint[]) AS raised (customer_id, version)
WHERE profiles.customer_id = raised.customer_id AND profiles.profile_version < raised.version
"""

_SAVE_PUBLISHED = """
UPDATE profiles SET dirty_since = CASE WHEN $4 THEN profiles.dirty_since END,
    published_digest = published.digest,
    published_version = coalesce(published.version, profiles.published_version)
FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS published (customer_id, digest, version)
WHERE profiles.customer_id = published.customer_id
"""

_VERSIONS = """
SELECT customer_id, profile_version FROM profiles WHERE customer_id = ANY($1::uuid[])
"""


@dataclass(frozen=True, slots=True)
class DirtyProfile:
    """A profile whose published state may be old."""

    customer_id: UUID
    profile_version: int
    published_digest: str | None


@dataclass(frozen=True, slots=True)
class Published:
    """What was published of a profile; `version` is None where nothing had to be."""

    customer_id: UUID
    digest: str
    version: int | None


async def touch(connection: Connection, customer_ids: Collection[UUID]) -> None:
    """Raise the version of these profiles and let their state be published."""
    if customer_ids:
        await connection.execute(_TOUCH_THESE, sorted(customer_ids, key=attrgetter("int")))


async def lock_dirty(connection: Connection, limit: int, settled_for: float) -> list[DirtyProfile]:
    """Take profiles that have been dirty for a while and that no other process works on."""
    records = await connection.fetch(_LOCK_DIRTY, settled_for, limit)
    return [DirtyProfile(*record) for record in records]


async def lock_published(
    connection: Connection, customer_ids: Collection[UUID]
) -> dict[DirtyProfile, int]:
    """Lock those of these profiles that were published before, with the version that they had."""
    records = await connection.fetch(_LOCK_THESE, list(customer_ids))
    return {DirtyProfile(*record[:3]): record["published_version"] for record in records}


async def save_published(
    connection: Connection, published: Sequence[Published], *, stay_dirty: bool = False
) -> None:
    """Remember what was published, and that it is up to date, unless the job is to look too."""
    await connection.execute(
        _SAVE_PUBLISHED,
        [one.customer_id for one in published],
        [one.digest for one in published],
        [one.version for one in published],
        stay_dirty,
    )


async def raise_versions(connection: Connection, published: Sequence[Published]) -> None:
    """Let no profile stand below the version that was published of it."""
    await connection.execute(
        _RAISE,
        [one.customer_id for one in published],
        [one.version for one in published],
    )


async def load_versions(connection: Connection, customer_ids: Collection[UUID]) -> dict[UUID, int]:
    """The profile versions of these customers, where they are known."""
    rows = await connection.fetch(_VERSIONS, list(customer_ids))
    return {row["customer_id"]: row["profile_version"] for row in rows}
