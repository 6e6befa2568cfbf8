"""Databases for tests: a migrated one per service, copied on demand, emptied and lent again.

A copy costs PostgreSQL hundreds of files; emptying one costs those of the tables that a test wrote.
One whose schema a test changed, or to which somebody is still connected, is dropped.
"""

import asyncio
import io
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import asyncpg
from shared.migrate import migrate

Connection: TypeAlias = Any
"""asyncpg's, untyped: what it answers are rows of catalogues."""

SECONDS_TO_LEAVE = 0.5

_TABLES = """
SELECT quote_ident(n.nspname) AS schema, quote_ident(c.relname) AS name
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.oid >= 16384 AND n.nspname !~ '^pg_'
ORDER BY 1, 2
"""
_OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_SEQUENCES = """
SELECT format('%I.%I', schemaname, sequencename) AS name, last_value, start_value FROM pg_sequences
ORDER BY 1
"""
_SCHEMA = """
SELECT md5(string_agg(line, E'\\n' ORDER BY line)) FROM (
    SELECT format('%s %s %s %s %s', c.oid, c.relname, c.relnamespace, c.relkind, c.reloptions)
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.oid >= 16384 AND n.nspname !~ '^pg_t'
    UNION ALL
    SELECT format('%s %s', oid, nspname) FROM pg_namespace WHERE nspname !~ '^pg_t'
    UNION ALL
    SELECT format('%s %s %s', attrelid, attnum, row(attname, atttypid, attnotnull, attisdropped))
    FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE attrelid >= 16384 AND n.nspname !~ '^pg_t'
    UNION ALL SELECT format('%s %s %s', oid, conname, convalidated) FROM pg_constraint
    UNION ALL SELECT format('%s %s %s', oid, tgname, tgenabled) FROM pg_trigger
    UNION ALL SELECT format('%s %s', oid, md5(prosrc)) FROM pg_proc WHERE oid >= 16384
    UNION ALL SELECT format('%s %s', oid, ev_class) FROM pg_rewrite WHERE oid >= 16384
    UNION ALL SELECT format('%s %s', setdatabase, setconfig) FROM pg_db_role_setting
) AS seen (line)
"""


@dataclass(frozen=True)
class Template:
    """A migrated database, what its schema is, and what migrations put into its tables."""

    url: str
    schema: str
    tables: tuple[str, ...]
    sequences: dict[str, tuple[int | None, int]]
    seeds: dict[str, bytes]


@dataclass(frozen=True)
class Databases:
    """Lends databases; `admin_url` may create them. `drop_all` at the end."""

    admin_url: str
    suffix: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    templates: dict[str, Template] = field(default_factory=dict[str, Template])
    idle: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    package_of: dict[str, str] = field(default_factory=dict[str, str])
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def take(self, package: str) -> str:
        """The URL of a database as the package's migrations make it."""
        async with self.turn:
            if package not in self.templates:
                self.templates[package] = await self._make(package)
            if self.idle[package]:
                return self.idle[package].pop()
            url = self._url_of(f"{package}_{uuid.uuid4().hex[:12]}")
            template = _name_of(self.templates[package].url)
            await self._execute(f'CREATE DATABASE "{_name_of(url)}" TEMPLATE "{template}"')
        self.package_of[url] = package
        return url

    async def give_back(self, url: str) -> None:
        """Empty it for the next test, or drop it where that would not make it as it was."""
        package = self.package_of[url]
        if await _is_as_new(url, self.templates[package]):
            self.idle[package].append(url)
        else:
            await self._drop(url)

    async def drop_all(self) -> None:
        urls = [url for idle in self.idle.values() for url in idle]
        for url in (*urls, *(template.url for template in self.templates.values())):
            await self._drop(url)

    async def _make(self, package: str) -> Template:
        url = self._url_of(f"template_{package}_{self.suffix}")
        await self._execute(f'CREATE DATABASE "{_name_of(url)}"')
        await migrate(url, package)
        connection: Connection = await asyncpg.connect(url)
        try:
            return await _template(connection, url)
        finally:
            await connection.close()

    async def _drop(self, url: str) -> None:
        await self._execute(f'DROP DATABASE IF EXISTS "{_name_of(url)}" WITH (FORCE)')

    async def _execute(self, statement: str) -> None:
        connection: Connection = await asyncpg.connect(self.admin_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def _url_of(self, name: str) -> str:
        return urlsplit(self.admin_url)._replace(path=f"/{name}").geturl()


async def _template(connection: Connection, url: str) -> Template:
    tables = [(row["schema"], row["name"]) for row in await connection.fetch(_TABLES)]
    names = tuple(f"{schema}.{name}" for schema, name in tables)
    seeds: dict[str, bytes] = {}
    for name in await _filled(connection, names):
        held = io.BytesIO()
        await connection.copy_from_query(f"SELECT * FROM {name}", output=held, format="binary")
        seeds[name] = held.getvalue()
    schema: str = await connection.fetchval(_SCHEMA)
    return Template(url, schema, names, await _sequences(connection), seeds)


async def _is_as_new(url: str, template: Template) -> bool:
    """Make it so, where nobody else is connected and the schema is the template's."""
    settings = {"lock_timeout": "2s"}
    connection: Connection = await asyncpg.connect(url, server_settings=settings)
    try:
        if await _is_used(connection) or await connection.fetchval(_SCHEMA) != template.schema:
            return False
        await _empty(connection, template)
    except asyncpg.LockNotAvailableError:
        return False
    else:
        return True
    finally:
        await connection.close()


async def _is_used(connection: Connection) -> bool:
    """Whether others stay connected; who has just left needs a moment to be gone."""
    deadline = time.monotonic() + SECONDS_TO_LEAVE
    while await connection.fetchval(_OTHERS):
        if time.monotonic() > deadline:
            return True
        await asyncio.sleep(0.01)
    return False


async def _empty(connection: Connection, template: Template) -> None:
    filled = await _filled(connection, template.tables)
    if filled:
        await connection.execute(f"TRUNCATE {', '.join(filled)} CASCADE")
    for name, rows in template.seeds.items():
        schema, table = name.split(".")
        await connection.copy_to_table(
            table, schema_name=schema, source=io.BytesIO(rows), format="binary"
        )
    for name, last in (await _sequences(connection)).items():
        if last != template.sequences[name]:
            value, start = template.sequences[name]
            is_called = value is not None
            await connection.fetchval(
                "SELECT setval($1::regclass, $2, $3)", name, value or start, is_called
            )


async def _filled(connection: Connection, tables: tuple[str, ...]) -> list[str]:
    looks = ", ".join(f"EXISTS (SELECT FROM {name})" for name in tables)
    row = await connection.fetchrow(f"SELECT {looks}")
    return [name for name, is_filled in zip(tables, row, strict=True) if is_filled]


async def _sequences(connection: Connection) -> dict[str, tuple[int | None, int]]:
    rows = await connection.fetch(_SEQUENCES)
    return {row["name"]: (row["last_value"], row["start_value"]) for row in rows}


def _name_of(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")
