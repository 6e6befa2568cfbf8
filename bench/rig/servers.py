"""Servers of a row: PostgreSQL that waits for its disk, Kafka, databases of their own per run."""

import secrets
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
from devstack.stack import Stack
from shared.messaging.topics import provision_topics
from shared.migrate import migrate
from shared.settings import KafkaSettings

from devstack import ephemeral


@dataclass(frozen=True)
class Servers:
    """Durable servers of this machine, gone at the end of the row."""

    stack: Stack
    folder: Path

    @property
    def kafka(self) -> KafkaSettings:
        return KafkaSettings(bootstrap_servers=self.stack.bootstrap, replication_factor=1)

    async def provision_topics(self) -> None:
        await provision_topics(self.kafka)

    async def database(self, name: str, package: str | None = None) -> str:
        """Make a database, with the tables of a service if one is named; gives its URL.

        A checkpoint goes before: no run shall pay for what the one before it has written.
        """
        url = self.stack.postgres.create_database(name, secrets.token_urlsafe(16))
        if package:
            await migrate(url, package)
        await self.checkpoint()
        return url

    async def checkpoint(self) -> None:
        await self.execute("CHECKPOINT")

    async def drop(self, name: str) -> None:
        await self.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    async def execute(self, statement: str) -> None:
        """Do something as the server's owner."""
        connection = await asyncpg.connect(self.stack.postgres.url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@contextmanager
def durable_servers() -> Generator[Servers]:
    """Start PostgreSQL and Kafka, as `make up` runs them, in a folder that is gone afterwards."""
    with (
        TemporaryDirectory(prefix="rapport-bench-") as name,
        ephemeral.servers(Path(name), durable=True) as stack,
    ):
        yield Servers(stack, Path(name))
