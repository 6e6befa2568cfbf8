"""What a merge without a person depends on: what may be bought by whom."""

from collections.abc import Collection
from uuid import UUID

from shared.aliases import NAMED
from shared.db import Connection

from contacts.auto_merges.domain import OpenDeal

_DEALS = f"""
WITH {NAMED}
SELECT named.current_id AS customer_id, deal.amount, deal.currency
FROM named JOIN customer_deals AS deal ON deal.customer_id = named.id
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
