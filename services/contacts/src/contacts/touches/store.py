"""The table of touches of whom nobody knows; what is an interaction by now is none any more."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from shared.contracts.contacts import InteractionRecorded
from shared.db import Connection

from contacts.touches.domain import TouchNotFoundError, Unattached

_COLUMNS = "interaction_id, reason, candidate_ids, identifier_hash, told, occurred_at"
_SEPARATOR = "\x1f"
_INSERT = f"""
INSERT INTO unattached_touches ({_COLUMNS})
SELECT interaction_id, reason, string_to_array(candidate_ids, E'\\x1f')::uuid[], identifier_hash,
    told, occurred_at
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::timestamptz[])
    AS new ({_COLUMNS})
WHERE NOT EXISTS (
    SELECT FROM interactions WHERE interactions.interaction_id = new.interaction_id)
ON CONFLICT (interaction_id) DO NOTHING
"""
_LIST = f"""
SELECT {_COLUMNS} FROM unattached_touches AS touch
WHERE NOT EXISTS (
        SELECT FROM interactions WHERE interactions.interaction_id = touch.interaction_id)
    AND ($1::timestamptz IS NULL OR (occurred_at, interaction_id) < ($1, $2::uuid))
ORDER BY occurred_at DESC, interaction_id DESC LIMIT $3
"""


async def insert_unattached(connection: Connection, touches: Sequence[Unattached]) -> None:
    """Keep those that are not there yet."""
    if not touches:
        return
    rows = [_values(touch) for touch in touches]
    await connection.execute(_INSERT, *(list(column) for column in zip(*rows, strict=True)))


async def load_touch(connection: Connection, interaction_id: UUID) -> Unattached:
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM unattached_touches WHERE interaction_id = $1", interaction_id
    )
    if row is None:
        raise TouchNotFoundError(interaction_id=interaction_id)
    return _touch(row)


async def list_unattached(
    connection: Connection, before: Sequence[object] | None, limit: int
) -> list[Unattached]:
    """The newest first."""
    at: datetime | None
    at, interaction_id = before or (None, None)  # type: ignore[assignment]
    return [_touch(row) for row in await connection.fetch(_LIST, at, interaction_id, limit)]


def _values(touch: Unattached) -> tuple[Any, ...]:
    told = touch.told
    return (
        told.interaction_id,
        touch.reason,
        _SEPARATOR.join(map(str, touch.candidate_ids)),
        touch.identifier_hash,
        told.model_dump_json(),
        told.occurred_at,
    )


def _touch(row: asyncpg.Record) -> Unattached:
    told = InteractionRecorded.model_validate_json(row["told"])
    return Unattached(told, row["reason"], tuple(row["candidate_ids"]), row["identifier_hash"])
