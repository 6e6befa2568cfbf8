"""Holding the live consumers still for a moment, between two of their transactions."""

from shared.db import Connection

from customer_360.rebuilding.schemas import GATE, LIVE


async def hold_consumers(connection: Connection) -> None:
    """Wait for the consumers' transactions to end and let no new one begin before this one's end.

    A consumer takes its first lock on a row here, so it holds nothing yet that one could wait for:
    before it only the shared lock that keeps an erasure off, for which no other batch waits.
    Readers are not held.
    """
    await connection.execute("SET LOCAL lock_timeout = '10s'")
    await connection.execute(f"LOCK TABLE {LIVE}.{GATE} IN EXCLUSIVE MODE")
