"""Decoding: what is to become of a raw record, decided before anything is written.

| a record with … | becomes |
|---|---|
| a null header, or one whose name or value is not UTF-8 | `Poison` malformed-header |
| a missing `ce_id` or `ce_type`, or a broken one | `Poison` malformed-envelope |
| a type that the consumer does not know (a future major version too) | `Skipped` unknown-type |
| a snapshot of a resync, at a reaction | `Skipped` resync |
| no body, on a compacted topic | `Ended` where the consumer erases, else `Skipped` tombstone |
| no body, elsewhere | `Poison` unexpected-tombstone |
| a body that is no JSON or not of the schema | `Poison` undecodable-body |
| a body with fields that nobody knows | `Decoded`; the fields are ignored |

A consumer that forwards takes every type, and every body that is JSON, as it stands.
"""

from typing import NamedTuple, TypeAlias

from pydantic import ValidationError
from pydantic_core import from_json

from shared.contracts import FACTS, TOPICS
from shared.contracts.parking import ParkedReason
from shared.contracts.topic import Event
from shared.messaging.envelope import (
    Envelope,
    MalformedEnvelopeError,
    MalformedHeaderError,
    RawRecord,
    Received,
    Unread,
    key_of,
    read_envelope,
    read_headers,
    storable,
)
from shared.messaging.reactions import Consumer

LONGEST_ERROR = 1000


class Decoded(NamedTuple):
    raw: RawRecord
    received: Received[Event]

    @property
    def key(self) -> tuple[str, str]:
        return self.raw.topic, self.received.envelope.key


class Ended(NamedTuple):
    raw: RawRecord
    envelope: Envelope

    @property
    def key(self) -> tuple[str, str]:
        return self.raw.topic, self.envelope.key


class Poison(NamedTuple):
    raw: RawRecord
    reason: ParkedReason
    error: str

    @property
    def key(self) -> tuple[str, str]:
        return self.raw.topic, key_of(self.raw)


class Skipped(NamedTuple):
    raw: RawRecord
    outcome: str

    @property
    def key(self) -> tuple[str, str]:
        return self.raw.topic, key_of(self.raw)


Outcome: TypeAlias = Decoded | Ended | Poison | Skipped


def decode(record: RawRecord, consumer: Consumer) -> Outcome:
    """Decide the outcome of one record; never raises."""
    try:
        envelope = read_envelope(record)
    except MalformedHeaderError as error:
        return Poison(record, "malformed-header", _told(error))
    except MalformedEnvelopeError as error:
        return Poison(record, "malformed-envelope", _told(error))
    if record.value is None:
        return _without_body(record, envelope, consumer)
    passed_over = _passed_over(envelope, consumer)
    if passed_over is not None:
        return Skipped(record, passed_over)
    try:
        event = _unread(record) if consumer.forward else _read(envelope.type, record.value)
    except ValueError as error:
        return Poison(record, "undecodable-body", _places(error))
    return Decoded(record, Received(envelope, event))


def _read(wire_name: str, value: bytes) -> Event:
    return FACTS[wire_name].model_validate_json(value)


def _unread(record: RawRecord) -> Unread:
    body = (record.value or b"").decode()
    from_json(body)
    return Unread(headers=read_headers(record), body=body)


def _passed_over(envelope: Envelope, consumer: Consumer) -> str | None:
    """Why the consumer has nothing to do with it, if so."""
    if consumer.forward is None and envelope.type not in consumer.handlers:
        return "unknown-type"
    if envelope.resync_id is not None and not (consumer.is_projection or consumer.takes_resyncs):
        return "resync"
    return None


def _without_body(record: RawRecord, envelope: Envelope, consumer: Consumer) -> Outcome:
    if TOPICS[record.topic].cleanup != "compact":
        return Poison(record, "unexpected-tombstone", "no body on a topic that is not compacted")
    if record.topic not in consumer.erasers:
        return Skipped(record, "tombstone")
    return Ended(record, envelope)


def _told(error: ValueError) -> str:
    return storable(str(error).encode(errors="backslashreplace"))[:LONGEST_ERROR]


def _places(error: ValueError) -> str:
    """Which fields are wrong and how; never their values, which may be personal data."""
    if not isinstance(error, ValidationError):
        return f"body: {type(error).__name__}"
    text = "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'body'}: {problem['type']}"
        for problem in error.errors(include_input=False, include_url=False)
    )
    return storable(text.encode(errors="backslashreplace"))[:LONGEST_ERROR]
