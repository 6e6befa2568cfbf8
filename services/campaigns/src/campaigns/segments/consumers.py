"""Facts about people, customers, orders and consents: copied, and the segments kept current.

The copies are guarded by version and a membership follows from them alone, so customers and orders
need no inbox: a repeat finds nothing to change.
"""

from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from shared.cause import Cause
from shared.contracts.contacts import (
    CONTACT_STATE,
    ConsentConfirmationRequested,
    ConsentDenied,
    ConsentExpired,
    ConsentGranted,
    ConsentStatus,
    ConsentWithdrawn,
    ContactState,
    CustomerState,
    SuppressionAdded,
    SuppressionLifted,
)
from shared.contracts.pipeline import (
    OrderConfirmed,
    OrderRepointed,
    OrderRevised,
    OrderStatusChanged,
)
from shared.contracts.topic import Event
from shared.db import Connection
from shared.messaging.envelope import Envelope, Received
from shared.messaging.reactions import Consumer

from campaigns.audience import store as audience
from campaigns.audience.domain import person_of
from campaigns.audience.store import OrderRow
from campaigns.permissions import store as permissions
from campaigns.permissions.store import Consent, Suppression
from campaigns.segments import handlers
from campaigns.segments.domain import EVERYTHING, Changed

OrderFact: TypeAlias = OrderConfirmed | OrderStatusChanged | OrderRevised | OrderRepointed
ConsentFact: TypeAlias = (
    ConsentGranted
    | ConsentConfirmationRequested
    | ConsentDenied
    | ConsentWithdrawn
    | ConsentExpired
)
EventT = TypeVar("EventT", bound=Event)

_STATUSES: dict[str, ConsentStatus] = {
    ConsentGranted.type: "granted",
    ConsentConfirmationRequested.type: "pending-confirmation",
    ConsentDenied.type: "denied",
    ConsentExpired.type: "expired",
    ConsentWithdrawn.type: "withdrawn",
}


def people(hash_key: str) -> Consumer:
    """Customers and people; addresses are kept together with their hash."""
    consumer = Consumer("campaigns.people", is_projection=True)

    @consumer.on_batch(CustomerState)
    async def on_customers(
        connection: Connection, records: Sequence[Received[CustomerState]]
    ) -> None:
        newest = _newest(records, lambda received: received.event.customer_id)
        changes = await audience.save_customers(
            connection, {key: (r.envelope.version, r.event) for key, r in newest.items()}
        )
        changed = frozenset[str]().union(*changes.values())
        envelopes = {key: newest[key].envelope for key, names in changes.items() if names}
        await _touch_customers(connection, envelopes, Changed(changed))

    @consumer.on_batch(ContactState)
    async def on_people(connection: Connection, records: Sequence[Received[ContactState]]) -> None:
        newest = _newest(records, lambda received: received.event.contact_id)
        told = {
            key: (r.envelope.version, person_of(r.event, hash_key)) for key, r in newest.items()
        }
        changed = await audience.save_people(
            connection,
            {key: (*each, newest[key].event.memberships) for key, each in told.items()},
        )
        await audience.save_key_dates(connection, told)
        causes = {key: _cause(newest[key].envelope) for key in changed}
        await audience.lock_audience(connection)
        await handlers.keep_current(connection, causes, EVERYTHING)

    @consumer.on_tombstones(CONTACT_STATE)
    async def on_people_erased(connection: Connection, envelopes: Sequence[Envelope]) -> None:
        causes = {UUID(envelope.key): _cause(envelope) for envelope in envelopes}
        await audience.delete_people(connection, list(causes))
        await handlers.exit_people(connection, causes)

    return consumer


orders = Consumer("campaigns.orders", is_projection=True, max_records=2000)


@orders.on_batch(OrderConfirmed, OrderStatusChanged, OrderRevised, OrderRepointed)
async def on_orders(connection: Connection, records: Sequence[Received[OrderFact]]) -> None:
    rows: dict[UUID, OrderRow] = {}
    for received in records:
        row = _order_row(received)
        known = rows.get(row.order_id)
        if known is not None and known.version > row.version:
            continue
        if known is not None and row.is_cancelled is None:
            row = _order_row(received, is_cancelled=known.is_cancelled)
        rows[row.order_id] = row
    await audience.save_orders(connection, rows.values())
    names = {f"customer.revenue.{row.currency}" for row in rows.values()}
    envelopes = {id_: received.envelope for received in records for id_ in _ordered(received.event)}
    await _touch_customers(
        connection, envelopes, Changed(frozenset(names | {"customer.order_count"}))
    )


