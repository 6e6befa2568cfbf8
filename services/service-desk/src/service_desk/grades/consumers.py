"""Kafka in: grades of contacts; rows guarded by version."""

from collections.abc import Sequence

from shared.contracts.contacts import CustomerGraded
from shared.db import Connection
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

from service_desk.grades.store import save_grades

consumer = Consumer("service-desk.grades", is_projection=True)


@consumer.on_batch(CustomerGraded)
async def on_customers_graded(
    connection: Connection, records: Sequence[Received[CustomerGraded]]
) -> None:
    await save_grades(connection, [(r.event, r.envelope.version) for r in records])
