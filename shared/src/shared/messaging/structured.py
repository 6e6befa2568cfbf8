"""Structured mode: a record of a topic as one CloudEvents JSON document.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

import json
from collections.abc import Mapping
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
        headers = {name: value.decode() for name, value in record.headers}
        key = None if record.key is None else record.key.decode()
        body = None if record.value is None else _data(record.value)
        text, kind = structured(headers, key, body), headers["ce_type"]
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        return Told(partition, record.offset, record.timestamp, "", None)
    return Told(partition, record.offset, record.timestamp, kind, text)


def structured(headers: Mapping[str, str], key: str | None, body: str | None) -> str:
    """One CloudEvent of a record's headers, key and body; the body stands in it letter by letter.

    Raises `KeyError` where a required attribute is missing, `ValueError` for no number as version.
    """
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
    if key is not None:
        attributes["partitionkey"] = key
    if body is None:
        return _written(attributes)
    attributes["datacontenttype"] = headers.get("content-type", "application/json")
    return f'{_written(attributes)[:-1]},"data":{body}}}'


def _written(attributes: Mapping[str, str | int]) -> str:
    return json.dumps(attributes, ensure_ascii=False, separators=(",", ":"))


def _data(value: bytes) -> str:
    """The body as it was published; written anew only where it would not fit on one line."""
    text = value.decode()
    data = json.loads(text, parse_constant=_refuse)
    return json.dumps(data, ensure_ascii=False) if "\n" in text or "\r" in text else text


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")
