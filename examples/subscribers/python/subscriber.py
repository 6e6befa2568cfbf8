"""Keeps lifecycle and owner of every customer of Rapport: the current state, then each event.

Prints a line of JSON per change; ends on Ctrl-C or SIGTERM, and goes on there the next time.
"""

import json
import os
import signal
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

STATE, EVENTS = "crm.contacts.customer.state.v1", "crm.contacts.customer.events.v1"
TAKES = {  # what we keep of which type
    STATE: {"lifecycle": "lifecycle", "owner_id": "owner_id"},
    "crm.contacts.customer.created.v1": {"lifecycle": "lifecycle", "owner_id": "owner_id"},
    "crm.contacts.customer.lifecycle-changed.v1": {"lifecycle": "to_lifecycle"},
    "crm.contacts.customer.owner-changed.v1": {"owner_id": "to_owner_id"},
}
customers = {}


def apply(message):
    key, headers = message.key().decode(), dict(message.headers())
    if message.value() is None:  # a tombstone: the customer was erased, its events count no more
        customers[key] = {"version": float("inf")}
        return
    kind, version = headers["ce_type"].decode(), int(headers["ce_aggregateversion"])
    known = customers.get(key, {"version": 0})
    # A repeat is no news. A snapshot holds all of its version, an event only what it changed.
    if kind in TAKES and version >= known["version"] + (kind != STATE):
        body = json.loads(message.value())
        changed = {mine: body.get(theirs) for mine, theirs in TAKES[kind].items()}
        customers[key] = {**known, **changed, "version": version}
        if customers[key] != known:
            print(json.dumps({"customer_id": key, **customers[key], "because": kind}), flush=True)


def read_state(consumer):
    """Every snapshot that stands on the state topic now."""
    numbers = set(consumer.list_topics(STATE).topics[STATE].partitions)
    consumer.assign([TopicPartition(STATE, number, OFFSET_BEGINNING) for number in numbers])
    while numbers:
        for message in consumer.consume(500, timeout=1):
            if is_record(message):
                apply(message)
            else:
                numbers.discard(message.partition())
    consumer.unassign()


def follow(consumer):
    """Each change since; what is applied is committed, so that nothing is missed."""
    consumer.subscribe([STATE, EVENTS])
    while True:
        records = [message for message in consumer.consume(500, timeout=1) if is_record(message)]
        for record in records:
            apply(record)
        if records:
            consumer.commit(asynchronous=False)


def is_record(message):
    if message.error() and message.error().code() != KafkaError._PARTITION_EOF:
        raise KafkaException(message.error())
    return message.error() is None


signal.signal(signal.SIGTERM, signal.default_int_handler)
# KAFKA_BOOTSTRAP_SERVERS, KAFKA_SECURITY_PROTOCOL, … in the environment are bootstrap.servers, …
given = [(name[6:], value) for name, value in os.environ.items() if name.startswith("KAFKA_")]
settings = {name.lower().replace("_", "."): value for name, value in given}
settings["group.id"] = sys.argv[1] if len(sys.argv) > 1 else "subscriber.example.python"
settings |= {"auto.offset.reset": "earliest", "enable.auto.commit": False}
consumer = Consumer({**settings, "enable.partition.eof": True})
try:
    read_state(consumer)
    follow(consumer)
except KeyboardInterrupt:
    consumer.close()
