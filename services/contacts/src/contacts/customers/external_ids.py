"""What other systems call customers: each name belongs to one of them."""

from collections.abc import Sequence
from uuid import UUID

from shared.db import Connection, refusing

from contacts.customers.domain import CustomerChange, ExternalIdIsTakenError

_FIND_BY_EXTERNAL_IDS = """
SELECT system, id, customer_id
FROM external_ids JOIN unnest($1::text[], $2::text[]) AS wanted (system, id) USING (system, id)
"""
_SYSTEMS = """
WITH RECURSIVE systems AS (
    (SELECT system FROM external_ids ORDER BY system LIMIT 1)
    UNION ALL
    SELECT (SELECT system FROM external_ids WHERE system > known.system ORDER BY system LIMIT 1)
    FROM systems AS known WHERE known.system IS NOT NULL
)
SELECT system FROM systems WHERE system IS NOT NULL
"""


async def list_systems(connection: Connection) -> list[str]:
    """The systems that name any customer; one look into the index for each."""
    return [row["system"] for row in await connection.fetch(_SYSTEMS)]


async def find_by_external_ids(
    connection: Connection, names: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], UUID]:
    """Which customer each external id belongs to; ids that nobody has are absent."""
    if not names:
        return {}
    rows = await connection.fetch(
        _FIND_BY_EXTERNAL_IDS, [system for system, _ in names], [name for _, name in names]
    )
    return {(row["system"], row["id"]): row["customer_id"] for row in rows}


async def save_external_ids(connection: Connection, changes: Sequence[CustomerChange]) -> None:
    """Write those that differ; the caller holds the customers' locks.

    Raises `ExternalIdIsTakenError` where a name is another's.
    """
    await _delete_gone(connection, changes)
    await _insert_added(connection, changes)


async def _delete_gone(connection: Connection, changes: Sequence[CustomerChange]) -> None:
    """Those that a record lost to another: before the other gets them."""
    gone = [
        (named.system, named.id)
        for change in changes
        if change.before is not None
        for named in change.before.state.external_ids
        if named not in change.after.state.external_ids
    ]
    if gone:
        systems, ids = zip(*gone, strict=True)
        await connection.execute(
            "DELETE FROM external_ids USING unnest($1::text[], $2::text[]) AS gone (system, id)"
            " WHERE external_ids.system = gone.system AND external_ids.id = gone.id",
            list(systems),
            list(ids),
        )


async def _insert_added(connection: Connection, changes: Sequence[CustomerChange]) -> None:
    added = [
        (named.system, named.id, change.after.state.customer_id)
        for change in changes
        for named in change.after.state.external_ids
        if change.before is None or named not in change.before.state.external_ids
    ]
    if added:
        with refusing({"external_ids_pkey": ExternalIdIsTakenError}):
            await connection.copy_records_to_table(
                "external_ids", records=added, columns=("system", "id", "customer_id")
            )
