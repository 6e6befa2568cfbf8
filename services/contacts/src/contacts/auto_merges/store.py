"""What a merge without a person depends on: who is in the customers, and what they may buy."""

from collections.abc import Collection
from uuid import UUID

from shared.db import Connection

from contacts.auto_merges.domain import OpenDeal

_DEALS = """
SELECT amount, currency FROM customer_deals
WHERE customer_id = ANY($1::uuid[]) AND coalesce(status, 'open') = 'open'
"""


async def list_open_deals(connection: Connection, customer_ids: Collection[UUID]) -> list[OpenDeal]:
    """Those that are not known to be won or lost."""
    rows = await connection.fetch(_DEALS, list(customer_ids))
    return [OpenDeal(row["amount"], row["currency"]) for row in rows]
