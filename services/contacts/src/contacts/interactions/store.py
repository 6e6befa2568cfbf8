"""The table of interactions, and of the versions that corrections replaced."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from shared.cause import Cause
from shared.contracts.contacts import InteractionRecorded
from shared.db import Connection, rows_affected
from shared.errors import StaleVersionError
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from contacts.filters import fetch_listed, where
from contacts.interactions.domain import (
    Interaction,
    InteractionEvent,
    InteractionNotFoundError,
)

_TOLD = (
    "interaction_id",
    "customer_id",
    "contact_ids",
    "channel",
    "direction",
    "kind",
    "outcome",
    "sentiment",
    "occurred_at",
    "duration_s",
    "actor_id",
    "department",
    "related_type",
    "related_id",
    "product_interests",
    "source",
)
_COLUMNS = f"{', '.join(_TOLD)}, version, subject, body"
_SEPARATOR = "\x1f"
_NEW = """
SELECT interaction_id, customer_id, string_to_array(contact_ids, E'\\x1f')::uuid[], channel,
    direction, kind, outcome, sentiment, occurred_at, duration_s, actor_id, department,
    related_type, related_id, string_to_array(product_interests, E'\\x1f'), source, version,
    subject, body
"""
_INSERT = f"""
INSERT INTO interactions ({_COLUMNS}) {_NEW}
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::timestamptz[], $10::int[], $11::text[], $12::text[], $13::text[], $14::uuid[],
    $15::text[], $16::text[], $17::bigint[], $18::text[], $19::text[]) AS new ({_COLUMNS})
ON CONFLICT (interaction_id) DO NOTHING
RETURNING interaction_id
"""
_KEEP_VERSION = f"""
INSERT INTO interaction_versions ({_COLUMNS}, replaced_at, replaced_by, reason_code)
SELECT {_COLUMNS}, $2, $3, $4 FROM interactions WHERE interaction_id = $1
"""
_UPDATE = """
UPDATE interactions SET contact_ids = $2, channel = $3, direction = $4, kind = $5, outcome = $6,
    sentiment = $7, occurred_at = $8, duration_s = $9, department = $10, related_type = $11,
    related_id = $12, product_interests = $13, subject = $14, body = $15, version = $16
WHERE interaction_id = $1 AND version = $16 - 1
"""
_CORRECTABLE = (
    "contact_ids",
    "channel",
    "direction",
    "kind",
    "outcome",
    "sentiment",
    "occurred_at",
    "duration_s",
    "department",
    "related_type",
    "related_id",
    "product_interests",
)
_FORGET = """
WITH theirs AS (
    SELECT interaction_id FROM interactions
    WHERE contact_ids && $1::uuid[] OR customer_id = ANY($2::uuid[])
    UNION
    SELECT interaction_id FROM interactions
    WHERE (subject IS NOT NULL OR body IS NOT NULL) AND EXISTS (
        SELECT FROM unnest($3::text[]) AS mark
        WHERE position(mark IN lower(concat_ws(' ', subject, body))) > 0)
    UNION
    SELECT interaction_id FROM interaction_versions
    WHERE contact_ids && $1::uuid[] OR EXISTS (
        SELECT FROM unnest($3::text[]) AS mark
        WHERE position(mark IN lower(concat_ws(' ', subject, body))) > 0)
), versions AS (
    DELETE FROM interaction_versions USING theirs
    WHERE interaction_versions.interaction_id = theirs.interaction_id
)
UPDATE interactions SET subject = NULL, body = NULL FROM theirs
WHERE interactions.interaction_id = theirs.interaction_id
    AND (subject IS NOT NULL OR body IS NOT NULL)
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which interactions a list is to hold; what is None does not matter."""

    customer_id: UUID | None = None
    contact_id: UUID | None = None
    department: str | None = None
    channel: str | None = None
    kind: str | None = None
    actor_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> Mapping[str, object]:
        """Each with its value."""
        return {
            "customer_id = ?": self.customer_id,
            "contact_ids @> ARRAY[?::uuid]": self.contact_id,
            "department = ?": self.department,
            "channel = ?": self.channel,
            "kind = ?": self.kind,
            "actor_id = ?": self.actor_id,
            "occurred_at >= ?": self.since,
            "occurred_at < ?": self.until,
        }


@dataclass(frozen=True, slots=True)
class Replaced:
    """A version that a correction replaced, when, by whom and why."""

    interaction: Interaction
    replaced_at: datetime
    replaced_by: str
    reason_code: str


async def lock_interaction(connection: Connection, interaction_id: UUID) -> Interaction | None:
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM interactions WHERE interaction_id = $1 FOR UPDATE", interaction_id
    )
    return _interaction(row) if row else None


async def load_interaction(connection: Connection, interaction_id: UUID) -> Interaction:
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM interactions WHERE interaction_id = $1", interaction_id
    )
    if row is None:
        raise InteractionNotFoundError(interaction_id=interaction_id)
    return _interaction(row)


async def list_replaced(connection: Connection, interaction_id: UUID) -> list[Replaced]:
    """The versions before, the newest first."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS}, replaced_at, replaced_by, reason_code FROM interaction_versions"
        " WHERE interaction_id = $1 ORDER BY version DESC",
        interaction_id,
    )
    return [
        Replaced(_interaction(row), row["replaced_at"], row["replaced_by"], row["reason_code"])
        for row in rows
    ]