def _ordered(event: OrderFact) -> tuple[UUID, ...]:
    """Whose figures a fact changes; an order that goes to another customer leaves its own."""
    if isinstance(event, OrderRepointed):
        return event.from_id, event.to_id
    return (event.customer_id,)


def _order_row(received: Received[OrderFact], *, is_cancelled: bool | None = None) -> OrderRow:
    event = received.event
    match event:
        case OrderConfirmed():
            is_cancelled = False
        case OrderStatusChanged():
            is_cancelled = event.to_status == "cancelled"
        case OrderRevised() | OrderRepointed():
            pass
    return OrderRow(
        order_id=event.order_id,
        version=received.envelope.version,
        customer_id=event.customer_id,
        total=event.total,
        currency=event.currency,
        is_cancelled=is_cancelled,
    )


async def _touch_customers(
    connection: Connection, envelopes: dict[UUID, Envelope], changed: Changed
) -> None:
    if not envelopes:
        return
    await audience.lock_audience(connection)
    contacts = await audience.find_contacts_of(connection, envelopes)
    causes = {contact_id: _cause(envelopes[customer_id]) for contact_id, customer_id in contacts}
    await handlers.keep_current(connection, causes, changed)


consents = Consumer("campaigns.consents")


@consents.on_batch(
    ConsentGranted, ConsentConfirmationRequested, ConsentDenied, ConsentWithdrawn, ConsentExpired
)
async def on_consents(connection: Connection, records: Sequence[Received[ConsentFact]]) -> None:
    newest = _newest(
        records, lambda received: (received.event.contact_id, _fact_name(received.event))
    )
    people = {received.event.contact_id for received in records}
    await permissions.lock_permissions(connection, list(people))
    await permissions.end_opt_outs(
        connection,
        [
            (r.event.contact_id, r.event.channel, r.event.captured_at)
            for r in records
            if isinstance(r.event, ConsentGranted)
        ],
    )
    changed = await permissions.save_consents(connection, list(map(_consent, newest.values())))
    causes = {
        received.event.contact_id: _cause(received.envelope)
        for received in newest.values()
        if received.event.contact_id in changed
    }
    await audience.lock_audience(connection)
    names = frozenset(_fact_name(received.event) for received in newest.values())
    await handlers.keep_current(connection, causes, Changed(names))


def _fact_name(event: ConsentFact) -> str:
    return f"has_consent.{event.channel}.{event.purpose}"


def _consent(received: Received[ConsentFact]) -> Consent:
    event = received.event
    return Consent(
        contact_id=event.contact_id,
        channel=event.channel,
        purpose=event.purpose,
        version=received.envelope.version,
        status=_STATUSES[event.type],
        expires_at=event.expires_at if isinstance(event, ConsentGranted) else None,
        effective_from=event.effective_from if isinstance(event, ConsentGranted) else None,
    )


@consents.on(SuppressionAdded)
async def on_suppression_added(
    connection: Connection, received: Received[SuppressionAdded]
) -> None:
    event = received.event
    suppression = Suppression(
        event.suppression_id,
        received.envelope.version,
        event.subject_hash,
        event.channel,
        event.scope,
        is_active=True,
    )
    await permissions.save_suppression(connection, suppression)


@consents.on(SuppressionLifted)
async def on_suppression_lifted(
    connection: Connection, received: Received[SuppressionLifted]
) -> None:
    event, envelope = received.event, received.envelope
    suppression = Suppression(
        event.suppression_id,
        envelope.version,
        event.subject_hash,
        event.channel,
        "all",
        is_active=False,
    )
    await permissions.save_suppression(connection, suppression)
    await permissions.lift_opt_outs(connection, event.subject_hash, event.channel, envelope.time)


def _newest(
    records: Sequence[Received[EventT]], key: Callable[[Received[EventT]], Hashable]
) -> dict[Any, Received[EventT]]:
    """The record with the highest version of each key: a relay may repeat older ones."""
    newest: dict[Any, Received[EventT]] = {}
    for received in records:
        known = newest.get(key(received))
        if known is None or known.envelope.version <= received.envelope.version:
            newest[key(received)] = received
    return newest


def _cause(envelope: Envelope) -> Cause:
    return envelope.cause("campaigns", datetime.now(UTC))
