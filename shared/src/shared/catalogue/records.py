"""A record per fact as it stands on its topic: key, headers and body, made of the example.

As the golden record of its version it is written once and decoded by every later release.
"""

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, TypeAlias
from uuid import UUID

from shared.cause import Cause
from shared.contracts.examples import example_of
from shared.contracts.topic import Event
from shared.messaging.envelope import write_headers
from shared.telemetry import TraceParent

Record: TypeAlias = dict[str, Any]

_WHEN_NOTHING_SAYS = "2026-10-05T14:02:09Z"
_PLANS = {"due_at", "response_due_at", "expires_at", "opened_at", "created_at"}


def record_of(fact: type[Event]) -> Record:
    """The example of a fact as a whole record; the same at every call."""
    body = example_of(fact)
    key = str(body[fact.topic.key])
    cause, event_id = _cause(fact, body), _id(fact.type, _time(body))
    headers = write_headers(event_id, fact, key, _VERSIONS.get(fact.topic.cleanup, 4), cause)
    if fact.topic.publisher.startswith("ext:"):
        headers["ce_source"] = f"/{fact.topic.publisher.removeprefix('ext:')}"
    return {"topic": fact.topic.name, "key": key, "headers": headers, "value": body}


_VERSIONS = {"compact": 7}
"""A snapshot is of a later version than an event of the story."""


def text_of(record: Record) -> str:
    """The committed file."""
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


def _cause(fact: type[Event], body: dict[str, Any]) -> Cause:
    seed = sha256(fact.type.encode()).hexdigest()
    at = _time(body)
    return Cause(
        actor=_actor(fact),
        at=at,
        correlation_id=str(_id(f"correlation of {fact.type}", at)),
        trace=TraceParent(seed[:32], seed[32:48]),
        causation_id=str(_id(f"cause of {fact.type}", at)),
    )


def _actor(fact: type[Event]) -> str:
    publisher = fact.topic.publisher
    if publisher.startswith("ext:"):
        return f"system:{publisher.removeprefix('ext:')}"
    by_itself = publisher == "customer-360" or fact.topic.aggregate == "parked-record"
    return f"service:{publisher}" if by_itself else "user:anna.petersen"


def _time(body: dict[str, Any]) -> datetime:
    """The business time: the latest that the body says of what has happened."""
    said = [text for name, text in body.items() if name.endswith("_at") and name not in _PLANS]
    return datetime.fromisoformat(max(said, default=_WHEN_NOTHING_SAYS)).astimezone(UTC)


def _id(seed: str, at: datetime) -> UUID:
    """A UUIDv7 of that time whose other bits follow from the seed."""
    random = int.from_bytes(sha256(seed.encode()).digest()[:10])
    milliseconds = int(at.timestamp() * 1000)
    high = milliseconds << 80 | 0x7 << 76 | (random >> 62 & 0xFFF) << 64
    return UUID(int=high | 0b10 << 62 | random & (1 << 62) - 1)
