"""The envelope: CloudEvents 1.0 in Kafka binary mode, written for the outbox and read from a topic.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeAlias, TypeVar, cast
from uuid import UUID

from shared.cause import Cause
from shared.contracts.topic import Event
from shared.ids import derived_id
from shared.telemetry import continue_trace

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

RawRecord: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"
RESYNC_HEADER = "ce_resyncid"
"""Marks a snapshot that was published again by a resync: no news, and the version it has had."""

EventT_co = TypeVar("EventT_co", bound=Event, covariant=True)


def write_headers(
    event_id: UUID, fact: type[Event], key: str, version: int, cause: Cause
) -> dict[str, str]:
    """The record headers of one fact."""
    return {
        **json.loads(shared_headers(fact, cause)),
        "ce_id": str(event_id),
        "ce_subject": key,
        "ce_aggregateversion": str(version),
    }


def schema_id(fact: type[Event]) -> str:
    """The name of a fact's schema: its `$id`, the same for all revisions inside a major version."""
    return f"urn:rapport:schema:{fact.type}"


@lru_cache(maxsize=256)
def shared_headers(fact: type[Event], cause: Cause) -> str:
    """What all facts of a type and a cause share, as the outbox stores it: a JSON object.

    It is written once for a whole import or batch. The headers that tell one fact from another
    (`ce_id`, `ce_subject`, `ce_aggregateversion`) are columns of the outbox.
    """
    headers = {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_source": f"/rapport/{fact.topic.publisher}",
        "ce_type": fact.type,
        "ce_time": cause.at.astimezone(UTC).isoformat(),
        "ce_dataschema": schema_id(fact),
        "ce_correlationid": cause.correlation_id,
        "ce_actor": cause.actor,
        "correlation_id": cause.correlation_id,
        "traceparent": str(cause.trace),
    }
    if cause.causation_id is not None:
        headers["ce_causationid"] = cause.causation_id
    return json.dumps(headers)


class Envelope(NamedTuple):
    """What the headers and coordinates of a record say, before its body is looked at.

    `time` is the business time.
    """

    topic: str
    partition: int
    offset: int
    key: str
    event_id: UUID
    type: str
    version: int
    time: datetime
    correlation_id: str
    actor: str
    traceparent: str | None
    resync_id: str | None = None

    def cause(self, service: str, at: datetime | None = None) -> Cause:
        """The cause of what a service does in reaction to this event."""
        return Cause(
            actor=f"service:{service}",
            at=at or self.time,
            correlation_id=self.correlation_id,
            trace=continue_trace(self.traceparent),
            causation_id=str(self.event_id),
        )


class Received(NamedTuple, Generic[EventT_co]):
    """A decoded fact with its envelope."""

    envelope: Envelope
    event: EventT_co


EventT = TypeVar("EventT", bound=Event)


def newest_of_each(records: Iterable[Received[EventT]]) -> list[Received[EventT]]:
    """Of each aggregate its newest fact among these, for who follows where it stands at last."""
    newest: dict[str, Received[EventT]] = {}
    for received in records:
        known = newest.get(received.envelope.key)
        if known is None or known.envelope.version < received.envelope.version:
            newest[received.envelope.key] = received
    return list(newest.values())


class Unread(Event):
    """The body of a fact that is passed on as it stands, with the headers that came with it."""

    headers: Mapping[str, str]
    body: str


class MalformedHeaderError(ValueError):
    """A header is null, or its name or value is not UTF-8."""


class MalformedEnvelopeError(ValueError):
    """A required CloudEvents attribute is missing or not of its form."""


def key_of(record: RawRecord) -> str:
    """The key that parking queues by; a record without a key stands for itself alone."""
    if record.key is None:
        return f"{record.partition}/{record.offset}"
    return storable(record.key)


def read_envelope(record: RawRecord) -> Envelope:
    """The envelope of a record; raises one of the two errors above and never anything else."""
    headers = _readable_headers(record)
    try:
        return Envelope(
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            key=key_of(record),
            event_id=_event_id(headers),
            type=headers["ce_type"].decode(),
            version=int(headers.get("ce_aggregateversion", b"0")),
            time=_time(headers["ce_time"].decode())
            if "ce_time" in headers
            else recorded_at(record),
            correlation_id=(headers.get("ce_correlationid") or headers["ce_id"]).decode(),
            actor=headers.get("ce_actor", b"unknown").decode(),
            traceparent=_text(headers.get("traceparent")),
            resync_id=_text(headers.get(RESYNC_HEADER)),
        )
    except KeyError as missing:
        raise MalformedEnvelopeError(f"header {missing} is missing") from missing
    except ValueError as invalid:
        raise MalformedEnvelopeError(str(invalid)) from invalid


def read_headers(record: RawRecord) -> dict[str, str]:
    """The headers as text; the caller has read the envelope, so they are known to be UTF-8."""
    return {name: value.decode() for name, value in record.headers}


def recorded_at(record: RawRecord) -> datetime:
    """When the broker (or the producer) stamped the record; the epoch where the stamp is absurd."""
    try:
        return datetime.fromtimestamp(record.timestamp / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0, UTC)


def storable(raw: bytes) -> str:
    """Bytes as text that PostgreSQL takes: NUL and what is not UTF-8 are written as escapes."""
    return raw.decode(errors="backslashreplace").replace("\x00", "\\x00")


def readable_name(name: str) -> str:
    """The name of a header, its bytes that are not UTF-8 (see `wire`) written as escapes."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


def wire_headers(
    record: RawRecord,
) -> Sequence[tuple[str, bytes | None]]:
    """The headers as the wire allows them: a value may be null, whatever the client's type says."""
    return cast("Sequence[tuple[str, bytes | None]]", record.headers)


def _readable_headers(record: RawRecord) -> Mapping[str, bytes]:
    """The headers, each of them known to be UTF-8: all are looked through at once, then named."""
    headers = dict(record.headers)
    try:
        b"\n".join(headers.values()).decode()
        "".join(headers).encode()
    except (TypeError, UnicodeError):
        _blame(record)
    return headers


def _blame(record: RawRecord) -> None:
    """Raise for the header that is at fault."""
    for wire_name, raw in wire_headers(record):
        name = readable_name(wire_name)
        if name != wire_name:
            raise MalformedHeaderError(f"header name {name} is not UTF-8")
        if raw is None:
            raise MalformedHeaderError(f"header {name} is null")
        try:
            raw.decode()
        except UnicodeDecodeError as error:
            raise MalformedHeaderError(f"header {name} is not UTF-8") from error


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode()


def _event_id(headers: Mapping[str, bytes]) -> UUID:
    """`ce_id`; an id that is no UUID becomes one together with its source, as the spec has it."""
    text = headers["ce_id"].decode()
    try:
        return UUID(text)
    except ValueError:
        return derived_id("event", headers["ce_source"].decode(), text)


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"ce_time {text} has no time zone")
    return time
