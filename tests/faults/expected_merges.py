"""What merges must come to: each told once, and everything names whom its first id means now.

A thing's first fact says whom it named when it was made: the record itself, or whom its id meant
then. Whatever was merged, merged on, undone or merged anew since, the thing names whom that id
means at the end: so each has back what it brought, and what came since stays with who stayed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.contracts import contacts as k
from shared.contracts import pipeline as p
from shared.contracts import service_desk as s
from shared.contracts.topic import Event

from tests.faults.canonical import differences
from tests.faults.history import Command
from tests.faults.holdings import Holdings
from tests.faults.log import Log
from tests.faults.merging import MERGED, UNMERGED, Meaning, Merging, merging_of


@dataclass(frozen=True)
class Naming:
    """A table whose rows name parties, the fact that begins a row, and the columns of both."""

    service: str
    table: str
    key: str
    begun: type[Event]
    columns: Mapping[str, str]


CUSTOMER_AND_PERSON = {"customer_id": "customer_id", "contact_id": "contact_id"}
NAMING = (
    Naming(
        "pipeline",
        "deals",
        "deal_id",
        p.DealOpened,
        {"customer_id": "customer_id", "primary_contact_id": "primary_contact_id"},
    ),
    Naming("pipeline", "leads", "lead_id", p.LeadConverted, CUSTOMER_AND_PERSON),
    Naming("pipeline", "orders", "order_id", p.OrderConfirmed, {"customer_id": "customer_id"}),
    Naming("pipeline", "commitments", "commitment_id", p.CommitmentMade, CUSTOMER_AND_PERSON),
    Naming("service-desk", "tickets", "ticket_id", s.TicketOpened, CUSTOMER_AND_PERSON),
    Naming("service-desk", "surveys", "survey_id", s.SurveySent, CUSTOMER_AND_PERSON),
    Naming(
        "contacts",
        "interactions",
        "interaction_id",
        k.InteractionRecorded,
        {"customer_id": "customer_id"},
    ),
)
FOLLOWING = ("contacts", "pipeline", "service-desk")
"""Services that keep aliases of their own."""


def judge_merges(log: Log, held: Holdings, commands: Iterable[Command]) -> list[str]:
    """Everything that a merge or its undoing left half done, one sentence each."""
    merging = merging_of(log)
    meaning = Meaning(merging.into)
    return [
        *_told_once(log, merging),
        *_records(log, held, merging),
        *_aliases(held, merging),
        *_parts(held),
        *_names(log, held, meaning),
        *_clocks(held),
        *_members(log, meaning),
        *_sent_on(commands, merging),
    ]


def _told_once(log: Log, merging: Merging) -> Iterator[str]:
    for what, facts in (("merged", MERGED), ("undone", UNMERGED)):
        for merge_id, times in Counter(r.event.merge_id for r in log.facts(*facts)).items():
            if times > 1:
                yield f"merge {merge_id} was {what} {times} times"
    for merge_id in merging.undone - merging.merges.keys():
        yield f"merge {merge_id} was undone and never done"
    for old_id, times in Counter(old_id for _, old_id, _ in merging.open_steps()).items():
        if times > 1:
            yield f"record {old_id} is merged into {times} others at once"


def _records(log: Log, held: Holdings, merging: Merging) -> Iterator[str]:
    """Whoever was erased is nobody's record any more, merged or not."""
    erased = log.ended(k.CONTACT_STATE)
    wanted = {old_id: into for old_id, into in merging.into.items() if old_id not in erased}
    rows = {
        row[key]: row["merged_into"]
        for table, key in (("customers", "customer_id"), ("people", "contact_id"))
        for row in held.of("contacts", table)
        if row["record_status"] == "merged"
    }
    yield from differences("merged record", wanted, rows)


def _aliases(held: Holdings, merging: Merging) -> Iterator[str]:
    wanted = {(merge_id, old_id): into for merge_id, old_id, into in merging.open_steps()}
    for service in FOLLOWING:
        rows = {
            (row["merge_id"], row["old_id"]): row["into_id"]
            for row in held.of(service, "aliases")
            if row["ended_at"] is None
        }
        yield from differences(f"alias of {service}", wanted, rows)


def _parts(held: Holdings) -> Iterator[str]:
    for service in FOLLOWING[1:]:
        for row in held.of(service, "merge_parts"):
            if row["status"] in {"moving", "undoing"}:
                yield f"{service} is still {row['status']} merge {row['merge_id']}"


def _names(log: Log, held: Holdings, meaning: Meaning) -> Iterator[str]:
    for naming in NAMING:
        rows = held.by(naming.service, naming.table, naming.key)
        wanted: dict[UUID, dict[str, Any]] = {}
        for received in log.facts(naming.begun):
            event = received.event
            wanted[getattr(event, naming.key)] = {
                column: meaning.of(getattr(event, name)) for column, name in naming.columns.items()
            }
        shown = {
            key: {column: rows[key][column] for column in naming.columns}
            for key in wanted.keys() & rows.keys()
        }
        theirs = {key: wanted[key] for key in shown}  # who is missing altogether is told elsewhere
        yield from differences(f"parties of {naming.service}.{naming.table}", theirs, shown)


def _clocks(held: Holdings) -> Iterator[str]:
    tickets = held.by("service-desk", "tickets", "ticket_id")
    for clock in held.of("service-desk", "clocks"):
        customer_id = tickets[clock["ticket_id"]]["customer_id"]
        if clock["customer_id"] != customer_id:
            yield f"clock {clock['clock_id']} is not of {customer_id}, as its ticket is"


def _members(log: Log, meaning: Meaning) -> Iterator[str]:
    """Nobody is in a customer that is another one by now."""
    for received in log.newest(k.ContactState).values():
        for part in received.event.memberships:
            if part.until is None and meaning.now(part.customer_id) != part.customer_id:
                yield f"person {received.event.contact_id} is still in {part.customer_id}"


def _sent_on(commands: Iterable[Command], merging: Merging) -> Iterator[str]:
    """Who is sent on was named, and was merged into the one to whom the answer leads.

    Who undoes a merge names, by the merge, the one that stayed: it may have gone on since.
    """
    steps: dict[str, set[str]] = {}
    for into, ids in merging.merges.values():
        for old_id in ids:
            steps.setdefault(str(old_id), set()).add(str(into))
    stayed = {str(merge_id): str(into) for merge_id, (into, _) in merging.merges.items()}
    for command in commands:
        if command.merged_into is None:
            continue
        named = {stayed.get(each, each) for each in command.named}
        if not any(command.merged_into in _ways_of(each, steps) for each in named):
            yield f"{command.name} {command.key} was sent on without a merge: {command.said}"


def _ways_of(id_: str, steps: Mapping[str, set[str]]) -> set[str]:
    """Whatever a record ever led to, by one merge or by a chain of them."""
    seen: set[str] = set()
    ahead = steps.get(id_, set())
    while ahead:
        seen |= ahead
        ahead = set().union(*(steps.get(each, set()) for each in ahead)) - seen
    return seen
