"""What must have become of what people asked about their data: one answer each, and one end."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from shared.contracts import TOPICS
from shared.contracts import contacts as k
from shared.contracts.privacy import ANSWERING, ERASURE_ACKNOWLEDGED, EXPORT_ACKNOWLEDGED
from shared.contracts.topic import Event

from tests.faults.holdings import Holdings
from tests.faults.log import Log

MARK = "zqf"
"""How the words begin of those who are erased while others speak of them."""

_MARKS = re.compile(MARK + "[0-9a-f]{12}")
_TABLES = """
SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
"""

Marked = set[tuple[str, str]]
"""Tables, each with a mark that stands in it."""


def judge_privacy(log: Log, held: Holdings) -> list[str]:
    """Every answer, end or bundle that is missing, doubled or left over, one sentence each."""
    return [
        *_answered(log, k.ErasureRequested, ERASURE_ACKNOWLEDGED.values(), k.ErasureCompleted),
        *_answered(log, k.ExportRequested, EXPORT_ACKNOWLEDGED.values(), k.ExportCompleted),
        *_bundles(log, held),
        *_left_over(held),
    ]


def _answered(
    log: Log, asked: type[Event], acks: Iterable[type[Event]], ended: type[Event]
) -> Iterator[str]:
    answers = Counter((r.event.topic.publisher, _request(r)) for r in log.facts(*acks))
    ends = Counter(map(_request, log.facts(ended)))
    for request_id in map(_request, log.facts(asked)):
        if ends[request_id] != 1:
            yield f"privacy request {request_id} ended {ends[request_id]} times"
        for service in ANSWERING:
            if (times := answers[service, request_id]) != 1:
                yield f"privacy request {request_id} was answered {times} times by {service}"


def _bundles(log: Log, held: Holdings) -> Iterator[str]:
    erased = log.ended(k.CONTACT_STATE)
    told = {
        r.event.request_id for r in log.facts(k.ExportCompleted) if r.event.contact_id not in erased
    }
    for request_id in told ^ held.by("contacts", "access_bundles", "request_id").keys():
        yield f"access request {request_id} has a bundle or is completed, and not both"


def _left_over(held: Holdings) -> Iterator[str]:
    for service in ANSWERING:
        for row in held.of(service, "access_requests"):
            yield f"{service} still answers the access request {row['request_id']}"


def _request(received: Any) -> UUID:
    request_id: UUID = received.event.request_id
    return request_id


async def read_marked(connections: Mapping[str, Any]) -> Marked:
    """Every mark in any row of any table, in whatever column."""
    found: Marked = set()
    for service, connection in connections.items():
        for (table,) in await connection.fetch(_TABLES):
            query = f"SELECT t::text FROM {table} AS t WHERE t::text LIKE '%{MARK}%'"
            for (row,) in await connection.fetch(query):
                found |= {(f"{service}: {table}", mark) for mark in _MARKS.findall(row)}
    return found


def judge_forgotten(log: Log, marked: Marked) -> list[str]:
    """Every place where a word of somebody is left whom the log has ended."""
    erased = log.ended(k.CONTACT_STATE)
    gone = {
        mark
        for received in log.facts(k.ContactState)
        if received.event.contact_id in erased
        for mark in _MARKS.findall(received.event.model_dump_json())
    }
    places = marked | _told(log)
    return [f"{place} still has {mark}, who was erased" for place, mark in places if mark in gone]


def _told(log: Log) -> Marked:
    """The marks in facts, and in the newest record of each key that a compacted topic keeps."""
    found: Marked = set()
    for topic, entries in log.entries.items():
        is_compacted = TOPICS[topic].cleanup == "compact"
        kept = {e.envelope.key: e for e in entries}.values() if is_compacted else entries
        for entry in kept:
            if entry.value and MARK.encode() in entry.value:
                found |= {(topic, mark) for mark in _MARKS.findall(entry.value.decode())}
    return found
