"""What a merge without a person depends on: what may be bought by whom."""

from collections.abc import Collection
from uuid import UUID

from shared.db import Connection

from contacts.auto_merges.domain import OpenDeal

_DEALS = """
WITH RECURSIVE ids (customer_id, id) AS (
    SELECT id, id FROM unnest($1::uuid[]) AS id
    UNION
    SELECT ids.customer_id, a.old_id
    FROM ids JOIN aliases AS a ON a.into_id = ids.id AND a.ended_at IS NULL
)
SELECT ids.customer_id, deal.amount, deal.currency
FROM ids JOIN customer_deals AS deal ON deal.customer_id = ids.id
WHERE coalesce(deal.status, 'open') = 'open'
"""


async def list_open_deals(
    connection: Connection, customer_ids: Collection[UUID]
) -> dict[UUID, list[OpenDeal]]:
    """By customer those that are not known to be won or lost, by any id that it ever had."""
    found: dict[UUID, list[OpenDeal]] = {}
    for row in await connection.fetch(_DEALS, list(customer_ids)):
        deal = OpenDeal(row["amount"], row["currency"])
        found.setdefault(row["customer_id"], []).append(deal)
    return found
