"""The table of preferences; the customer's lock is theirs."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import asyncpg
from shared.contracts.contacts import CustomerPreferenceLearned
from shared.db import Connection, rows_affected

_FIELDS = (
    "preference_id",
    "customer_id",
    "contact_id",
    "key",
    "value_code",
    "source_ref",
    "confidence",
    "learned_at",
)
_COLUMNS = ", ".join(_FIELDS)
_SAVE = f"""
INSERT INTO preferences ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (preference_id) DO UPDATE SET value_code = excluded.value_code,
    source_ref = excluded.source_ref, confidence = excluded.confidence,
    learned_at = excluded.learned_at
"""
_LIST = f"""
SELECT {_COLUMNS} FROM preferences
WHERE ($1::uuid IS NULL OR customer_id = $1) AND ($2::uuid IS NULL OR contact_id = $2)
    AND ($3::text IS NULL OR key = $3) AND ($4::text IS NULL OR value_code = $4)
    AND ($5::uuid IS NULL OR preference_id > $5)
ORDER BY preference_id LIMIT $6
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which preferences a list is to hold; what is None does not matter."""

    customer_id: UUID | None = None
    contact_id: UUID | None = None
    key: str | None = None
    value_code: str | None = None


async def find_preference(
    connection: Connection, customer_id: UUID, contact_id: UUID | None, key: str
) -> CustomerPreferenceLearned | None:
    """Of two that came together by a merge the surer, among equals the later."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM preferences WHERE customer_id = $1"
        " AND contact_id IS NOT DISTINCT FROM $2 AND key = $3"
        " ORDER BY confidence DESC, learned_at DESC LIMIT 1",
        customer_id,
        contact_id,
        key,
    )
    return _preference(row) if row else None


async def list_preferences(
    connection: Connection, wanted: Wanted, after: UUID | None, limit: int
) -> list[CustomerPreferenceLearned]:
    rows = await connection.fetch(
        _LIST, wanted.customer_id, wanted.contact_id, wanted.key, wanted.value_code, after, limit
    )
    return [_preference(row) for row in rows]


async def save_preference(connection: Connection, learned: CustomerPreferenceLearned) -> None:
    await connection.execute(_SAVE, *(getattr(learned, name) for name in _FIELDS))


async def delete_preferences(
    connection: Connection, contact_ids: Collection[UUID], customer_ids: Collection[UUID]
) -> int:
    """What these people and customers liked; answers how many that were."""
    status = await connection.execute(
        "DELETE FROM preferences"
        " WHERE contact_id = ANY($1::uuid[]) OR customer_id = ANY($2::uuid[])",
        list(contact_ids),
        list(customer_ids),
    )
    return rows_affected(status)


def _preference(row: asyncpg.Record) -> CustomerPreferenceLearned:
    return CustomerPreferenceLearned.model_validate(dict(row))