async def list_interactions(
    connection: Connection, wanted: Wanted, before: tuple[datetime, UUID] | None, limit: int
) -> list[Interaction]:
    """The newest first."""
    condition, values = where(
        {**wanted.conditions(), "(occurred_at, interaction_id) < (?, ?)": before}
    )
    statement = f"""
    SELECT {_COLUMNS} FROM interactions WHERE {condition}
    ORDER BY occurred_at DESC, interaction_id DESC LIMIT {limit:d}
    """
    rows = await fetch_listed(connection, statement, values)
    return [_interaction(row) for row in rows]


async def insert_interactions(
    connection: Connection,
    cause: Cause,
    recorded: Iterable[tuple[Interaction, Sequence[InteractionEvent], Cause]],
) -> int:
    """Keep those that are not there yet and publish them; answers how many that were."""
    new = {one.told.interaction_id: (one, facts, why) for one, facts, why in recorded if facts}
    if not new:
        return 0
    rows = [_values(one) for one, _, _ in new.values()]
    columns = (list(column) for column in zip(*rows, strict=True))
    inserted = await connection.fetch(_INSERT, *columns)
    there = {row["interaction_id"] for row in inserted}
    await outbox.append(
        connection,
        cause,
        [
            Fact(fact, one.version, why)
            for interaction_id, (one, facts, why) in new.items()
            if interaction_id in there
            for fact in facts
        ],
    )
    return len(inserted)


async def save_correction(
    connection: Connection,
    cause: Cause,
    after: Interaction,
    reason_code: str,
    facts: Sequence[InteractionEvent],
) -> None:
    """Keep the former version, then write the new one."""
    interaction_id = after.told.interaction_id
    await connection.execute(_KEEP_VERSION, interaction_id, cause.at, cause.actor, reason_code)
    values = [getattr(after.told, name) for name in _CORRECTABLE]
    status = await connection.execute(
        _UPDATE, interaction_id, *values, after.subject, after.body, after.version
    )
    if rows_affected(status) != 1:
        raise StaleVersionError
    await outbox.append(connection, cause, [Fact(fact, after.version) for fact in facts])


async def forget_texts(
    connection: Connection,
    contact_ids: Collection[UUID],
    customer_ids: Collection[UUID],
    marks: Collection[str],
) -> int:
    """What was said with these people and customers, or names them; that it was, and when, stays.

    `marks` are lower case.
    """
    status = await connection.execute(_FORGET, list(contact_ids), list(customer_ids), list(marks))
    return rows_affected(status)


def _values(interaction: Interaction) -> list[Any]:
    joined = {"contact_ids", "product_interests"}
    told = [
        _SEPARATOR.join(map(str, getattr(interaction.told, name)))
        if name in joined
        else getattr(interaction.told, name)
        for name in _TOLD
    ]
    return [*told, interaction.version, interaction.subject, interaction.body]


def _interaction(row: asyncpg.Record) -> Interaction:
    told = InteractionRecorded.model_validate({name: row[name] for name in _TOLD})
    return Interaction(told, row["version"], row["subject"], row["body"])
