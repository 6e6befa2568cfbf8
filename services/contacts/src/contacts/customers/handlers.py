"""What is done with customers: each use case one transaction, reactions inside their batch's."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from shared.aliases import all_ids_of, ids_of_each
from shared.cause import Cause
from shared.contracts.pipeline import DealReopened, DealWon, OrderConfirmed
from shared.db import Connection, Pool, transaction, with_retries
from shared.handovers import require_employed

from contacts.changes import Change
from contacts.current import lock_current, require_seen
from contacts.customers import purchases, store
from contacts.customers.domain import (
    Command,
    CreateCustomer,
    Customer,
    CustomerNotFoundError,
    carry_out,
)
from contacts.customers.lifecycle import FollowFact
from contacts.customers.places import ChangeOwner
from contacts.duplicates import handlers as duplicates
from contacts.matching.subjects import customer_traits


async def create_customer(
    pool: Pool, cause: Cause, command: CreateCustomer, forced_for: str | None = None
) -> Customer:
    """Create it, unless it is surely there already and nobody says why it is another."""

    async def attempt() -> Customer:
        async with transaction(pool) as connection:
            existing = await store.find_customer(connection, command.customer_id)
            if existing is None:
                await require_employed(connection, command.profile.get("owner_id"))
            change = carry_out(existing, command)
            if not change.facts:
                return change.after
            await store.save_changes(connection, cause, [change])
            new = customer_traits(change.after.state)
            await duplicates.check_new(connection, cause, store.load_traits, new, forced_for)
            return change.after

    return await with_retries(attempt)


async def change_customer(
    pool: Pool, cause: Cause, customer_id: UUID, command: Command, if_match: int | None = None
) -> Customer:
    """Update it, change its owner, or move it in its lifecycle."""

    async def attempt() -> Customer:
        async with transaction(pool) as connection:
            if isinstance(command, ChangeOwner):
                await require_employed(connection, command.owner_id)
            customer = await lock_customer(connection, customer_id, if_match)
            change = carry_out(customer, command)
            await store.save_changes(connection, cause, [change])
            return change.after

    return await with_retries(attempt)


async def lock_customer(
    connection: Connection, customer_id: UUID, if_match: int | None = None
) -> Customer:
    """The customer that this id means now, locked, as the caller has seen it, if they say so."""
    locked = await lock_current(connection, store.lock_customers, [customer_id])
    if customer_id not in locked:
        raise CustomerNotFoundError(customer_id=customer_id)
    customer = locked[customer_id]
    require_seen(customer_id, customer.state.customer_id, customer.version, if_match)
    return customer


async def note_won_deal(connection: Connection, cause: Cause, won: DealWon) -> None:
    """A won deal makes a customer; one that is not there yet becomes it when it appears."""
    await purchases.save_won_deal(connection, won.deal_id, won.customer_id, won.won_at)
    command = FollowFact("deal-won", "customer", cause.at, "deal", won.deal_id)
    await follow(connection, cause, won.customer_id, command)


async def take_back_won_deal(connection: Connection, cause: Cause, reopened: DealReopened) -> None:
    """The customer is a prospect again, unless another won deal or an order says otherwise.

    So is whoever it was won under, where a merge was undone since and took the deal elsewhere.
    """
    noted = await purchases.find_winner(connection, reopened.deal_id)
    ids = {reopened.customer_id} if noted is None else {reopened.customer_id, noted}
    locked = await lock_current(connection, store.lock_customers, ids)
    await purchases.delete_won_deal(connection, reopened.deal_id)
    command = FollowFact("deal-reopened", "prospect", cause.at, "deal", reopened.deal_id)
    concerned = {customer.state.customer_id: customer for customer in locked.values()}
    changes = [
        carry_out(customer, command)
        for customer_id, customer in concerned.items()
        if await standing(connection, customer_id, cause.at) is None
    ]
    await store.save_changes(connection, cause, changes)


async def standing(connection: Connection, customer_id: UUID, at: datetime) -> FollowFact | None:
    """The won deal or the order that makes this party a customer, whenever it was heard of.

    Both stay noted under the id that they came with: a merge that is undone takes none away.
    """
    ids = await all_ids_of(connection, customer_id)
    won = await purchases.find_won_deal(connection, ids)
    if won is not None:
        return FollowFact("deal-won", "customer", at, "deal", won[0])
    ordered = await purchases.find_first_order(connection, ids)
    if ordered is not None:
        return FollowFact("order-confirmed", "customer", at, "order", ordered[0])
    return None


async def find_standing(connection: Connection, customer_ids: Collection[UUID]) -> set[UUID]:
    """Those of these whom a won deal or an order makes a customer, by whatever id."""
    named = await ids_of_each(connection, customer_ids)
    buyers = await purchases.find_buyers(connection, set[UUID]().union(*named.values()))
    return {customer_id for customer_id, ids in named.items() if ids & buyers}


async def follow(
    connection: Connection, cause: Cause, customer_id: UUID, command: FollowFact
) -> None:
    locked = await lock_known_customers(connection, [customer_id])
    changes = [carry_out(customer, command) for customer in locked.values()]
    await store.save_changes(connection, cause, changes)


async def lock_known_customers(
    connection: Connection, customer_ids: Collection[UUID]
) -> dict[UUID, Customer]:
    """Lock whom these ids mean, after waiting for whoever creates one of the others just now.

    What this transaction noted of the still missing ones is visible to their creator after it.
    Answers by the ids that were asked for: several may mean one customer.
    """
    locked = await lock_current(connection, store.lock_customers, customer_ids)
    missing = [customer_id for customer_id in customer_ids if customer_id not in locked]
    if missing:
        await store.lock_customers_to_come(connection, missing)
        locked |= await lock_current(connection, store.lock_customers, missing)
    return locked


async def note_orders(
    connection: Connection, orders: Sequence[tuple[OrderConfirmed, Cause]]
) -> None:
    """The first order of a prospect or a dormant customer makes it a customer.

    A constant number of statements, however many orders: nearly all are not the first.
    """
    causes: Mapping[UUID, Cause] = {order.order_id: cause for order, cause in orders}
    first = await purchases.note_first_orders(
        connection,
        [(order.customer_id, order.order_id, order.ordered_at) for order, _ in orders],
    )
    if not first:
        return
    locked = await lock_known_customers(connection, first)
    earliest: dict[UUID, tuple[OrderConfirmed, Customer]] = {}
    for order in sorted((order for order, _ in orders), key=lambda each: each.ordered_at):
        customer = locked.get(order.customer_id)
        if customer is not None:
            earliest.setdefault(customer.state.customer_id, (order, customer))
    changes: list[Change[Customer]] = []
    for order, customer in earliest.values():
        cause = causes[order.order_id]
        command = FollowFact("order-confirmed", "customer", cause.at, "order", order.order_id)
        change = carry_out(customer, command)
        changes.append(Change(change.before, change.after, change.facts, cause))
    await store.save_changes(connection, orders[0][1], changes)
