"""The table of interactions; one that names no customer belongs to its people's."""

from collections.abc import Collection
from uuid import UUID

from shared.db import Connection

from customer_360.guarded import GuardedTable
from customer_360.interactions.fold import Interaction

INTERACTIONS = GuardedTable("interactions", Interaction)

_NEWEST = INTERACTIONS.select("""interaction_id IN (
    SELECT newest.interaction_id FROM unnest($1::uuid[]) AS wanted (customer_id)
    CROSS JOIN LATERAL (
        SELECT interaction_id FROM interactions
        WHERE interactions.customer_id = wanted.customer_id
        ORDER BY occurred_at DESC, interaction_id DESC LIMIT $2
    ) AS newest
) ORDER BY occurred_at DESC, interaction_id DESC""")


_NEWEST_FELT = INTERACTIONS.select("""interaction_id IN (
    SELECT newest.interaction_id FROM unnest($1::uuid[]) AS wanted (customer_id)
    CROSS JOIN LATERAL (
        SELECT interaction_id FROM interactions
        WHERE interactions.customer_id = wanted.customer_id AND sentiment IS NOT NULL
        ORDER BY occurred_at DESC, interaction_id DESC LIMIT $2
    ) AS newest
) ORDER BY occurred_at DESC, interaction_id DESC""")


async def list_newest(
    connection: Connection, customer_ids: Collection[UUID], limit: int
) -> list[Interaction]:
    """The newest of each of these customers, at most `limit` each."""
    return INTERACTIONS.rows_of(await connection.fetch(_NEWEST, list(customer_ids), limit))


async def list_newest_felt(
    connection: Connection, customer_ids: Collection[UUID], limit: int
) -> list[Interaction]:
    """The newest of each of these customers of which it was noted how they felt."""
    return INTERACTIONS.rows_of(await connection.fetch(_NEWEST_FELT, list(customer_ids), limit))
