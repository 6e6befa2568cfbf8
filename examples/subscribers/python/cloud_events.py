"""Prints every record of a topic as a CloudEvent in its JSON form, read by the CloudEvents SDK."""

import os
import signal
import sys

from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from cloudevents.core.formats.json import JSONFormat
from confluent_kafka import Consumer, KafkaException

signal.signal(signal.SIGTERM, signal.default_int_handler)
given = [(name[6:], value) for name, value in os.environ.items() if name.startswith("KAFKA_")]
settings = {name.lower().replace("_", "."): value for name, value in given}
settings |= {
    "group.id": f"subscriber.example.cloudevents-{os.getpid()}",
    "enable.auto.commit": False,
}
consumer = Consumer({**settings, "auto.offset.reset": "earliest"})
consumer.subscribe([sys.argv[1] if len(sys.argv) > 1 else "crm.pipeline.deal.events.v1"])
try:
    while True:
        for record in consumer.consume(500, timeout=1):
            if record.error():
                raise KafkaException(record.error())
            if record.value() is None:
                continue  # the end of a key on a state topic is no event
            message = KafkaMessage(dict(record.headers()), record.key(), record.value())
            print(JSONFormat().write(from_binary_event(message)).decode(), flush=True)
except KeyboardInterrupt:
    consumer.close()
