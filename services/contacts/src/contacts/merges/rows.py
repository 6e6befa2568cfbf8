"""Rows that name a customer and tell no facts of it: moved by a merge, returned by its undoing.

What was bought, asked, said and learned goes to the customer that stays; which row was whose is
kept with the merge, so that just these go back.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias
from uuid import UUID

from shared.db import Connection

MovedRows: TypeAlias = Mapping[str, Sequence[tuple[UUID, UUID]]]
"""By table, the id of each row and whose it was."""

_TABLES = {
    "interactions": "interaction_id",
    "customer_orders": "order_id",
    "customer_deals": "deal_id",
    "customer_tickets": "ticket_id",
    "customer_surveys": "survey_id",
    "preferences": "preference_id",
}

_MOVE = """
WITH named AS (
    SELECT {key} AS row_id, customer_id AS from_id FROM {table}
    WHERE customer_id = ANY($1::uuid[]) ORDER BY {key} FOR UPDATE
)
UPDATE {table} AS t SET customer_id = $2 FROM named WHERE t.{key} = named.row_id
RETURNING named.row_id, named.from_id
"""
_RETURN = """
UPDATE {table} AS t SET customer_id = moved.from_id
FROM unnest($1::uuid[], $2::uuid[]) AS moved (row_id, from_id)
WHERE t.{key} = moved.row_id AND t.customer_id = $3
"""


async def move_rows(
    connection: Connection, merged_ids: Sequence[UUID], survivor_id: UUID
) -> dict[str, list[tuple[UUID, UUID]]]:
    """What these customers had is the survivor's from now on."""
    moved: dict[str, list[tuple[UUID, UUID]]] = {}
    for table, key in _TABLES.items():
        statement = _MOVE.format(table=table, key=key)
        rows = await connection.fetch(statement, list(merged_ids), survivor_id)
        moved[table] = [(row["row_id"], row["from_id"]) for row in rows]
    return moved


async def return_rows(connection: Connection, moved: MovedRows, survivor_id: UUID) -> None:
    """Each is whose it was, unless it has gone on to somebody else since."""
    for table, rows in moved.items():
        statement = _RETURN.format(table=table, key=_TABLES[table])
        row_ids, owners = [row_id for row_id, _ in rows], [owner for _, owner in rows]
        await connection.execute(statement, row_ids, owners, survivor_id)


def moved_rows_of(kept: Mapping[str, Mapping[str, Sequence[tuple[str, str]]]]) -> MovedRows:
    """The same from what was kept as JSON."""
    return {
        table: [(UUID(row_id), UUID(owner)) for row_id, owner in rows]
        for table, rows in kept["rows"].items()
    }
