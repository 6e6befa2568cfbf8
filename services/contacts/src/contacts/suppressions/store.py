"""The table of suppressions. A new one takes its turn with whoever asks to send."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from shared.cause import Cause
from shared.contracts.contacts import Channel, SuppressionReason
from shared.db import Connection, rows_affected
from shared.errors import StaleVersionError
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from contacts.filters import fetch_listed, where
from contacts.permits.store import lock_against_sending
from contacts.suppressions.domain import AddSuppression, Command, Suppression, decide, evolve

_FIELDS = (
    "suppression_id",
    "channel",
    "subject_hash",
    "scope",
    "reason_code",
    "source_ref",
    "is_active",
    "version",
)
_COLUMNS = ", ".join(_FIELDS)
_SELECT = f"SELECT {_COLUMNS} FROM suppressions"
_SAVE = f"""
INSERT INTO suppressions AS stored ({_COLUMNS}, changed_at)
SELECT new.*, $9 FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[],
    $6::text[], $7::boolean[], $8::bigint[]) AS new
ON CONFLICT (suppression_id) DO UPDATE SET
    reason_code = excluded.reason_code, source_ref = excluded.source_ref,
    is_active = excluded.is_active, version = excluded.version, changed_at = excluded.changed_at
WHERE stored.version < excluded.version
"""


async def lock_suppression(connection: Connection, suppression_id: UUID) -> Suppression | None:
    row = await connection.fetchrow(
        f"{_SELECT} WHERE suppression_id = $1 FOR UPDATE", suppression_id
    )
    return _suppression(row) if row else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which suppressions a list is to hold; what is None does not matter."""

    channel: Channel | None = None
    subject_hash: str | None = None
    reason_code: SuppressionReason | None = None
    is_active: bool | None = None

    def conditions(self) -> Mapping[str, object]:
        """Each with its value."""
        return {
            "channel = ?": self.channel,
            "subject_hash = ?": self.subject_hash,
            "reason_code = ?": self.reason_code,
            "is_active = ?": self.is_active,
        }


async def list_suppressions(
    connection: Connection, wanted: Wanted, after: UUID | None, limit: int
) -> list[Suppression]:
    condition, values = where({**wanted.conditions(), "suppression_id > ?": after})
    statement = f"{_SELECT} WHERE {condition} ORDER BY suppression_id LIMIT {limit:d}"
    rows = await fetch_listed(connection, statement, values)
    return [_suppression(row) for row in rows]


async def record(connection: Connection, cause: Cause, command: Command) -> Suppression:
    """Decide on the suppression as it is now; write and publish what follows."""
    return (await record_all(connection, cause, [command]))[command.suppression_id]


async def record_all(
    connection: Connection, cause: Cause, commands: Sequence[Command]
) -> dict[UUID, Suppression]:
    """The same for many, by a constant number of calls; answers how all of them are now."""
    hashes = {each.subject_hash for each in commands if isinstance(each, AddSuppression)}
    if hashes:
        await lock_against_sending(connection, [], sorted(hashes))
    known = await _lock(connection, sorted({each.suppression_id for each in commands}))
    changed: dict[UUID, Suppression] = {}
    facts: list[Fact] = []
    for command in commands:
        suppression = known.get(command.suppression_id)
        for event in decide(suppression, command):
            suppression = evolve(suppression, event)
            known[command.suppression_id] = changed[command.suppression_id] = suppression
            facts.append(Fact(event, suppression.version))
    await _save(connection, list(changed.values()), cause.at)
    await outbox.append(connection, cause, facts)
    return known


async def _lock(connection: Connection, suppression_ids: Sequence[UUID]) -> dict[UUID, Suppression]:
    rows = await connection.fetch(
        f"{_SELECT} WHERE suppression_id = ANY($1::uuid[]) ORDER BY suppression_id FOR UPDATE",
        suppression_ids,
    )
    return {row["suppression_id"]: _suppression(row) for row in rows}


async def _save(connection: Connection, suppressions: Sequence[Suppression], at: datetime) -> None:
    """Raises `StaleVersionError` where somebody made or changed one at the same time."""
    if not suppressions:
        return
    columns = [[getattr(each, name) for each in suppressions] for name in _FIELDS]
    if rows_affected(await connection.execute(_SAVE, *columns, at)) != len(suppressions):
        raise StaleVersionError


def _suppression(row: asyncpg.Record) -> Suppression:
    return Suppression(**dict(row))
