"""Requests for erasure, and forms that end before their lead is known to be somebody's."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from shared.contracts.campaigns import FORM_STATE
from shared.contracts.contacts import ErasureRequested
from shared.db import Connection
from shared.messaging.envelope import Envelope, Received
from shared.messaging.reactions import Consumer

from pipeline.erasures import store
from pipeline.erasures.handlers import erase, erase_leads

consumer = Consumer("pipeline.privacy")


@consumer.on(ErasureRequested)
async def on_erasure_requested(
    connection: Connection, received: Received[ErasureRequested]
) -> None:
    cause = received.envelope.cause("pipeline", at=datetime.now(UTC))
    await erase(connection, cause, received.event)


def end_with_forms(leads: Consumer) -> Consumer:
    """Let the consumer of forms erase the lead of a form that is erased, too."""

    @leads.on_tombstones(FORM_STATE)
    async def on_forms_ended(connection: Connection, ended: Sequence[Envelope]) -> None:
        for envelope in ended:
            lead_ids = await store.find_leads_of_submissions(connection, [UUID(envelope.key)])
            cause = envelope.cause("pipeline", at=datetime.now(UTC))
            await erase_leads(connection, cause, lead_ids)

    del on_forms_ended
    return leads
