"""Forward-only migrations: numbered SQL files, each applied once, in order, in a transaction."""

import hashlib
from dataclasses import dataclass
from importlib import resources

import asyncpg

from shared.db import Connection

EVENT_PATH = "shared.messaging"

_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    package text NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (package, name)
)
"""


class MigrationChangedError(RuntimeError):
    """A migration that was applied has another text now; write a new one instead."""


@dataclass(frozen=True, slots=True)
class Migration:
    package: str
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations_of(package: str) -> list[Migration]:
    """The files of `<package>/migrations/`, by name."""
    folder = resources.files(package) / "migrations"
    return [
        Migration(package, file.name, file.read_text())
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".sql")
    ]


async def migrate(url: str, package: str) -> list[str]:
    """Bring a service database up to date; answers the names of what was applied.

    The event path's own tables come first. Two migrators at once take turns. No statement waits
    longer than 10 s for a lock: better to fail and be run again than to stop the service.
    """
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('rapport.migrate'))")
            await connection.execute("SET LOCAL lock_timeout = '10s'")
            await connection.execute(_LEDGER)
            return [
                migration.name
                for migration in (*migrations_of(EVENT_PATH), *migrations_of(package))
                if await _apply(connection, migration)
            ]
    finally:
        await connection.close()


async def _apply(connection: Connection, migration: Migration) -> bool:
    known = await connection.fetchval(
        "SELECT checksum FROM schema_migrations WHERE package = $1 AND name = $2",
        migration.package,
        migration.name,
    )
    if known == migration.checksum:
        return False
    if known is not None:
        raise MigrationChangedError(f"{migration.package}/{migration.name}")
    await connection.execute(migration.sql)
    await connection.execute(
        "INSERT INTO schema_migrations (package, name, checksum) VALUES ($1, $2, $3)",
        migration.package,
        migration.name,
        migration.checksum,
    )
    return True
