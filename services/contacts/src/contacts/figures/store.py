"""The tables of figures: guarded rows in, one statement a batch."""

from collections.abc import Sequence
from dataclasses import fields

from shared.aliases import NAMED
from shared.db import Connection

from contacts.figures.domain import DealRow, OrderRow, Row, SurveyRow, TicketRow, newest_of_each

_TABLES: dict[type[Row], tuple[str, tuple[str, ...]]] = {
    OrderRow: (
        "customer_orders",
        ("text", "numeric", "text", "timestamptz", "timestamptz", "timestamptz"),
    ),
    DealRow: ("customer_deals", ("text", "numeric", "text", "int", "timestamptz")),
    TicketRow: ("customer_tickets", ("timestamptz", "boolean")),
    SurveyRow: ("customer_surveys", ("text", "int", "timestamptz")),
}
"""The table of each row and the types of its columns after key, version and customer."""


def _upsert_of(row: type[Row]) -> str:
    """Whose row it is changes by a merge only; what a fact does not say stays as it is."""
    table, types = _TABLES[row]
    names = [field.name for field in fields(row)]
    arrays = ", ".join(
        f"${number}::{sql_type}[]"
        for number, sql_type in enumerate(("uuid", "bigint", "uuid", *types), start=1)
    )
    kept = ", ".join(f"{name} = coalesce(excluded.{name}, t.{name})" for name in names[3:])
    return f"""
        INSERT INTO {table} AS t ({", ".join(names)}) SELECT * FROM unnest({arrays})
        ON CONFLICT ({names[0]}) DO UPDATE SET version = excluded.version, {kept}
        WHERE t.version < excluded.version
    """


IDS_OF_EACH = f"""{NAMED}, ids_of_each AS (
    SELECT current_id AS customer_id, array_agg(id) AS ids FROM named GROUP BY current_id
)"""
"""Behind WITH: the ids by which the rows of these customers ($1) may name them.

A merge moves what is there; what comes later by an old id stays under it, and is its own again
when the merge is undone.
"""

_UPSERTS = {row: _upsert_of(row) for row in _TABLES}
_ORDERS = 5_090_001
"""The advisory lock of those who hear of orders and those who decide by them."""


async def share_orders(connection: Connection) -> None:
    """Write orders while nobody decides by them: who does so next sees them, who did is seen."""
    await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", _ORDERS)


async def lock_orders(connection: Connection) -> None:
    """Decide by orders (a limit, a dormancy) while nobody writes any."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _ORDERS)


async def save_rows(connection: Connection, rows: Sequence[Row]) -> None:
    """Keep what is newer than what is known, all of one kind; in the order of the keys."""
    if not rows:
        return
    names = [field.name for field in fields(rows[0])]
    ordered = sorted(newest_of_each(rows), key=lambda row: str(getattr(row, names[0])))
    columns = [[getattr(row, name) for row in ordered] for name in names]
    await connection.execute(_UPSERTS[type(rows[0])], *columns)
