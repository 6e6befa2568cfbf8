"""Kafka records of facts, as the relay would have put them on their topics."""

import itertools
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from aiokafka import ConsumerRecord
from shared.cause import Cause
from shared.contracts.topic import Event, Topic
from shared.ids import new_id
from shared.messaging.envelope import write_headers
from shared.telemetry import new_trace

NOBODY = UUID("01930000-0000-7000-8000-000000000000")
"""An id that is nobody's; the same in each process, as the names of tests must be."""

_offsets = itertools.count()


def cause_of_test(actor: str = "user:tester", at: datetime | None = None) -> Cause:
    return Cause(
        actor=actor,
        at=at or datetime.now(UTC),
        correlation_id=str(new_id()),
        trace=new_trace(),
    )


def record_of(
    event: Event, version: int = 1, *, cause: Cause | None = None, **overrides: Any
) -> ConsumerRecord[bytes | None, bytes | None]:
    """A record of this fact; `overrides` replace fields of it, e.g. `value=b"{"`."""
    headers = write_headers(
        new_id(), type(event), event.record_key, version, cause or cause_of_test()
    )
    fields: dict[str, Any] = {
        "topic": event.topic.name,
        "partition": 0,
        "offset": next(_offsets),
        "timestamp": int(datetime.now(UTC).timestamp() * 1000),
        "timestamp_type": 0,
        "key": event.record_key.encode(),
        "value": event.model_dump_json(exclude_none=True).encode(),
        "checksum": None,
        "serialized_key_size": 0,
        "serialized_value_size": 0,
        "headers": tuple((name, text.encode()) for name, text in headers.items()),
    }
    return ConsumerRecord(**{**fields, **overrides})


def tombstone_of(
    topic: Topic, key: str, version: int
) -> ConsumerRecord[bytes | None, bytes | None]:
    headers = write_headers(new_id(), topic.facts[topic.name], key, version, cause_of_test())
    return ConsumerRecord(
        topic=topic.name,
        partition=0,
        offset=next(_offsets),
        timestamp=int(datetime.now(UTC).timestamp() * 1000),
        timestamp_type=0,
        key=key.encode(),
        value=None,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=tuple((name, text.encode()) for name, text in headers.items()),
    )
