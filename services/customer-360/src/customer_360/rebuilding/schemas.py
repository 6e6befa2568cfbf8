"""The schemas of a rebuild: `projection_next` is built, `projection_previous` was replaced.

The live tables are always those of the schema `public`, under the names that every statement uses:
a switch moves tables between the schemas. What is no projection of the topics (outbox, positions,
profile versions, score models, what was discarded) stays where it is.
"""

import hashlib
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from shared.db import Connection
from shared.migrate import EVENT_PATH, Migration, migrations_of

from customer_360.handovers.store import OWNERSHIPS
from customer_360.merges.store import MERGES
from customer_360.profiles.versions import TABLES
from customer_360.rebuilding.errors import OtherVersionError

LIVE = "public"
NEXT = "projection_next"
PREVIOUS = "projection_previous"

GATE = "parked_keys"
"""Every consumer's transaction begins by locking rows of it: who holds it holds the consumers."""

MOVED_TABLES = (
    "order_horizon",
    GATE,
    "parked_events",
    *(table.name for table in TABLES),
    OWNERSHIPS.name,
    MERGES.name,
    "timeline",
)
MOVED_VIEWS = ("order_sums",)

State = Literal["none", "building", "switched"]


def url_of_next(url: str) -> str:
    """The database as the rebuild's consumers see it: `projection_next` and nothing else.

    Commits need not wait for the disk: a batch and its positions are lost together or not at all.
    """
    parts = urlsplit(url)
    seen = {"search_path": NEXT, "synchronous_commit": "off"}
    return parts._replace(query=urlencode({**dict(parse_qsl(parts.query)), **seen})).geturl()


async def state_of(connection: Connection) -> State:
    """Whether a projection is being built, or was switched to but not told to the profiles."""
    if await _exists(connection, f"{NEXT}.{GATE}"):
        return "building"
    return "switched" if await _exists(connection, f"{NEXT}.profiles") else "none"


async def is_kept(connection: Connection) -> bool:
    """Whether the projection before the last switch is still there."""
    return await _exists(connection, f"{PREVIOUS}.{GATE}")


async def _exists(connection: Connection, relation: str) -> bool:
    exists: bool = await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", relation)
    return exists


async def create_next(connection: Connection) -> None:
    """Make empty tables by the same migrations; what an earlier rebuild replaced is dropped."""
    migrations = _migrations()
    async with connection.transaction():
        await connection.execute(f"DROP SCHEMA IF EXISTS {PREVIOUS} CASCADE")
        await connection.execute(f"CREATE SCHEMA {NEXT}")
        await connection.execute(f"SET LOCAL search_path TO {NEXT}, {LIVE}")
        for migration in migrations:
            await connection.execute(migration.sql)
        await _share_erased_keys(connection)
        await connection.execute(f"COMMENT ON SCHEMA {NEXT} IS '{_digest(migrations)}'")


async def _share_erased_keys(connection: Connection) -> None:
    """What was erased is erased in every projection: a rebuild never brings anybody back."""
    await connection.execute(f"DROP TABLE {NEXT}.erased_keys")
    await connection.execute(
        f"CREATE VIEW {NEXT}.erased_keys AS SELECT topic, key, erased_at FROM {LIVE}.erased_keys"
    )


async def require_same_version(connection: Connection) -> None:
    """Refuse to go on with tables that other migrations made."""
    digest = await connection.fetchval(f"SELECT obj_description('{NEXT}'::regnamespace)")
    if digest != _digest(_migrations()):
        raise OtherVersionError(digest)


async def drop(connection: Connection, schema: str) -> None:
    """Drop what was built or replaced."""
    await connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


async def settle(connection: Connection) -> None:
    """Give the new tables their statistics and empty their indexes' pending lists."""
    for table in MOVED_TABLES:
        await connection.execute(f"VACUUM (ANALYZE) {NEXT}.{table}")


async def exchange(connection: Connection) -> None:
    """Put the rebuilt tables in the place of the live ones; the caller holds their locks."""
    await connection.execute(f"CREATE SCHEMA {PREVIOUS}")
    moves = ((LIVE, PREVIOUS), (NEXT, LIVE))
    for source, target in moves:
        for kind, names in (("TABLE", MOVED_TABLES), ("VIEW", MOVED_VIEWS)):
            for name in names:
                await connection.execute(f"ALTER {kind} {source}.{name} SET SCHEMA {target}")


def _migrations() -> list[Migration]:
    return [*migrations_of(EVENT_PATH), *migrations_of("customer_360")]


def _digest(migrations: list[Migration]) -> str:
    checksums = "".join(migration.checksum for migration in migrations)
    return hashlib.sha256(checksums.encode()).hexdigest()
