"""Counters: what a run really met. A test that met none of what it is about has proved nothing."""

from collections import Counter
from collections.abc import Iterable

from shared.contracts import contacts as k
from shared.contracts import pipeline as p
from shared.contracts import service_desk as s

from tests.faults.history import History
from tests.faults.log import Entry, Log
from tests.faults.merging import MERGED, UNMERGED
from tests.faults.rig import Rig

REPOINTED = (
    p.DealRepointed,
    p.LeadRepointed,
    p.OrderRepointed,
    p.CommitmentRepointed,
    s.TicketRepointed,
)


def count(rig: Rig, history: History, log: Log) -> Counter[str]:
    """Everything that is counted, up to now.

    From the topics: `repeated` records (a `ce_id` that stands there before) and `late-commits` (a
    fact that entered the outbox before one that was published before it), `merged` and `undone`,
    and what was `repointed` for it, handovers of who `left`, how many things all handovers `moved`,
    and who was `erased`. From the logs: relays' `takeovers`, records `parked`, batches with
    `duplicates-dropped`, `deaths`.
    """
    found: Counter[str] = Counter()
    found["unknown-commands"] = history.outcomes()["was-unknown"]
    found["commands"] = len(history.commands)
    found["looks"] = len(history.looks)
    found["sent-on"] = sum(c.merged_into is not None for c in history.commands)
    found["merged"], found["undone"] = len(log.facts(*MERGED)), len(log.facts(*UNMERGED))
    found["repointed"] = len(log.facts(*REPOINTED))
    found["left"] = sum(r.event.reason_code == "left" for r in log.facts(k.HandoverStarted))
    found["erased"] = sum(len(r.event.contact_ids) for r in log.facts(k.ErasureCompleted))
    found["moved"] = sum(m.count for r in log.facts(k.HandoverCompleted) for m in r.event.moved)
    for entries in log.entries.values():
        found["repeated"] += _repeated(entries)
        found["late-commits"] += _late(entries)
    leaders = {process.service.name for process in rig.processes.values()}
    found["takeovers"] = rig.said('"event": "relay_leads"') - len(leaders)
    found["parked"] = rig.said('"event": "record_parked"')
    found["duplicates-dropped"] = rig.said('"event": "duplicates_dropped"')
    found["waits"] = rig.said('"event": "consumer_waits"')
    found["deaths"] = sum(len(process.deaths) for process in rig.processes.values())
    return found


def _repeated(entries: Iterable[Entry]) -> int:
    seen: set[object] = set()
    total = 0
    for entry in entries:
        total += entry.envelope.event_id in seen
        seen.add(entry.envelope.event_id)
    return total


def _late(entries: Iterable[Entry]) -> int:
    """Ids are UUIDv7, made as a fact enters its outbox: a smaller one after a greater one of the
    same partition was committed late, or waited for its transaction to end."""
    newest: dict[int, int] = {}
    seen: set[object] = set()
    total = 0
    for entry in entries:
        envelope = entry.envelope
        if envelope.event_id in seen or envelope.event_id.version != 7:
            continue
        seen.add(envelope.event_id)
        total += envelope.event_id.int < newest.get(envelope.partition, 0)
        newest[envelope.partition] = max(envelope.event_id.int, newest.get(envelope.partition, 0))
    return total
