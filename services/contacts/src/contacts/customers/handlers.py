"""What is done with customers: each use case one transaction, reactions inside their batch's."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.cause import Cause
from shared.contracts.pipeline import DealReopened, DealWon, OrderConfirmed
from shared.db import Connection, Pool, transaction, with_retries
from shared.errors import Refusal
from shared.handovers import OwnerHasLeftError, require_employed, successors_of
from shared.http.requests import require_version
from shared.ids import new_id
from shared.merges import all_ids_of, current_ids

from contacts.changes import Change
from contacts.customers import store
from contacts.customers.domain import (
    ChangeOwner,
    Command,
    CreateCustomer,
    Customer,
    CustomerChange,
    ExternalIdIsTakenError,
    ExternalIdsOfSeveralError,
    UpdateCustomer,
    carry_out,
)
from contacts.customers.lifecycle import FollowFact
from contacts.duplicates import handlers as duplicates
from contacts.file_layout import EXTERNAL_ID, Batch, Tally
from contacts.file_rows import CustomerRow
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
            customer = await store.lock_customer(connection, customer_id)
            require_version(customer.version, if_match)
            change = carry_out(customer, command)
            await store.save_changes(connection, cause, [change])
            return change.after

    return await with_retries(attempt)


async def note_won_deal(connection: Connection, cause: Cause, won: DealWon) -> None:
    """A won deal makes a customer; one that is not there yet becomes it when it appears."""
    await store.save_won_deal(connection, won.deal_id, won.customer_id, won.won_at)
    command = FollowFact("deal-won", "customer", cause.at, "deal", won.deal_id)
    await follow(connection, cause, won.customer_id, command)


async def take_back_won_deal(connection: Connection, cause: Cause, reopened: DealReopened) -> None:
    """The customer is a prospect again, unless another won deal or an order says otherwise."""
    customer = (await _lock_current(connection, [reopened.customer_id])).get(reopened.customer_id)
    await store.delete_won_deal(connection, reopened.deal_id)
    if customer is None:
        return
    if await standing(connection, customer.state.customer_id, cause.at) is not None:
        return
    command = FollowFact("deal-reopened", "prospect", cause.at, "deal", reopened.deal_id)
    await store.save_changes(connection, cause, [carry_out(customer, command)])


async def standing(connection: Connection, customer_id: UUID, at: datetime) -> FollowFact | None:
    """The won deal or the order that makes this party a customer, whenever it was heard of.

    Both stay noted under the id that they came with: a merge that is undone takes none away.
    """
    ids = await all_ids_of(connection, customer_id)
    won = await store.find_won_deal(connection, ids)
    if won is not None:
        return FollowFact("deal-won", "customer", at, "deal", won[0])
    ordered = await store.find_first_order(connection, ids)
    if ordered is not None:
        return FollowFact("order-confirmed", "customer", at, "order", ordered[0])
    return None


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
    locked = await _lock_current(connection, customer_ids)
    missing = [customer_id for customer_id in customer_ids if customer_id not in locked]
    if missing:
        await store.lock_customers_to_come(connection, missing)
        locked |= await _lock_current(connection, missing)
    return locked


async def _lock_current(
    connection: Connection, customer_ids: Collection[UUID]
) -> dict[UUID, Customer]:
    """Once more where one was merged while we waited for its lock."""
    current = await current_ids(connection, customer_ids)
    locked = await store.lock_customers(connection, set(current.values()))
    if any(customer.state.record_status == "merged" for customer in locked.values()):
        current = await current_ids(connection, customer_ids)
        locked = await store.lock_customers(connection, set(current.values()))
    return {old_id: locked[new_id] for old_id, new_id in current.items() if new_id in locked}


async def note_orders(
    connection: Connection, orders: Sequence[tuple[OrderConfirmed, Cause]]
) -> None:
    """The first order of a prospect or a dormant customer makes it a customer.

    A constant number of statements, however many orders: nearly all are not the first.
    """
    causes: Mapping[UUID, Cause] = {order.order_id: cause for order, cause in orders}
    first = await store.note_first_orders(
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


_NOT_UPDATED = frozenset({"source", "owner_id"})
"""Where a customer came from stays; who owns it is a fact of its own."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database, and the rows so far, say about a block's customers."""

    ids: dict[tuple[str, str], UUID]
    customers: dict[UUID, Customer]
    left: Collection[str]


async def import_customers(
    connection: Connection, batch: Batch, rows: Sequence[CustomerRow], tally: Tally
) -> None:
    """Rows of a file, each decided exactly as the API decides; only reading and writing is bulk."""
    known = await _what_is_known(connection, batch, rows)
    changes: dict[UUID, CustomerChange] = {}
    for row in rows:
        try:
            change = _imported(batch, row, known)
        except Refusal as refused:
            tally.reject(row.number, _first_name(row), refused.code())
            continue
        _count(tally, change)
        customer_id = change.after.state.customer_id
        known.customers[customer_id] = change.after
        known.ids.update(dict.fromkeys(_names(row), customer_id))
        earlier = changes.get(customer_id)
        changes[customer_id] = earlier.then(change) if earlier else change
    if not batch.dry_run:
        await store.save_changes(connection, batch.cause, list(changes.values()))
        new = [customer_traits(c.after.state) for c in changes.values() if c.before is None]
        await duplicates.detect(connection, batch.cause, store.load_traits, new, "import")


async def _what_is_known(
    connection: Connection, batch: Batch, rows: Sequence[CustomerRow]
) -> _Known:
    ids = await store.find_by_external_ids(
        connection, [name for row in rows for name in _names(row)]
    )
    wanted = set(ids.values()) if batch.mode == "upsert" else set[UUID]()
    owners = {row.said.owner_id for row in rows if row.said.owner_id}
    left = await successors_of(connection, owners) if owners else {}
    return _Known(ids, await store.lock_customers(connection, wanted) if wanted else {}, left)


def _imported(batch: Batch, row: CustomerRow, known: _Known) -> CustomerChange:
    if row.said.owner_id in known.left:
        raise OwnerHasLeftError
    owners = {known.ids[name] for name in _names(row) if name in known.ids}
    if owners and batch.mode == "create":
        raise ExternalIdIsTakenError
    if len(owners) > 1:
        raise ExternalIdsOfSeveralError
    customer = known.customers[owners.pop()] if owners else None
    return carry_out(customer, *_commands(batch, row, customer))


def _names(row: CustomerRow) -> list[tuple[str, str]]:
    return [(named.system, named.id) for named in row.said.external_ids]


def _first_name(row: CustomerRow) -> str | None:
    named = row.said.external_ids
    return EXTERNAL_ID + named[0].system if named else None


def _commands(batch: Batch, row: CustomerRow, customer: Customer | None) -> Sequence[Command]:
    said = row.said.given()
    if customer is None:
        return [CreateCustomer(new_id(), said, batch.cause.at, batch.import_id)]
    profile = {name: value for name, value in said.items() if name not in _NOT_UPDATED}
    update = UpdateCustomer(profile, batch.import_id)
    if row.said.owner_id is None:
        return [update]
    return [update, ChangeOwner(row.said.owner_id, "import")]


def _count(tally: Tally, change: CustomerChange) -> None:
    if change.before is None:
        tally.created += 1
    elif change.facts:
        tally.updated += 1
    else:
        tally.unchanged += 1
