"""Structured mode: a record of a topic as one CloudEvents JSON document.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

import json
from typing import NamedTuple

from aiokafka import TopicPartition

from shared.messaging.envelope import RawRecord

_REQUIRED = ("id", "source", "type", "specversion")
_PREFIX = "ce_"


class Told(NamedTuple):
    """A record as it is told over HTTP; `text` is None where it is no event."""

    partition: TopicPartition
    offset: int
    recorded_ms: int
    type: str
    text: str | None

    @property
    def size(self) -> int:
        """About the bytes of memory that it takes."""
        return 400 + len(self.text or "")


def tell(record: RawRecord) -> Told:
    """The record in structured mode; never raises. A tombstone is an event without `data`."""
    partition = TopicPartition(record.topic, record.partition)
    try:
        attributes = _attributes(record)
        text = json.dumps(attributes, ensure_ascii=False, separators=(",", ":"))
        if record.value is not None:
            text = f'{text[:-1]},"data":{_data(record.value)}}}'
        kind = str(attributes["type"])
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        return Told(partition, record.offset, record.timestamp, "", None)
    return Told(partition, record.offset, record.timestamp, kind, text)


def _attributes(record: RawRecord) -> dict[str, str | int]:
    headers = {name: value.decode() for name, value in record.headers}
    attributes: dict[str, str | int] = {
        name.removeprefix(_PREFIX): value
        for name, value in headers.items()
        if name.startswith(_PREFIX)
    }
    for name in _REQUIRED:
        attributes[name]
    if "aggregateversion" in attributes:
        attributes["aggregateversion"] = int(attributes["aggregateversion"])
    if "traceparent" in headers:
        attributes["traceparent"] = headers["traceparent"]
    if record.key is not None:
        attributes["partitionkey"] = record.key.decode()
    if record.value is not None:
        attributes["datacontenttype"] = headers.get("content-type", "application/json")
    return attributes


def _data(value: bytes) -> str:
    """The body as it was published; written anew only where it would not fit on one line."""
    text = value.decode()
    data = json.loads(text, parse_constant=_refuse)
    return json.dumps(data, ensure_ascii=False) if "\n" in text or "\r" in text else text


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")
