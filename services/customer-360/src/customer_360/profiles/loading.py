"""Loads the rows of many customers at once: a constant number of statements."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from shared.db import Connection

from customer_360.commitments.store import COMMITMENTS
from customer_360.customers.store import CUSTOMERS
from customer_360.deals.store import DEALS
from customer_360.leads.fold import Lead
from customer_360.leads.store import LEADS
from customer_360.merged import list_owners
from customer_360.orders import store as orders
from customer_360.profiles.figures import Basis, Yardstick
from customer_360.tickets.store import CLOCKS, TICKETS
from customer_360.touches import store as touches
from customer_360.value.store import load_rfm_model

RowT = TypeVar("RowT")


async def hold_projection(connection: Connection) -> None:
    """Let no rebuild exchange the projected tables before this transaction ends.

    The first statement of a transaction that looks at several of them; it takes no snapshot yet.
    """
    await connection.execute("LOCK TABLE order_horizon IN ACCESS SHARE MODE")


async def load_bases(connection: Connection, customer_ids: Collection[UUID]) -> dict[UUID, Basis]:
    """What the figures of these customers follow from; also for ids of which nothing is known.

    What bears the id of a record that was merged counts for the customer that it is now.
    """
    customers = await CUSTOMERS.load(connection, customer_ids)
    owners = await list_owners(connection, customer_ids)
    order_sums = _by_owner(owners, await orders.list_sums(connection, owners))
    overdue_orders = _by_owner(owners, await orders.list_overdue(connection, owners))
    deals = _by_owner(owners, await DEALS.list_by(connection, "customer_id", owners))
    promised = await COMMITMENTS.list_by(connection, "customer_id", owners)
    commitments = _by_owner(owners, promised)
    tickets = _by_owner(owners, await TICKETS.list_by(connection, "customer_id", owners))
    clocks = _by_owner(owners, await CLOCKS.list_by(connection, "customer_id", owners))
    counts = await touches.list_counts(connection, customer_ids)
    messages = {count.customer_id: count for count in counts}
    return {
        one: Basis(
            customer_id=one,
            customer=customers.get(one),
            order_sums=order_sums[one],
            overdue_orders=overdue_orders[one],
            deals=deals[one],
            commitments=commitments[one],
            tickets=tickets[one],
            clocks=clocks[one],
            messages=messages.get(one),
        )
        for one in customer_ids
    }


async def load_leads(
    connection: Connection, customer_ids: Collection[UUID]
) -> Mapping[UUID, Sequence[Lead]]:
    """The leads that name these customers; what bears the id of a merged record counts likewise."""
    owners = await list_owners(connection, customer_ids)
    return _by_owner(owners, await LEADS.list_by(connection, "customer_id", owners))


async def load_yardstick(connection: Connection) -> Yardstick:
    """The model in force and the business day: the newest order's, at most today."""
    now = datetime.now(UTC)
    horizon = await orders.find_horizon(connection)
    return Yardstick(await load_rfm_model(connection), min(horizon or now, now))


def _by_owner(
    owners: Mapping[UUID, Sequence[UUID]], rows: Iterable[RowT]
) -> defaultdict[UUID, list[RowT]]:
    grouped: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        for owner in owners[getattr(row, "customer_id")]:  # noqa: B009 -- every row here has one
            grouped[owner].append(row)
    return grouped
