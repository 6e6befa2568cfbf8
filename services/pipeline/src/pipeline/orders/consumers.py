"""Orders of the ERP, and the customers whom they name: two topics in no order to each other."""

from collections.abc import Sequence

from shared.contracts.contacts import CustomerState
from shared.contracts.external import ErpOrderChanged
from shared.db import Connection
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

from pipeline.customers.domain import customer_of, newest_of_each
from pipeline.orders.domain import Sighting, order_id_of
from pipeline.orders.handlers import match_customers, mirror_orders

orders = Consumer("pipeline.orders", max_records=1000)
customers = Consumer("pipeline.customers", max_records=1000, takes_resyncs=True)


@orders.on_batch(ErpOrderChanged)
async def on_erp_orders_changed(
    connection: Connection, records: Sequence[Received[ErpOrderChanged]]
) -> None:
    await mirror_orders(connection, [_sighting(received) for received in records])


@customers.on_batch(CustomerState)
async def on_customer_states(
    connection: Connection, records: Sequence[Received[CustomerState]]
) -> None:
    arrived = [
        customer_of(received.event, received.envelope.version, received.envelope.time)
        for received in records
    ]
    cause = records[-1].envelope.cause("pipeline")
    await match_customers(connection, cause, newest_of_each(arrived))


def _sighting(received: Received[ErpOrderChanged]) -> Sighting:
    return Sighting(
        order_id_of(received.event),
        received.event,
        received.envelope.cause("pipeline", at=received.event.ordered_at),
    )
