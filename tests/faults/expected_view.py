"""What the 360 must hold: every table, the timeline and the published figures, folded in memory."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
from customer_360.consumers import customer_projection, fact_projection, order_projection
from customer_360.guarded import GuardedTable
from customer_360.orders.store import OrderSum
from customer_360.profiles.figures import Basis, Yardstick, figures_of
from customer_360.projecting import Section
from customer_360.timeline.items import Item, item_of
from customer_360.touches.store import MessageCount
from customer_360.value.rfm import RfmModel
from shared.contracts.contacts import CUSTOMER_STATE
from shared.contracts.customer_360 import ProfileState

from tests.faults.canonical import differences
from tests.faults.log import Log

_TIMELINE = """
SELECT event_id, party_id, at, kind, service, item->>'title' AS title, item->>'actor' AS actor,
    item->>'ref' AS ref
FROM timeline
"""
_MODEL = "SELECT bounds FROM score_models WHERE model = 'rfm' ORDER BY version DESC LIMIT 1"
_HORIZON = "SELECT newest_ordered_at FROM order_horizon"

Rows = dict[UUID, Any]


async def judge_view(connection: Any, log: Log, hash_key: str) -> list[str]:
    """Every difference between what the 360 holds and the fold of the log."""
    projections = (fact_projection(hash_key), customer_projection(), order_projection())
    folded: defaultdict[str, Rows] = defaultdict(dict)
    faults: list[str] = []
    sections = [section for projection in projections for section in projection.sections]
    for section in sections:  # several of them may fill one table
        folded[section.table.name] |= fold_section(section, log)
    for table in {section.table.name: section.table for section in sections}.values():
        held = await _held(connection, table)
        faults += differences(f"360.{table.name}", folded[table.name], held)
    facts = {fact for projection in projections for fact in projection.facts}
    faults += differences("360.timeline", _timeline(log, facts), await _held_timeline(connection))
    horizon = await connection.fetchval(_HORIZON)
    dates = [order.ordered_at for order in folded["orders"].values() if order.ordered_at]
    if horizon != max(dates, default=None):
        faults.append(f"360.order_horizon is {horizon}, and the newest order is of {max(dates)}")
    model = RfmModel.model_validate_json(await connection.fetchval(_MODEL))
    yardstick = Yardstick(model, horizon) if horizon else None
    return faults + _profiles(log, folded, yardstick)


def fold_section(section: Section[Any], log: Log) -> Rows:
    """The rows that the log means, without those whose key a tombstone has ended."""
    rows = section.fold.all({}, log.facts(*section.fold.steps))
    folded = {getattr(row, section.table.key): row for row in rows}
    ends = (log.ended(fact.topic) for fact in section.fold.steps if fact.type == fact.topic.name)
    erased = set[UUID]().union(*ends)
    return {key: row for key, row in folded.items() if key not in erased}


async def _held(connection: Any, table: GuardedTable[Any]) -> Rows:
    columns = ", ".join(column.name for column in table.columns)
    rows = table.rows_of(await connection.fetch(f"SELECT {columns} FROM {table.name}"))
    return {getattr(row, table.key): row for row in rows}


def _timeline(log: Log, facts: set[type[Any]]) -> dict[UUID, Any]:
    items = (item_of(received) for received in log.facts(*facts))
    return {item.event_id: _line(item) for item in items if item is not None}


def _line(item: Item) -> dict[str, Any]:
    """A line as the table holds it: it does not say what sort of party the party is."""
    line = asdict(item)
    del line["party"]
    return line


async def _held_timeline(connection: Any) -> dict[UUID, Any]:
    rows: list[asyncpg.Record] = await connection.fetch(_TIMELINE)
    return {row["event_id"]: dict(row) for row in rows}


def _profiles(log: Log, folded: dict[str, Rows], yardstick: Yardstick | None) -> list[str]:
    """The newest published state of each customer, and the figures of the folded rows."""
    if yardstick is None:
        return ["no order was seen: the figures of value were not tested"]
    published = {UUID(key): state.event for key, state in log.newest(ProfileState).items()}
    wanted = {basis.customer_id: figures_of(basis, yardstick) for basis in _bases(log, folded)}
    return differences("published profile", wanted, published)


def _bases(log: Log, folded: dict[str, Rows]) -> Iterator[Basis]:
    by_customer: dict[str, dict[UUID, list[Any]]] = {}
    for name in ("orders", "deals", "commitments", "tickets", "clocks"):
        by_customer[name] = defaultdict(list)
        for row in folded[name].values():
            for owner in _ways(folded["customers"], row.customer_id):
                by_customer[name][owner].append(row)
    counts = _message_counts(folded)
    known = {*folded["customers"], *counts, *log.ended(CUSTOMER_STATE)}
    for rows in by_customer.values():
        known |= rows.keys()
    for one in known:
        yield Basis(
            customer_id=one,
            customer=folded["customers"].get(one),
            order_sums=_sums(one, by_customer["orders"][one]),
            overdue_orders=[o for o in by_customer["orders"][one] if o.overdue_level],
            deals=by_customer["deals"][one],
            commitments=by_customer["commitments"][one],
            tickets=by_customer["tickets"][one],
            clocks=by_customer["clocks"][one],
            messages=counts.get(one),
        )


def _ways(rows: Rows, id_: UUID | None) -> list[UUID]:
    """The id, and whatever its record was merged into."""
    ways: list[UUID] = []
    while id_ is not None and id_ not in ways:
        ways.append(id_)
        row = rows.get(id_)
        id_ = row.merged_into if row else None
    return ways


def _sums(customer_id: UUID, orders: list[Any]) -> list[OrderSum]:
    by_currency: dict[str, list[Any]] = defaultdict(list)
    for order in orders:
        if order.status != "cancelled":
            by_currency[order.currency].append(order)
    return [
        OrderSum(
            customer_id,
            currency,
            len(those),
            sum((order.total for order in those), Decimal(0)),
            min((order.ordered_at for order in those if order.ordered_at), default=None),
            max((order.ordered_at for order in those if order.ordered_at), default=None),
        )
        for currency, those in by_currency.items()
    ]


def _message_counts(folded: dict[str, Rows]) -> dict[UUID, MessageCount]:
    """A message counts for its customer; without one, for every customer of its person."""
    reached: dict[UUID, list[Any]] = defaultdict(list)
    contacts, customers = folded["contacts"], folded["customers"]
    for message in folded["messages"].values():
        people = [contacts[one] for one in _ways(contacts, message.contact_id) if one in contacts]
        theirs = {customer_id for person in people for customer_id in person.customer_ids}
        named = {message.customer_id} if message.customer_id else theirs
        for customer_id in {way for one in named for way in _ways(customers, one)}:
            reached[customer_id].append(message)
    return {
        customer_id: MessageCount(
            customer_id,
            sum(message.sent_at is not None for message in messages),
            sum(message.clicked_at is not None for message in messages),
        )
        for customer_id, messages in reached.items()
    }
