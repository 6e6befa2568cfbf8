"""The grade of each customer and the service level that it entitles to, guarded by version."""

from collections.abc import Collection, Sequence
from uuid import UUID

from shared.contracts.contacts import CustomerGraded
from shared.db import Connection

_SAVE = """
INSERT INTO customer_grades (customer_id, version, grade, service_level)
SELECT DISTINCT ON (customer_id) customer_id, version, grade, service_level
FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[])
    AS told (customer_id, version, grade, service_level)
ORDER BY customer_id, version DESC
ON CONFLICT (customer_id) DO UPDATE SET version = excluded.version, grade = excluded.grade,
    service_level = excluded.service_level
WHERE customer_grades.version < excluded.version
"""


async def save_grades(connection: Connection, graded: Sequence[tuple[CustomerGraded, int]]) -> None:
    """Keep what is newer than what is known."""
    rows = [
        (fact.customer_id, version, fact.to_grade, fact.service_level) for fact, version in graded
    ]
    await connection.execute(_SAVE, *(list(column) for column in zip(*rows, strict=True)))


async def find_grades(connection: Connection, customer_ids: Collection[UUID]) -> dict[UUID, str]:
    """Of those of them to whom contacts has given one."""
    rows = await connection.fetch(
        "SELECT customer_id, grade FROM customer_grades WHERE customer_id = ANY($1::uuid[])",
        list(customer_ids),
    )
    return {row["customer_id"]: row["grade"] for row in rows}


async def find_service_level(connection: Connection, customer_id: UUID) -> str | None:
    """What the customer's grade entitles to; None where it has none."""
    level: str | None = await connection.fetchval(
        "SELECT service_level FROM customer_grades WHERE customer_id = $1", customer_id
    )
    return level
