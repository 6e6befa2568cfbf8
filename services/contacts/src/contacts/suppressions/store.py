"""The table of suppressions. A new one takes its turn with whoever asks to send."""

from datetime import datetime
from uuid import UUID

import asyncpg
from shared.cause import Cause
from shared.contracts.contacts import Channel
from shared.db import Connection, rows_affected
from shared.errors import StaleVersionError
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from contacts.permits.store import lock_against_sending
from contacts.suppressions.domain import AddSuppression, Command, Suppression, decide, evolve

_SELECT = """
SELECT suppression_id, channel, subject_hash, scope, reason_code, source_ref, is_active, version
FROM suppressions
"""
_SAVE = """
INSERT INTO suppressions AS stored (suppression_id, channel, subject_hash, scope, reason_code,
    source_ref, is_active, version, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (suppression_id) DO UPDATE SET
    reason_code = excluded.reason_code, source_ref = excluded.source_ref,
    is_active = excluded.is_active, version = excluded.version, changed_at = excluded.changed_at
WHERE stored.version = excluded.version - 1
"""


async def lock_suppression(connection: Connection, suppression_id: UUID) -> Suppression | None:
    row = await connection.fetchrow(
        f"{_SELECT} WHERE suppression_id = $1 FOR UPDATE", suppression_id
    )
    return _suppression(row) if row else None


async def list_suppressions(
    connection: Connection,
    channel: Channel | None,
    subject_hash: str | None,
    after: UUID | None,
    limit: int,
) -> list[Suppression]:
    rows = await connection.fetch(
        f"""{_SELECT}
        WHERE ($1::text IS NULL OR channel = $1) AND ($2::text IS NULL OR subject_hash = $2)
            AND ($3::uuid IS NULL OR suppression_id > $3)
        ORDER BY suppression_id LIMIT $4
        """,
        channel,
        subject_hash,
        after,
        limit,
    )
    return [_suppression(row) for row in rows]


async def record(connection: Connection, cause: Cause, command: Command) -> Suppression:
    """Decide on the suppression as it is now; write and publish what follows."""
    if isinstance(command, AddSuppression):
        await lock_against_sending(connection, [], [command.subject_hash])
    suppression = await lock_suppression(connection, command.suppression_id)
    for event in decide(suppression, command):
        suppression = evolve(suppression, event)
        await _save(connection, suppression, command.at)
        await outbox.append(connection, cause, [Fact(event, suppression.version)])
    assert suppression is not None
    return suppression


async def _save(connection: Connection, suppression: Suppression, at: datetime) -> None:
    status = await connection.execute(
        _SAVE,
        suppression.suppression_id,
        suppression.channel,
        suppression.subject_hash,
        suppression.scope,
        suppression.reason_code,
        suppression.source_ref,
        suppression.is_active,
        suppression.version,
        at,
    )
    if rows_affected(status) == 0:
        raise StaleVersionError


def _suppression(row: asyncpg.Record) -> Suppression:
    return Suppression(**dict(row))
