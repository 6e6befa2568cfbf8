"""Loads the rows of many customers at once: a constant number of statements."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from shared.db import Connection

from customer_360.customers.store import CUSTOMERS
from customer_360.deals.store import DEALS
from customer_360.leads.store import list_leads_of
from customer_360.orders import store as orders
from customer_360.people.store import CONSENTS, list_active_suppressions, list_contacts_of
from customer_360.profiles.assembly import Known
from customer_360.profiles.figures import Basis, Yardstick
from customer_360.profiles.store import load_versions
from customer_360.sources.progress import End, load_progress
from customer_360.tickets.store import CLOCKS, SURVEYS, TICKETS
from customer_360.touches import store as touches
from customer_360.value.store import load_rfm_model

TOUCHES = 20
RECENT_ORDERS = 20

RowT = TypeVar("RowT")


async def load_bases(connection: Connection, customer_ids: Collection[UUID]) -> dict[UUID, Basis]:
    """What the figures of these customers follow from; also for ids of which nothing is known."""
    customers = await CUSTOMERS.load(connection, customer_ids)
    order_sums = _by_customer(await orders.list_sums(connection, customer_ids))
    deals = _by_customer(await DEALS.list_by(connection, "customer_id", customer_ids))
    tickets = _by_customer(await TICKETS.list_by(connection, "customer_id", customer_ids))
    clocks = _by_customer(await CLOCKS.list_by(connection, "customer_id", customer_ids))
    counts = await touches.list_counts(connection, customer_ids)
    messages = {count.customer_id: count for count in counts}
    return {
        one: Basis(
            customer_id=one,
            customer=customers.get(one),
            order_sums=order_sums[one],
            deals=deals[one],
            tickets=tickets[one],
            clocks=clocks[one],
            messages=messages.get(one),
        )
        for one in customer_ids
    }


async def find_known(
    connection: Connection, customer_id: UUID, ends: Sequence[End]
) -> Known | None:
    """Every row of one customer; None where no fact has named it yet."""
    versions = await load_versions(connection, [customer_id])
    if customer_id not in versions:
        return None
    bases = await load_bases(connection, [customer_id])
    people = await list_contacts_of(connection, [customer_id])
    contact_ids = [contact.contact_id for contact in people]
    hashes = [one for contact in people for one in contact.subject_hashes]
    messages = await touches.list_messages_of(connection, customer_id, contact_ids, TOUCHES)
    campaign_ids = {message.campaign_id for message in messages if message.campaign_id}
    return Known(
        profile_version=versions[customer_id],
        basis=bases[customer_id],
        people=people,
        consents=await CONSENTS.list_by(connection, "contact_id", contact_ids) if people else [],
        suppressions=await list_active_suppressions(connection, hashes) if hashes else [],
        leads=await list_leads_of(connection, customer_id, contact_ids),
        recent_orders=await orders.list_recent(connection, customer_id, RECENT_ORDERS),
        surveys=await SURVEYS.list_by(connection, "customer_id", [customer_id]),
        messages=messages,
        responses=await touches.list_responses_of(connection, customer_id, contact_ids, TOUCHES),
        campaigns=await touches.CAMPAIGNS.load(connection, campaign_ids) if campaign_ids else {},
        as_of=await load_progress(connection, ends),
    )


async def load_yardstick(connection: Connection) -> Yardstick:
    """The model in force and the business day: the newest order's, at most today."""
    now = datetime.now(UTC)
    horizon = await orders.find_horizon(connection)
    return Yardstick(await load_rfm_model(connection), min(horizon or now, now))


def _by_customer(rows: Iterable[RowT]) -> defaultdict[UUID, list[RowT]]:
    grouped: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        grouped[getattr(row, "customer_id")].append(row)  # noqa: B009 -- every row here has one
    return grouped
