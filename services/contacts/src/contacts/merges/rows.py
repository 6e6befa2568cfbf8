"""Rows that name a party and tell no facts of it: moved by a merge, returned by its undoing.

What was bought, asked, said and learned goes to the record that stays; which row was whose is kept
with the merge, so that just these go back.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from shared.contracts.values import Party
from shared.db import Connection, rows_affected
from shared.failpoints import Failpoint

_AFTER_ROWS = Failpoint("merge.after-rows")
_AFTER_RETURN = Failpoint("merge.after-return")

MovedRows: TypeAlias = Mapping[str, Sequence[tuple[UUID, UUID]]]
"""By table, the id of each row and whose it was."""

_TABLES: Mapping[Party, Mapping[str, str]] = {
    "customer": {
        "interactions": "interaction_id",
        "customer_orders": "order_id",
        "customer_deals": "deal_id",
        "customer_tickets": "ticket_id",
        "customer_surveys": "survey_id",
        "preferences": "preference_id",
    },
    "contact": {"preferences": "preference_id"},
}

_MOVE = """
WITH named AS (
    SELECT {key} AS row_id, {party}_id AS from_id FROM {table}
    WHERE {party}_id = ANY($1::uuid[]) ORDER BY {key} FOR UPDATE
)
UPDATE {table} AS t SET {party}_id = $2 FROM named WHERE t.{key} = named.row_id
RETURNING named.row_id, named.from_id
"""
_RETURN = """
UPDATE {table} AS t SET {party}_id = moved.from_id
FROM unnest($1::uuid[], $2::uuid[]) AS moved (row_id, from_id)
WHERE t.{key} = moved.row_id AND t.{party}_id = $3
"""
_COUNT = "SELECT count(*) FROM {table} WHERE {party}_id = ANY($1::uuid[])"
_MOVE_TALKS = """
WITH named AS (
    SELECT interaction_id, contact_ids FROM interactions
    WHERE contact_ids && $1::uuid[] ORDER BY interaction_id FOR UPDATE
)
UPDATE interactions AS t SET contact_ids = (
    SELECT array_agg(id ORDER BY place) FROM (
        SELECT CASE WHEN id = ANY($1::uuid[]) THEN $2 ELSE id END AS id, min(place) AS place
        FROM unnest(named.contact_ids) WITH ORDINALITY AS one (id, place) GROUP BY 1) AS each)
FROM named WHERE t.interaction_id = named.interaction_id
RETURNING t.interaction_id, named.contact_ids AS before, t.contact_ids AS after
"""
_RETURN_TALKS = """
UPDATE interactions AS t SET contact_ids = moved.before
FROM jsonb_to_recordset($1::jsonb) AS moved (interaction_id uuid, before uuid[], after uuid[])
WHERE t.interaction_id = moved.interaction_id AND t.contact_ids = moved.after
"""
_COUNT_TALKS = "SELECT count(*) FROM interactions WHERE contact_ids && $1::uuid[]"


async def move_rows(
    connection: Connection, party: Party, merged_ids: Sequence[UUID], survivor_id: UUID
) -> dict[str, list[tuple[UUID, UUID]]]:
    """What these had is the survivor's from now on."""
    moved: dict[str, list[tuple[UUID, UUID]]] = {}
    for table, key in _TABLES[party].items():
        statement = _MOVE.format(table=table, key=key, party=party)
        rows = await connection.fetch(statement, list(merged_ids), survivor_id)
        moved[table] = [(row["row_id"], row["from_id"]) for row in rows]
    _AFTER_ROWS.reach()
    return moved


async def return_rows(
    connection: Connection, party: Party, moved: MovedRows, survivor_id: UUID
) -> None:
    """Each is whose it was, unless it has gone on to somebody else since."""
    for table, rows in moved.items():
        statement = _RETURN.format(table=table, key=_TABLES[party][table], party=party)
        row_ids, owners = [row_id for row_id, _ in rows], [owner for _, owner in rows]
        await connection.execute(statement, row_ids, owners, survivor_id)
    _AFTER_RETURN.reach()


async def move_talks(
    connection: Connection, merged_ids: Sequence[UUID], survivor_id: UUID
) -> list[dict[str, Any]]:
    """Interactions with these people were with the survivor; answers with whom they were before."""
    rows = await connection.fetch(_MOVE_TALKS, list(merged_ids), survivor_id)
    return [dict(row) for row in rows]


async def return_talks(connection: Connection, moved: Sequence[Mapping[str, Any]]) -> int:
    """They were with whom they were before, unless that was corrected since."""
    return rows_affected(await connection.execute(_RETURN_TALKS, json.dumps(moved)))


async def count_rows(
    connection: Connection, party: Party, merged_ids: Sequence[UUID]
) -> dict[str, int]:
    """How many rows of each table a merge would move."""
    counts = {
        table: await connection.fetchval(_COUNT.format(table=table, party=party), list(merged_ids))
        for table in _TABLES[party]
    }
    if party == "contact":
        counts["interactions"] = await connection.fetchval(_COUNT_TALKS, list(merged_ids))
    return counts


def moved_rows_of(kept: Mapping[str, Mapping[str, Sequence[tuple[str, str]]]]) -> MovedRows:
    """The same from what was kept as JSON."""
    return {
        table: [(UUID(row_id), UUID(owner)) for row_id, owner in rows]
        for table, rows in kept["rows"].items()
    }


def relationships_of(kept: Mapping[str, Any]) -> list[tuple[UUID, UUID | None]]:
    """Which relationships ended by a merge, and what each has become; before, none did."""
    return [
        (UUID(old_id), UUID(new_id) if new_id else None)
        for old_id, new_id in kept.get("relationships", ())
    ]
