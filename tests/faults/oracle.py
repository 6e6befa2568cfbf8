"""The oracle: at rest, everything that the databases hold equals the pure fold of the log.

It waits until nothing is under way, reads the log and the databases, and makes sure that the log
did not grow meanwhile: so both are of one moment.
"""

import asyncio
import time
from collections.abc import Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from devstack.demo.accounts import Accountant
from devstack.demo.doors import Addresses, Doors
from devstack.demo.quiet import quiet

from tests.faults.checker import Fault, Seen, check
from tests.faults.expected_copies import judge_copies
from tests.faults.expected_handovers import judge_handovers
from tests.faults.expected_imports import judge_imports
from tests.faults.expected_merges import judge_merges
from tests.faults.expected_privacy import judge_forgotten, judge_privacy, read_marked
from tests.faults.expected_reactions import judge_reactions
from tests.faults.expected_view import judge_view
from tests.faults.history import History
from tests.faults.holdings import Holdings, connect, read_holdings
from tests.faults.log import Log, read_log
from tests.faults.merging import MERGED, UNMERGED, merging_of
from tests.faults.rig import Rig
from tests.faults.world import letter_of

PATIENCE = 200.0
OUTSIDE = "ext."


def _left_behind(table: str, *columns: str) -> str:
    """What names a merged record: the job that re-points is at it, or looks again later."""
    named = ", ".join(columns)
    return f"""
        + (SELECT count(*) FROM {table} WHERE EXISTS (
            SELECT FROM aliases WHERE ended_at IS NULL AND old_id IN ({named})))
    """


def _of_leavers(table: str, is_open: str, owner: str = "owner_id") -> str:
    """What is still of somebody who left: a job is at it, or sweeps it up within a minute."""
    return f"""
        + (SELECT count(*) FROM {table} WHERE {is_open} AND {owner} IN (
            SELECT from_owner_id FROM handover_parts WHERE reason_code = 'left'))
    """


_HANDING_OVER = """
        + (SELECT count(*) FROM handover_parts WHERE acknowledged_at IS NULL)
"""
_MERGING = """
        + (SELECT count(*) FROM merge_parts WHERE status IN ('moving', 'undoing'))
"""
_BUSY = {
    "customer-360": "SELECT count(*) FROM profiles WHERE dirty_since IS NOT NULL",
    "contacts": """
        SELECT (SELECT count(*) FROM imports WHERE status IN ('validating', 'running'))
            + (SELECT count(*) FROM privacy_requests
                WHERE status = 'in-progress' AND kind <> 'restriction')
            + (SELECT count(*) FROM handovers WHERE status = 'waiting-acks')
    """
    + _HANDING_OVER
    + _of_leavers("customers", "record_status IN ('active', 'archived')"),
    "service-desk": """
        SELECT (SELECT count(*) FROM clock_timers WHERE due_at < now() + interval '4 seconds')
    """
    + _MERGING
    + _HANDING_OVER
    + _of_leavers("tickets", "status NOT IN ('resolved', 'closed', 'cancelled')", "agent_id")
    + _left_behind("tickets", "customer_id", "contact_id")
    + _left_behind("surveys", "customer_id", "contact_id"),
    "campaigns": """
        SELECT (SELECT count(*) FROM campaigns WHERE status = 'running' AND NOT is_reserved)
            + (SELECT count(*) FROM messages WHERE status = 'reserved')
            + (SELECT count(*) FROM segments WHERE NOT is_evaluated)
    """
    + _MERGING
    + _HANDING_OVER,
    "pipeline": """
        SELECT (SELECT count(*) FROM resyncs WHERE phase IN ('looking', 'publishing'))
            + (SELECT count(*) FROM commitments WHERE wake_at < now() + interval '4 seconds')
            + (SELECT count(*) FROM orders WHERE look_at < now() + interval '4 seconds')
    """
    + _MERGING
    + _HANDING_OVER
    + _of_leavers("deals", "status = 'open'")
    + _of_leavers("leads", "status NOT IN ('converted', 'disqualified')")
    + _of_leavers("commitments", "status IN ('open', 'broken')")
    + _left_behind("deals", "customer_id", "primary_contact_id")
    + _left_behind("orders", "customer_id")
    + _left_behind("commitments", "customer_id", "contact_id"),
}
"""What is still to come though nothing waits in a topic or an outbox: zero in each, at rest.

What was opened for a merged record beside the job that re-points is found when it looks again, in
twenty seconds at most.
"""


