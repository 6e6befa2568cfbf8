"""A merge that contacts decides is noted here; a job re-points what there is."""

from collections.abc import Sequence

from shared.contracts.contacts import (
    ContactMerged,
    ContactUnmerged,
    CustomerMerged,
    CustomerUnmerged,
)
from shared.db import Connection
from shared.merges import Merged, Unmerged, note_merge, note_unmerge
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

consumer = Consumer("service-desk.merges")


@consumer.on_batch(CustomerMerged, ContactMerged, CustomerUnmerged, ContactUnmerged)
async def on_merges(connection: Connection, records: Sequence[Received[Merged | Unmerged]]) -> None:
    for received in records:
        is_merge = isinstance(received.event, CustomerMerged | ContactMerged)
        note = note_merge if is_merge else note_unmerge
        await note(connection, received)
