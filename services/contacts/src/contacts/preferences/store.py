"""The table of preferences; the customer's lock is theirs."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import asyncpg
from shared.contracts.contacts import CustomerPreferenceLearned
from shared.db import Connection, rows_affected

from contacts.preferences.domain import Name, Trust

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
INSERT INTO preferences ({_COLUMNS}) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[],
    $4::text[], $5::text[], $6::text[], $7::float8[], $8::timestamptz[])
ON CONFLICT (preference_id) DO UPDATE SET value_code = excluded.value_code,
    source_ref = excluded.source_ref, confidence = excluded.confidence,
    learned_at = excluded.learned_at
"""
_KNOWN = f"""
SELECT DISTINCT ON (customer_id, contact_id, key) {_COLUMNS} FROM preferences JOIN unnest(
    $1::uuid[], $2::uuid[], $3::text[]) AS wanted (customer_id, of_contact_id, key)
    USING (customer_id, key)
WHERE contact_id IS NOT DISTINCT FROM of_contact_id
ORDER BY customer_id, contact_id, key, confidence DESC, learned_at DESC
"""
_TRUST = """
SELECT source, confidence FROM preference_policies
WHERE policy_version = (SELECT max(policy_version) FROM preference_policies)
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


async def find_preferences(
    connection: Connection, named: Collection[Name]
) -> dict[Name, CustomerPreferenceLearned]:
    """Those that are known. Of two that came together by a merge the surer, then the later."""
    columns = zip(*named, strict=True)
    rows = await connection.fetch(_KNOWN, *(list(column) for column in columns))
    return {(row["customer_id"], row["contact_id"], row["key"]): _preference(row) for row in rows}


async def load_trust(connection: Connection) -> Trust:
    """How sure each source makes us, by the newest policy."""
    return {row["source"]: row["confidence"] for row in await connection.fetch(_TRUST)}


async def list_preferences(
    connection: Connection, wanted: Wanted, after: UUID | None, limit: int
) -> list[CustomerPreferenceLearned]:
    rows = await connection.fetch(
        _LIST, wanted.customer_id, wanted.contact_id, wanted.key, wanted.value_code, after, limit
    )
    return [_preference(row) for row in rows]


async def save_preferences(
    connection: Connection, learned: Collection[CustomerPreferenceLearned]
) -> None:
    """Each of them once."""
    await connection.execute(
        _SAVE, *([getattr(each, name) for each in learned] for name in _FIELDS)
    )


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
