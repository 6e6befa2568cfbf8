"""Facts about people, customers, orders and consents: copied, and the segments kept current.

The copies are guarded by version and a membership follows from them alone, so customers and orders
need no inbox: a repeat finds nothing to change.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from shared.cause import Cause
from shared.contracts.contacts import (
    CONTACT_STATE,
    ConsentDenied,
    ConsentGranted,
    ConsentWithdrawn,
    ContactState,
    CustomerState,
    SuppressionAdded,
    SuppressionLifted,
)
from shared.contracts.pipeline import OrderConfirmed, OrderRevised, OrderStatusChanged
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

OrderFact = OrderConfirmed | OrderStatusChanged | OrderRevised


def people(hash_key: str) -> Consumer:
    """Customers and people; addresses are kept together with their hash."""
    consumer = Consumer("campaigns.people", is_projection=True)

    @consumer.on_batch(CustomerState)
    async def on_customers(
        connection: Connection, records: Sequence[Received[CustomerState]]
    ) -> None:
        newest = {received.event.customer_id: received for received in records}
        changes = await audience.save_customers(
            connection, {key: (r.envelope.version, r.event) for key, r in newest.items()}
        )
        changed = frozenset[str]().union(*changes.values())
        envelopes = {key: newest[key].envelope for key, names in changes.items() if names}
        await _touch_customers(connection, envelopes, Changed(changed))

    @consumer.on_batch(ContactState)
    async def on_people(connection: Connection, records: Sequence[Received[ContactState]]) -> None:
        newest = {received.event.contact_id: received for received in records}
        changed = await audience.save_people(
            connection,
            {
                key: (r.envelope.version, person_of(r.event, hash_key), r.event.memberships)
                for key, r in newest.items()
            },
        )
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


@orders.on_batch(OrderConfirmed, OrderStatusChanged, OrderRevised)
async def on_orders(connection: Connection, records: Sequence[Received[OrderFact]]) -> None:
    rows: dict[UUID, OrderRow] = {}
    for received in records:
        row = _order_row(received)
        known = rows.get(row.order_id)
        if row.is_cancelled is None and known is not None:
            row = _order_row(received, is_cancelled=known.is_cancelled)
        rows[row.order_id] = row
    await audience.save_orders(connection, rows.values())
    names = {f"customer.revenue.{row.currency}" for row in rows.values()}
    envelopes = {received.event.customer_id: received.envelope for received in records}
    await _touch_customers(
        connection, envelopes, Changed(frozenset(names | {"customer.order_count"}))
    )


def _order_row(received: Received[OrderFact], *, is_cancelled: bool | None = None) -> OrderRow:
    event = received.event
    match event:
        case OrderConfirmed():
            is_cancelled = False
        case OrderStatusChanged():
            is_cancelled = event.to_status == "cancelled"
        case OrderRevised():
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


@consents.on(ConsentGranted)
async def on_consent_granted(connection: Connection, received: Received[ConsentGranted]) -> None:
    event = received.event
    await permissions.lock_permissions(connection, [event.contact_id])
    await permissions.end_opt_out(connection, event.contact_id, event.channel, event.captured_at)
    consent = Consent(
        event.contact_id,
        event.channel,
        event.purpose,
        received.envelope.version,
        "granted",
        event.expires_at,
    )
    await _save_consent(connection, received.envelope, consent)


@consents.on(ConsentDenied)
async def on_consent_denied(connection: Connection, received: Received[ConsentDenied]) -> None:
    event, version = received.event, received.envelope.version
    consent = Consent(event.contact_id, event.channel, event.purpose, version, "denied")
    await _save_consent(connection, received.envelope, consent)


@consents.on(ConsentWithdrawn)
async def on_consent_withdrawn(
    connection: Connection, received: Received[ConsentWithdrawn]
) -> None:
    event, version = received.event, received.envelope.version
    consent = Consent(event.contact_id, event.channel, event.purpose, version, "withdrawn")
    await _save_consent(connection, received.envelope, consent)


async def _save_consent(connection: Connection, envelope: Envelope, consent: Consent) -> None:
    if await permissions.save_consent(connection, consent):
        changed = Changed(frozenset({f"has_consent.{consent.channel}.{consent.purpose}"}))
        await audience.lock_audience(connection)
        await handlers.keep_current(connection, {consent.contact_id: _cause(envelope)}, changed)


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


def _cause(envelope: Envelope) -> Cause:
    return envelope.cause("campaigns", datetime.now(UTC))