class NeverAtRestError(Exception):
    """Something goes on and on."""


@dataclass(frozen=True)
class Verdict:
    """What the checker and the oracle found; `parked` are (service, topic, partition, offset)."""

    faults: list[Fault]
    discrepancies: list[str]

    @property
    def is_clean(self) -> bool:
        return not self.faults and not self.discrepancies

    def __str__(self) -> str:
        lines = [*map(str, self.faults), *self.discrepancies]
        more = f"\n… and {len(lines) - 40} more" if len(lines) > 40 else ""
        return "\n".join(lines[:40]) + more


async def judge(rig: Rig, history: History, log: Log, injected: Collection[str] = ()) -> Verdict:
    """Wait for rest, then check and compare; `injected` are the keys that a test has poisoned."""
    async with AsyncExitStack() as stack:
        connections = await connect(rig, stack)
        doors, accountant = await _watchers(rig, stack)
        deadline = time.monotonic() + PATIENCE
        while True:
            await _rest(connections, doors, accountant)
            await read_log(rig.kafka, log)
            now = datetime.now(UTC)
            held, marked = await read_holdings(connections), await read_marked(connections)
            hash_key = rig.values["RAPPORT_HASH_KEY"]
            connection = connections["customer-360"]
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                view = await judge_view(connection, log, hash_key)
            if not await log.read():
                break
            if time.monotonic() > deadline:
                raise NeverAtRestError("the log grows and grows")
    found = [
        *view,
        *judge_copies(log, held, hash_key),
        *judge_reactions(log, held, mails_of(rig), now),
        *judge_privacy(log, held),
        *judge_forgotten(log, marked),
        *judge_merges(log, held, history.commands),
        *judge_handovers(log, held),
        *judge_imports(log, held),
        *_leftovers(held, injected),
    ]
    ever = {str(id_) for id_ in merging_of(log).ever}
    return Verdict(check(history.commands, seen_in(log), history.looks, ever), found)


def seen_in(log: Log) -> list[Seen]:
    """What the checker looks at: Rapport's own topics."""
    merges = {r.envelope.event_id: str(r.event.merge_id) for r in log.facts(*MERGED, *UNMERGED)}
    return [
        Seen(
            e.envelope.topic,
            e.envelope.key,
            e.envelope.version,
            str(e.envelope.event_id),
            e.envelope.type,
            is_snapshot=e.envelope.topic.endswith(".state.v1"),
            is_resync=e.envelope.resync_id is not None,
            merge_id=merges.get(e.envelope.event_id),
        )
        for e in log.all()
        if not e.envelope.topic.startswith(OUTSIDE)
    ]


async def rest(rig: Rig) -> None:
    """Wait until nothing is under way."""
    async with AsyncExitStack() as stack:
        connections = await connect(rig, stack)
        await _rest(connections, *await _watchers(rig, stack))


async def _watchers(rig: Rig, stack: AsyncExitStack) -> tuple[Doors, Accountant]:
    http = await stack.enter_async_context(httpx.AsyncClient(timeout=15))
    doors = Doors(http, Addresses.of_environment(rig.values), rig.values["RAPPORT_JWT_KEY"])
    accountant = Accountant(rig.kafka)
    stack.push_async_callback(accountant.close)
    return doors, accountant


async def _rest(connections: dict[str, Any], doors: Doors, accountant: Accountant) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        await quiet(doors, accountant)
        busy = {s: n for s, sql in _BUSY.items() if (n := await connections[s].fetchval(sql))}
        if not busy:
            return
        if time.monotonic() > deadline:
            raise NeverAtRestError(f"still to come after {PATIENCE:.0f} s: {busy}")
        await asyncio.sleep(0.2)


def mails_of(rig: Rig) -> list[str]:
    """The send ids of all mail in the sink."""
    folder = rig.stack.state.mail
    return [letter_of(path.read_bytes()).send_id for path in folder.glob("*.eml")]


def _leftovers(held: Holdings, injected: Collection[str]) -> list[str]:
    found: list[str] = []
    for (service, table), rows in held.rows.items():
        if table == "outbox" and rows:
            found.append(f"{len(rows)} facts wait in the outbox of {service}")
        if table == "parked_events":
            found += [
                f"{row['consumer']} parked {row['topic']}/{row['partition']}/{row['offset']} of key"
                f" {row['key']}: {row['reason']} {row['error']}"
                for row in rows
                if row["key"] not in injected
            ]
    return found
