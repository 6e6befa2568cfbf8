"""Mirroring orders in sets; the handlers run inside the consumer's transaction.

Locks are taken in one order, names, then waiting orders, then orders, by those who bring orders and
by those who bring customers. So no order waits for a customer who is there already.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from shared.aliases import current_ids
from shared.cause import Cause
from shared.db import Connection
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from pipeline.customers import store as customers
from pipeline.customers.domain import Customer, Ref
from pipeline.orders import store
from pipeline.orders.domain import (
    MirrorOrder,
    Order,
    Sighting,
    begun,
    decide,
    happened_at,
    mirrored,
    snapshot,
)
from pipeline.orders.store import WaitingOrder


async def mirror_orders(connection: Connection, sightings: Sequence[Sighting]) -> None:
    """Mirror what the ERP says of orders; what names an unknown customer waits for it."""
    owners = await _owners_of(connection, {seen.ref for seen in sightings})
    await store.drop_waiting(
        connection, {seen.order_id: seen.seen.revision for seen in sightings if seen.ref in owners}
    )
    await _mirror(connection, sightings, owners)


async def match_customers(
    connection: Connection, cause: Cause, arrived: Sequence[Customer]
) -> None:
    """Keep customers, and mirror the orders that have waited for them."""
    owners = await customers.save_customers(connection, arrived)
    waiting = await store.take_waiting(connection, owners)
    if waiting:
        owners = await _led_on(connection, owners)
        await _mirror(connection, [_continued(order, cause) for order in waiting], owners)


async def _owners_of(connection: Connection, refs: set[Ref]) -> dict[Ref, UUID]:
    known = await customers.find_refs(connection, refs)
    missing = refs - known.keys()
    owners = known | await customers.lock_refs(connection, missing) if missing else known
    return await _led_on(connection, owners)


async def _led_on(connection: Connection, owners: Mapping[Ref, UUID]) -> dict[Ref, UUID]:
    """The customers of these names as they are known now, where they were merged."""
    current = await current_ids(connection, set(owners.values()))
    return {ref: current[customer_id] for ref, customer_id in owners.items()}


async def _mirror(
    connection: Connection, sightings: Sequence[Sighting], owners: Mapping[Ref, UUID]
) -> None:
    before = await store.lock_orders(connection, (seen.order_id for seen in sightings))
    orders, facts, waiting = dict(before), list[Fact](), dict[UUID, Sighting]()
    for sighting in sightings:
        order = orders.get(sighting.order_id)
        customer_id = order.customer_id if order else owners.get(sighting.ref)
        if customer_id is None:
            _keep_newest(waiting, sighting)
        else:
            orders[sighting.order_id] = _apply(order, sighting, customer_id, facts)
    changed = [order for order_id, order in orders.items() if order != before.get(order_id)]
    if changed:
        await store.save_orders(connection, changed)
    if waiting:
        await store.insert_waiting(connection, list(waiting.values()))
    await outbox.append(connection, sightings[0].cause, [*facts, *_snapshots(orders, facts)])


def _snapshots(orders: Mapping[UUID, Order], facts: Sequence[Fact]) -> list[Fact]:
    """Each order that something happened to, once, as the last of its facts leaves it."""
    newest = {fact.event.record_key: fact for fact in facts}
    return [
        Fact(snapshot(orders[UUID(key)]), fact.version, fact.cause) for key, fact in newest.items()
    ]


def _apply(order: Order | None, sighting: Sighting, customer_id: UUID, facts: list[Fact]) -> Order:
    command = MirrorOrder(sighting.order_id, customer_id, sighting.seen)
    order = order or begun(command)
    events = decide(order, command)
    for version, event in enumerate(events, start=order.version + 1):
        facts.append(Fact(event, version, _at(happened_at(event, sighting.seen), sighting.cause)))
    return mirrored(order, command, events)


def _at(time: datetime, cause: Cause) -> Cause:
    return cause if cause.at == time else replace(cause, at=time)


def _keep_newest(waiting: dict[UUID, Sighting], sighting: Sighting) -> None:
    other = waiting.get(sighting.order_id)
    if other is None or other.seen.revision < sighting.seen.revision:
        waiting[sighting.order_id] = sighting


def _continued(order: WaitingOrder, cause: Cause) -> Sighting:
    """What waited goes on under its own correlation, caused by the ERP's event."""
    own = replace(
        cause,
        at=order.seen.ordered_at,
        correlation_id=order.correlation_id,
        causation_id=str(order.event_id),
    )
    return Sighting(order.order_id, order.seen, own)
