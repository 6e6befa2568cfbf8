"""What handovers must come to: each ends once, every service says so once, and nobody is forgotten.

The load gives nothing to whoever has left: so nothing that is open may be theirs in the end.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from shared.contracts import campaigns as c
from shared.contracts import contacts as k
from shared.contracts import pipeline as p
from shared.contracts import service_desk as s
from shared.contracts.external import EmployeeLeft
from shared.contracts.handovers import HANDOVER_ACKNOWLEDGED
from shared.contracts.topic import Event
from shared.ids import derived_id

from tests.faults.canonical import differences
from tests.faults.holdings import Holdings, Row
from tests.faults.log import Log

OWNING = ("contacts", *HANDOVER_ACKNOWLEDGED)
"""The services that something can be owned in."""

BY_REACTION = "service:contacts"
"""Who starts what no person asked for; nobody is away in the load."""


@dataclass(frozen=True)
class Owned:
    """A table of what employees answer for: the fact by which it changes hands, and who has it."""

    service: str
    table: str
    key: str
    given: type[Event]
    is_open: Callable[[Row], bool]
    owner: str = "owner_id"


OWNED = (
    Owned(
        "contacts",
        "customers",
        "customer_id",
        k.CustomerOwnerChanged,
        lambda row: row["record_status"] in {"active", "archived"},
    ),
    Owned("pipeline", "deals", "deal_id", p.DealOwnerChanged, lambda row: row["status"] == "open"),
    Owned(
        "pipeline",
        "leads",
        "lead_id",
        p.LeadAssigned,
        lambda row: row["status"] not in {"converted", "disqualified"},
    ),
    Owned(
        "pipeline",
        "commitments",
        "commitment_id",
        p.CommitmentOwnerChanged,
        lambda row: row["status"] in {"open", "broken"},
    ),
    Owned(
        "service-desk",
        "tickets",
        "ticket_id",
        s.TicketAssigned,
        lambda row: row["status"] not in {"resolved", "closed", "cancelled"},
        owner="agent_id",
    ),
    Owned(
        "campaigns",
        "campaigns",
        "campaign_id",
        c.CampaignOwnerChanged,
        lambda row: row["status"] != "completed",
    ),
)


def judge_handovers(log: Log, held: Holdings) -> list[str]:
    """Every handover that is half done, told twice or forgotten, one sentence each."""
    return [
        *_told_once(log),
        *_acknowledged(log, held),
        *_moved(log),
        *_of_leavers(log, held),
        *_of_hr(log, held),
    ]


def _told_once(log: Log) -> Iterator[str]:
    started = Counter(r.event.handover_id for r in log.facts(k.HandoverStarted))
    ended = Counter(r.event.handover_id for r in log.facts(k.HandoverCompleted))
    for handover_id in started.keys() | ended.keys():
        times = started[handover_id], ended[handover_id]
        if times != (1, 1):
            yield f"handover {handover_id} started {times[0]} times and ended {times[1]} times"
    for received in log.facts(k.HandoverCompleted):
        if received.event.status != "completed":
            late = ", ".join(received.event.unresolved)
            yield f"handover {received.event.handover_id} ended without {late}"


def _acknowledged(log: Log, held: Holdings) -> Iterator[str]:
    """Every service says once what it moved, as its own row has it and as contacts tells it."""
    told = _told(log)
    for service in OWNING:
        parts = held.by(service, "handover_parts", "handover_id")
        said: dict[UUID, object] = {
            handover_id: {**moved[service]} for handover_id, moved in told.items()
        }
        kept = {
            handover_id: json.loads(row["moved"]) if row["acknowledged_at"] else "not said"
            for handover_id, row in parts.items()
        }
        yield from differences(f"handover in {service}", said, kept)
    for service, fact in HANDOVER_ACKNOWLEDGED.items():
        times = Counter(r.event.handover_id for r in log.facts(fact))
        for handover_id in told.keys() | times.keys():
            if times[handover_id] != 1:
                yield f"handover {handover_id}: {service} acknowledged {times[handover_id]} times"


def _told(log: Log) -> Mapping[UUID, Mapping[str, Mapping[str, int]]]:
    """Of each handover, what contacts says in the end: by service, how many of which kind."""
    told: dict[UUID, dict[str, dict[str, int]]] = {}
    for received in log.facts(k.HandoverCompleted):
        moved = told.setdefault(received.event.handover_id, defaultdict(dict))
        for each in received.event.moved:
            moved[each.service][each.kind] = each.count
    return told


def _moved(log: Log) -> Iterator[str]:
    """What a handover says that it moved has its facts; a sweep may have moved more of a leaver."""
    left = {r.event.handover_id for r in log.facts(k.HandoverStarted) if _is_leaving(r.event)}
    told = _told(log)
    for owned in OWNED:
        given = Counter(
            handover_id
            for received in log.facts(owned.given)
            if (handover_id := getattr(received.event, "handover_id", None))
        )
        for handover_id in told.keys() | given.keys():
            said = told.get(handover_id, {}).get(owned.service, {}).get(owned.table, 0)
            seen = given[handover_id]
            if seen < said or (seen > said and handover_id not in left):
                yield f"handover {handover_id} moved {said} {owned.table}, and {seen} facts say so"


def _of_leavers(log: Log, held: Holdings) -> Iterator[str]:
    gone = {r.event.from_owner_id for r in log.facts(k.HandoverStarted) if _is_leaving(r.event)}
    for owned in OWNED:
        for row in held.of(owned.service, owned.table):
            if row[owned.owner] in gone and owned.is_open(row):
                thing = f"{owned.service}.{owned.table} {row[owned.key]}"
                yield f"{thing} is still for {row[owned.owner]}, who left"


def _of_hr(log: Log, held: Holdings) -> Iterator[str]:
    """Whoever HR says has left hands over, and otherwise only who a person says does."""
    wanted = {
        derived_id("handover", r.event.employee_id, r.event.left_at.isoformat()): {
            "from_owner_id": r.event.employee_id
        }
        for r in log.facts(EmployeeLeft)
    }
    rows = {
        row["handover_id"]: {"from_owner_id": row["from_owner_id"]}
        for row in held.of("contacts", "handovers")
        if row["started_by"] == BY_REACTION
    }
    yield from differences("handover of whoever left", wanted, rows)


def _is_leaving(started: k.HandoverStarted) -> bool:
    return started.reason_code == "left"
