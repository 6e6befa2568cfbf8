"""Credit holds, one row per customer, which only a newer version of the customer replaces."""

from uuid import UUID

from shared.db import Connection

from pipeline.holds.domain import Hold

_SAVE = """
INSERT INTO credit_holds (customer_id, version, reason_code, since) VALUES ($1, $2, $3, $4)
ON CONFLICT (customer_id) DO UPDATE SET
    version = excluded.version, reason_code = excluded.reason_code, since = excluded.since
WHERE credit_holds.version < excluded.version
RETURNING customer_id
"""


async def save_hold(connection: Connection, hold: Hold) -> bool:
    """Keep what is newer than what is known; whether it was."""
    return (
        await connection.fetchval(
            _SAVE, hold.customer_id, hold.version, hold.reason_code, hold.since
        )
        is not None
    )


async def find_hold(connection: Connection, customer_id: UUID) -> Hold | None:
    """The hold on a customer; None where there is none."""
    row = await connection.fetchrow(
        "SELECT customer_id, version, reason_code, since FROM credit_holds"
        " WHERE customer_id = $1 AND reason_code IS NOT NULL",
        customer_id,
    )
    return Hold(**dict(row)) if row else None
