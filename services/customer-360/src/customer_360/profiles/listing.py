"""Which customers a bulk list shows next, in the order of their ids."""

from uuid import UUID

from shared.db import Connection

_ALL = """
SELECT customer_id, NULL AS external_id FROM profiles
WHERE customer_id > $1 AND NOT EXISTS (
    SELECT FROM customers
    WHERE customers.customer_id = profiles.customer_id AND record_status = 'merged')
ORDER BY customer_id
LIMIT $2
"""

_OF_SYSTEM = """
SELECT customer_id, external_id
FROM (
    SELECT customer_id,
        jsonb_path_query_first(
            external_ids, '$[*] ? (@.system == $system).id', jsonb_build_object('system', $3::text)
        ) #>> '{}' AS external_id
    FROM customers
    WHERE customer_id > $1 AND record_status IS DISTINCT FROM 'merged'
    ORDER BY customer_id
) AS known
WHERE external_id IS NOT NULL
LIMIT $2
"""


async def list_profile_ids(
    connection: Connection, external_system: str | None, after: UUID, limit: int
) -> dict[UUID, str | None]:
    """The next customers after an id, with their id in the other system."""
    if external_system is None:
        rows = await connection.fetch(_ALL, after, limit)
    else:
        rows = await connection.fetch(_OF_SYSTEM, after, limit, external_system)
    return {row["customer_id"]: row["external_id"] for row in rows}
