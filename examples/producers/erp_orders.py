"""Tells Rapport of an order of the ERP: one CloudEvent on `ext.erp.order.v1` per revision.

The body's schema is contracts/schemas/ext.erp.order.changed.v1.json. The same `ce_id` may be sent
again after a doubt; a later `revision` replaces an earlier one, in whatever order they arrive.
"""

import json
import os
import sys
import uuid
from datetime import UTC, datetime

from confluent_kafka import Producer

TOPIC = "ext.erp.order.v1"
given = [(name[6:], value) for name, value in os.environ.items() if name.startswith("KAFKA_")]
settings = {name.lower().replace("_", "."): value for name, value in given}
producer = Producer({**settings, "enable.idempotence": True})
refused = []


def send(order):
    now = datetime.now(UTC).isoformat()
    headers = {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{order['order_no']}/{order['revision']}")),
        "ce_source": "/erp/orders",
        "ce_type": "ext.erp.order.changed.v1",
        "ce_subject": order["order_no"],
        "ce_time": now,
        "ce_aggregateversion": str(order["revision"]),
    }
    body = json.dumps({"changed_at": now, "ordered_at": now, **order})
    key = order["order_no"]  # one order's revisions stay in one partition, in their order
    producer.produce(TOPIC, body, key, headers=list(headers.items()), on_delivery=note)


def note(error, message):
    if error is not None:
        refused.append(f"{message.key().decode()}: {error}")


for line in sys.stdin:  # one order a line, as JSON
    send(json.loads(line))
    producer.poll(0)
producer.flush()
if refused:
    sys.exit("not delivered: " + "; ".join(refused))
