"""What must have become of what people asked about their data: one answer each, and one end."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from shared.contracts import contacts as k
from shared.contracts.privacy import ANSWERING, ERASURE_ACKNOWLEDGED, EXPORT_ACKNOWLEDGED
from shared.contracts.topic import Event

from tests.faults.holdings import Holdings
from tests.faults.log import Log


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
