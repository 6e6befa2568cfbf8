"""Finds customers: by their own name or their people's, by an address, by an outside id.

A record that was merged into another is not found, only the one that it is now.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.db import Connection

_BY_EXTERNAL_ID = """
SELECT customer_id, display_name, kind, lifecycle, 'external-id' AS matched, $1 AS matched_text
FROM customers WHERE external_keys ? $1 AND record_status IS DISTINCT FROM 'merged'
ORDER BY customer_id LIMIT $2
"""

_BY_ANY_EXTERNAL_ID = """
SELECT customer_id, display_name, kind, lifecycle, 'external-id' AS matched, $1 AS matched_text
FROM customers WHERE external_ids @> jsonb_build_array(jsonb_build_object('id', $1::text))
    AND record_status IS DISTINCT FROM 'merged'
ORDER BY customer_id LIMIT $2
"""

_PEOPLE = """
SELECT DISTINCT customer.customer_id, customer.display_name, customer.kind, customer.lifecycle,
    $1 AS matched, person.full_name AS matched_text
FROM ({people}) AS person
CROSS JOIN LATERAL jsonb_array_elements_text(person.customer_ids) AS member (customer_id)
JOIN customers AS customer ON customer.customer_id = member.customer_id::uuid
    AND customer.record_status IS DISTINCT FROM 'merged'
LIMIT $3
"""

_BY_POINT = _PEOPLE.format(
    people="""SELECT full_name, customer_ids FROM contacts
        WHERE point_keys ? $2::text AND merged_into IS NULL LIMIT $3"""
)

# First those that contain what was typed; only where there are none, those that look like it.
_BY_NAME = """
SELECT customer_id, display_name, kind, lifecycle, 'name' AS matched, display_name AS matched_text
FROM customers WHERE display_name ILIKE $1 AND record_status IS DISTINCT FROM 'merged'
ORDER BY length(display_name), display_name, customer_id LIMIT $2
"""
_BY_SIMILAR_NAME = """
SELECT customer_id, display_name, kind, lifecycle, 'name' AS matched, display_name AS matched_text
FROM customers WHERE $1 <% display_name AND record_status IS DISTINCT FROM 'merged'
ORDER BY $1 <<-> display_name, customer_id LIMIT $2
"""
_BY_PERSON = _PEOPLE.format(
    people="""SELECT full_name, customer_ids FROM contacts
        WHERE full_name ILIKE $2::text AND merged_into IS NULL LIMIT $3"""
)
_BY_SIMILAR_PERSON = _PEOPLE.format(
    people="""SELECT full_name, customer_ids FROM contacts WHERE $2::text <% full_name
        AND merged_into IS NULL ORDER BY $2::text <<-> full_name LIMIT $3"""
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A customer that was found, and by what."""

    customer_id: UUID
    display_name: str | None
    kind: str | None
    lifecycle: str | None
    matched: str
    matched_text: str | None


async def find_by_external_id(connection: Connection, key: str, limit: int) -> list[Hit]:
    """Customers that another system knows as `system:id`."""
    return _hits(await connection.fetch(_BY_EXTERNAL_ID, key, limit))


async def find_by_any_external_id(connection: Connection, text: str, limit: int) -> list[Hit]:
    """Customers that some other system knows by exactly this id."""
    return _hits(await connection.fetch(_BY_ANY_EXTERNAL_ID, text, limit))


async def find_by_point(connection: Connection, point_key: str, limit: int) -> list[Hit]:
    """Customers with a person of this address."""
    matched = point_key.partition(":")[0]
    return _hits(await connection.fetch(_BY_POINT, matched, point_key, limit))


async def find_by_name(connection: Connection, text: str, limit: int) -> list[Hit]:
    """Customers whose name, or a person's, contains the text, or else looks like it."""
    pattern = f"%{_escaped(text)}%"
    hits = _hits(await connection.fetch(_BY_NAME, pattern, limit))
    hits += _hits(await connection.fetch(_BY_PERSON, "person", pattern, limit))
    if not hits:
        await connection.execute("SET LOCAL pg_trgm.word_similarity_threshold = 0.45")
        hits = _hits(await connection.fetch(_BY_SIMILAR_NAME, text, limit))
        hits += _hits(await connection.fetch(_BY_SIMILAR_PERSON, "person", text, limit))
    return list({hit.customer_id: hit for hit in reversed(hits)}.values())[::-1][:limit]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _hits(rows: Sequence[Any]) -> list[Hit]:
    return [Hit(*row) for row in rows]
