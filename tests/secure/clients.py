"""Clients of a secured Kafka as other enterprises run them: librdkafka, not our own code."""

import time
from collections.abc import Callable
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer
from shared.access.admin import librdkafka_options
from shared.settings import KafkaSettings

PATIENCE = 60.0


def read_one(kafka: KafkaSettings, topic: str, group: str) -> Message:
    """The first record that a group gets of a topic; raises what the broker refuses."""
    consumer = Consumer(
        {**_quiet(kafka), "group.id": group, "auto.offset.reset": "earliest"},
    )
    consumer.subscribe([topic])
    try:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            message = consumer.poll(1.0)
            if message is None:
                continue
            error = message.error()
            if error is None:
                return message
            if not error.retriable():
                raise KafkaException(error)
    finally:
        consumer.close()
    raise AssertionError(f"{kafka.principal} got no record of {topic}, and no refusal")


def write_one(kafka: KafkaSettings, topic: str) -> None:
    """Write one record; raises what the broker refuses."""
    refused: list[KafkaError] = []
    producer = Producer({**_quiet(kafka), "message.timeout.ms": 30_000})
    producer.produce(topic, b"{}", b"key", on_delivery=_noting(refused))
    assert producer.flush(PATIENCE) == 0
    if refused:
        raise KafkaException(refused[0])


def _noting(refused: list[KafkaError]) -> Callable[[KafkaError | None, Message], None]:
    def note(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            refused.append(error)

    return note


def _quiet(kafka: KafkaSettings) -> dict[str, Any]:
    return {**librdkafka_options(kafka), "log_level": 0}
