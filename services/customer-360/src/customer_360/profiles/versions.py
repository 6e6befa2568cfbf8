"""`min_version`: wait a little until the view shows what the caller has just written elsewhere."""

import asyncio
import time
from collections.abc import Sequence
from uuid import UUID

from shared.db import Pool
from shared.errors import InvalidError

from customer_360.commitments.store import COMMITMENTS
from customer_360.customers.store import CUSTOMERS
from customer_360.deals.store import DEALS
from customer_360.duplicates.store import DUPLICATES
from customer_360.handovers.store import HANDOVERS
from customer_360.households.store import HOUSEHOLDS
from customer_360.interactions.store import INTERACTIONS
from customer_360.leads.store import LEADS
from customer_360.orders.store import ORDERS
from customer_360.partners.store import PARTNERS
from customer_360.people.store import CONSENTS, CONTACTS, IDENTITIES, SUPPRESSIONS
from customer_360.preferences.store import PREFERENCES
from customer_360.privacy_requests.store import PRIVACY_REQUESTS
from customer_360.relationships.store import RELATIONSHIPS
from customer_360.tickets.store import CLOCKS, SURVEYS, TICKETS
from customer_360.touches.store import CAMPAIGNS, MESSAGES, RESPONSES

WAIT_SECONDS = 2.0
POLL_SECONDS = 0.03
_BIGINT_DIGITS = 18

TABLES = (
    CUSTOMERS,
    CONTACTS,
    CONSENTS,
    SUPPRESSIONS,
    IDENTITIES,
    DUPLICATES,
    LEADS,
    DEALS,
    COMMITMENTS,
    ORDERS,
    TICKETS,
    CLOCKS,
    SURVEYS,
    CAMPAIGNS,
    MESSAGES,
    RESPONSES,
    HANDOVERS,
    PRIVACY_REQUESTS,
    INTERACTIONS,
    PREFERENCES,
    RELATIONSHIPS,
    HOUSEHOLDS,
    PARTNERS,
)
"""Every projected table: what a version can be waited for in."""

_MISSING = f"""
SELECT EXISTS (
    SELECT 1 FROM unnest($1::uuid[], $2::bigint[]) AS wanted (id, version)
    WHERE NOT EXISTS ({
    " UNION ALL ".join(
        f"SELECT 1 FROM {table.name} AS stored"
        f" WHERE stored.{table.key} = wanted.id AND stored.version >= wanted.version"
        for table in TABLES
    )
})
)
"""

Wanted = tuple[UUID, int]


class MinVersionInvalidError(InvalidError):
    """A version to wait for is `<aggregate id>:<version>`, or the customer's own version."""


def read_wanted(customer_id: UUID, texts: Sequence[str]) -> list[Wanted]:
    """The versions that a caller wants to see."""
    return [_wanted(customer_id, text) for text in texts]


def _wanted(customer_id: UUID, text: str) -> Wanted:
    aggregate, _, version = text.rpartition(":")
    if not (version.isascii() and version.isdigit() and len(version) <= _BIGINT_DIGITS):
        raise MinVersionInvalidError(field="min_version")
    try:
        return (UUID(aggregate) if aggregate else customer_id), int(version)
    except ValueError as error:
        raise MinVersionInvalidError(field="min_version") from error


async def wait_for(pool: Pool, wanted: Sequence[Wanted]) -> bool:
    """Wait at most `WAIT_SECONDS`; answers whether every version has arrived."""
    deadline = time.monotonic() + WAIT_SECONDS
    ids, versions = [one for one, _ in wanted], [version for _, version in wanted]
    while await pool.fetchval(_MISSING, ids, versions):
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True
