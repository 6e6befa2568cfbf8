"""Requests about people's own data: whom to leave alone, and whom to forget."""

from datetime import UTC, datetime

from shared.contracts.contacts import ErasureRequested, ProcessingRestricted, RestrictionLifted
from shared.db import Connection
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

from campaigns.erasures import store
from campaigns.erasures.handlers import erase
from campaigns.permissions.store import lock_permissions

consumer = Consumer("campaigns.privacy")


@consumer.on(ProcessingRestricted)
async def on_processing_restricted(
    connection: Connection, received: Received[ProcessingRestricted]
) -> None:
    """The gate takes turns with it: what it let pass, it let pass before."""
    event = received.event
    await lock_permissions(connection, [event.contact_id])
    await store.insert_restrictions(connection, event.request_id, [event.contact_id])


@consumer.on(RestrictionLifted)
async def on_restriction_lifted(
    connection: Connection, received: Received[RestrictionLifted]
) -> None:
    event = received.event
    await store.delete_restriction(connection, event.request_id, event.contact_id)


@consumer.on(ErasureRequested)
async def on_erasure_requested(
    connection: Connection, received: Received[ErasureRequested]
) -> None:
    cause = received.envelope.cause("campaigns", at=datetime.now(UTC))
    await erase(connection, cause, received.event)
