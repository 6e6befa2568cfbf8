"""The grade of each customer, which only a newer version of the customer replaces."""

from collections.abc import Collection, Mapping
from uuid import UUID

from shared.db import Connection

_SAVE = """
INSERT INTO customer_grades (customer_id, version, grade)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[]) ORDER BY 1
ON CONFLICT (customer_id) DO UPDATE SET version = excluded.version, grade = excluded.grade
WHERE customer_grades.version < excluded.version
RETURNING customer_id
"""
_FIND = "SELECT customer_id, grade FROM customer_grades WHERE customer_id = ANY($1::uuid[])"


async def save_grades(connection: Connection, told: Mapping[UUID, tuple[int, str]]) -> set[UUID]:
    """Keep what is newer than what is known, by version; answers whose was."""
    rows = await connection.fetch(
        _SAVE,
        list(told),
        [version for version, _ in told.values()],
        [grade for _, grade in told.values()],
    )
    return {row["customer_id"] for row in rows}


async def find_grades(connection: Connection, customer_ids: Collection[UUID]) -> dict[UUID, str]:
    """Of those of them that have one."""
    rows = await connection.fetch(_FIND, list(customer_ids))
    return {row["customer_id"]: row["grade"] for row in rows}
