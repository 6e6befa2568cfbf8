"""What shows that a customer buys: the deals that were won, and its first order."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from shared.db import Connection

_NOTE_FIRST_ORDERS = """
INSERT INTO first_orders (customer_id, order_id, confirmed_at)
SELECT DISTINCT ON (customer_id) customer_id, order_id, confirmed_at
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS new (customer_id, order_id, confirmed_at)
ORDER BY customer_id, confirmed_at
ON CONFLICT (customer_id) DO NOTHING
RETURNING customer_id
"""


async def save_won_deal(
    connection: Connection, deal_id: UUID, customer_id: UUID, won_at: datetime
) -> None:
    await connection.execute(
        """
        INSERT INTO won_deals (deal_id, customer_id, won_at) VALUES ($1, $2, $3)
        ON CONFLICT (deal_id) DO UPDATE
        SET customer_id = excluded.customer_id, won_at = excluded.won_at
        """,
        deal_id,
        customer_id,
        won_at,
    )


async def find_winner(connection: Connection, deal_id: UUID) -> UUID | None:
    """Under whose id a deal was won, if it is won."""
    customer_id: UUID | None = await connection.fetchval(
        "SELECT customer_id FROM won_deals WHERE deal_id = $1", deal_id
    )
    return customer_id


async def delete_won_deal(connection: Connection, deal_id: UUID) -> None:
    await connection.execute("DELETE FROM won_deals WHERE deal_id = $1", deal_id)


async def find_won_deal(
    connection: Connection, ids: Sequence[UUID]
) -> tuple[UUID, datetime] | None:
    """The first deal that this customer's being one rests on, by all the ids that mean it."""
    row = await connection.fetchrow(
        "SELECT deal_id, won_at FROM won_deals WHERE customer_id = ANY($1::uuid[])"
        " ORDER BY won_at LIMIT 1",
        ids,
    )
    return (row["deal_id"], row["won_at"]) if row else None


async def find_buyers(connection: Connection, ids: Collection[UUID]) -> set[UUID]:
    """Those of these ids under which a deal was won or something was ordered."""
    rows = await connection.fetch(
        "SELECT customer_id FROM won_deals WHERE customer_id = ANY($1::uuid[])"
        " UNION SELECT customer_id FROM first_orders WHERE customer_id = ANY($1::uuid[])",
        list(ids),
    )
    return {row["customer_id"] for row in rows}


async def find_first_order(
    connection: Connection, ids: Sequence[UUID]
) -> tuple[UUID, datetime] | None:
    row = await connection.fetchrow(
        "SELECT order_id, confirmed_at FROM first_orders WHERE customer_id = ANY($1::uuid[])"
        " ORDER BY confirmed_at LIMIT 1",
        ids,
    )
    return (row["order_id"], row["confirmed_at"]) if row else None


async def note_first_orders(
    connection: Connection, orders: Sequence[tuple[UUID, UUID, datetime]]
) -> set[UUID]:
    """Note (customer, order, time) of customers that had no order; answers which those are."""
    rows = await connection.fetch(
        _NOTE_FIRST_ORDERS, *(list(column) for column in zip(*orders, strict=True))
    )
    return {row["customer_id"] for row in rows}
