"""Kafka in: an employee leaves or is away; other services say what they moved."""

from datetime import UTC, datetime

from shared.contracts.external import EmployeeAbsent, EmployeeLeft
from shared.contracts.handovers import HANDOVER_ACKNOWLEDGED, HandoverAcknowledged
from shared.db import Connection
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

from contacts.handovers.domain import Acknowledge
from contacts.handovers.handlers import SERVICE, acknowledge, follow_absence, follow_leaving

consumer = Consumer("contacts.handovers")


@consumer.on(EmployeeLeft)
async def on_employee_left(connection: Connection, received: Received[EmployeeLeft]) -> None:
    await follow_leaving(connection, received.envelope.cause(SERVICE), received.event)


@consumer.on(EmployeeAbsent)
async def on_employee_absent(connection: Connection, received: Received[EmployeeAbsent]) -> None:
    cause = received.envelope.cause(SERVICE, at=datetime.now(UTC))
    await follow_absence(connection, cause, received.event)


def _listen(service: str, fact: type[HandoverAcknowledged]) -> None:
    async def on_acknowledged(
        connection: Connection, received: Received[HandoverAcknowledged]
    ) -> None:
        cause = received.envelope.cause(SERVICE)
        said = Acknowledge(service, received.event.moved, cause.at)
        await acknowledge(connection, cause, received.event.handover_id, said)

    consumer.on(fact)(on_acknowledged)


for _service, _fact in HANDOVER_ACKNOWLEDGED.items():
    _listen(_service, _fact)
