"""A handover that starts elsewhere is noted here; a job moves what there is."""

from shared.contracts.contacts import HandoverStarted
from shared.db import Connection
from shared.handovers import note_handover
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

consumer = Consumer("pipeline.handovers")


@consumer.on(HandoverStarted)
async def on_handover_started(connection: Connection, received: Received[HandoverStarted]) -> None:
    await note_handover(connection, received)
