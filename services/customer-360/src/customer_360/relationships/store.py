"""The table of relationships, and the tree of a group: bounded in depth and in number."""

from dataclasses import dataclass
from uuid import UUID

from shared.db import Connection

from customer_360.guarded import GuardedTable
from customer_360.relationships.fold import Relationship

RELATIONSHIPS = GuardedTable("relationships", Relationship)

_DEPTH = 50
_IS_PARENT = "relationship_type = 'parent-of' AND ended_at IS NULL"
_MEMBERS = f"""
WITH RECURSIVE above (id, height) AS (
    SELECT $1::uuid, 0
    UNION
    SELECT from_id, height + 1 FROM relationships JOIN above ON to_id = above.id
    WHERE {_IS_PARENT} AND height < {_DEPTH}
), below (id, parent_id, depth) AS (
    (SELECT id, NULL::uuid, 0 FROM above ORDER BY height DESC LIMIT 1)
    UNION
    SELECT to_id, from_id, depth + 1 FROM relationships JOIN below ON from_id = below.id
    WHERE {_IS_PARENT} AND depth < {_DEPTH}
)
SELECT id, parent_id, depth FROM below ORDER BY depth, id LIMIT $2
"""
_NAMES = """
SELECT customer_id AS id, display_name AS name FROM customers WHERE customer_id = ANY($1::uuid[])
UNION ALL
SELECT contact_id, full_name FROM contacts WHERE contact_id = ANY($1::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Member:
    """A customer of a group, under its parent; the root has none."""

    customer_id: UUID
    parent_id: UUID | None
    depth: int


async def list_members(connection: Connection, customer_id: UUID, limit: int) -> list[Member]:
    """The group that a customer belongs to, the root first; itself alone where there is none."""
    return [Member(*row) for row in await connection.fetch(_MEMBERS, customer_id, limit)]


async def find_names(connection: Connection, ids: list[UUID]) -> dict[UUID, str]:
    """What these customers and people are called."""
    return {row["id"]: row["name"] for row in await connection.fetch(_NAMES, ids)}
