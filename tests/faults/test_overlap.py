"""Two relays forced to overlap: one is frozen with facts in hand, another leads, the first thaws.

Newer facts of the same aggregates stand on the topics by then. The thawed one must delete nothing
and stop leading, what it still sends must be repeats, and every consumer must come out right.
"""

import asyncio
from collections import Counter
from random import Random

import asyncpg
import pytest

from tests.faults import counters, report
from tests.faults.conftest import IS_FULL
from tests.faults.history import History
from tests.faults.load import Load, loading
from tests.faults.log import Log
from tests.faults.nudging import nudging
from tests.faults.oracle import Verdict, judge, rest
from tests.faults.rig import Process, Rig
from tests.faults.timing import timed, under_load, until

SERVICE, SECOND = "pipeline", "pipeline-2"
LEADS = '"event": "relay_leads"'
INTERRUPTED = '"event": "relay_interrupted"'
DEALS = 6
LATEST_HIT = 12
WITHIN = 60.0
NEWER_COMMANDS = 60
PLACES = ("relay.after-read", "relay.after-ack") if IS_FULL else ("relay.after-ack",)
SEEDS = (1, 2, 3) if IS_FULL else (1,)

_OF_LEADER = """
SELECT l.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND a.application_name = 'rapport-relay'
    AND a.datname = $1
"""
_END = "SELECT pg_terminate_backend($1)"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("number", SEEDS)
async def test_a_relay_that_was_frozen_does_no_harm(
    rig: Rig, log: Log, number: int, place: str
) -> None:
    seed = 600 + 10 * PLACES.index(place) + number
    had = counters.count(rig, History(), log)
    second = rig.add(SERVICE, SECOND)
    await asyncio.to_thread(rig.await_ready, [SERVICE, SECOND])
    try:
        async with loading(rig, seed) as load:
            load.client.urls[SERVICE] = second.url
            await rest(rig)  # from here on the relay holds what the nudged deals did
            await _overlap(rig, load, log, f"{place}=stop@{Random(seed).randint(1, LATEST_HIT)}")
            verdict = await judge(rig, load.history, log)
        met = counters.count(rig, load.history, log)
        met.subtract(had)
        _note(place, verdict, met, log)
        assert verdict.is_clean, str(verdict)
        assert met["takeovers"] > 0
        assert met["repeated"] > 0 or place != "relay.after-ack"
    finally:
        await asyncio.to_thread(_leave_one, rig)


def _note(place: str, verdict: Verdict, met: Counter[str], log: Log) -> None:
    met["after-newer"] = repeats_after_newer(log)
    report.suite("Two relays forced to overlap", "frozen at").note({place: 1}, verdict, met)


async def _overlap(rig: Rig, load: Load, log: Log, order: str) -> None:
    """Freeze the leader, end its session, let the other lead and publish, thaw."""
    first, second = rig.process(SERVICE), rig.process(SECOND)
    place = order.partition("=")[0]
    fired = rig.fired(place)
    await _lead(rig, order)
    timing = timed(load)
    async with nudging(load, DEALS):
        await until(lambda: rig.fired(place) > fired, f"{order} fires", WITHIN)
        led, lost = second.said(LEADS), first.said(INTERRUPTED)
        await _end_session(rig)
        await until(lambda: second.said(LEADS) > led, "the second process leads", WITHIN)
        await timing.more(NEWER_COMMANDS, SERVICE)
    async with under_load(load):
        await timing.more(NEWER_COMMANDS, SERVICE)
        await _published(log, sum(map(len, log.entries.values())) + NEWER_COMMANDS)
        rig.thaw(SERVICE)
        await until(lambda: first.said(INTERRUPTED) > lost, "the thawed one gives up", WITHIN)
        await timing.more(NEWER_COMMANDS, SERVICE)
    assert _is_led_by(second)


async def _lead(rig: Rig, order: str) -> None:
    """Make the first process the leader, armed: while it starts, the second one may not lead."""
    first = rig.process(SERVICE)
    led = first.said(LEADS)
    await asyncio.to_thread(rig.stop, SECOND)
    await asyncio.to_thread(rig.arm, SERVICE, [order])
    await until(lambda: first.said(LEADS) > led, "the first process leads", WITHIN)
    await asyncio.to_thread(rig.start, SECOND)
    await until(rig.process(SECOND).is_ready, "the second process is ready", WITHIN)


async def _end_session(rig: Rig) -> None:
    """End the session that holds the lock, as PostgreSQL does with a client that has vanished."""
    connection = await asyncpg.connect(rig.stack.postgres.url)
    try:
        [leader] = await connection.fetch(_OF_LEADER, SERVICE)
        assert await connection.fetchval(_END, leader["pid"])
    finally:
        await connection.close()


async def _published(log: Log, size: int) -> None:
    async with asyncio.timeout(WITHIN):
        while sum(map(len, log.entries.values())) < size:
            await log.read()


def _is_led_by(process: Process) -> bool:
    return process.said(LEADS) > process.said(INTERRUPTED)


def _leave_one(rig: Rig) -> None:
    rig.thaw(SERVICE)
    rig.remove(SECOND)
    rig.restart(SERVICE)
    rig.await_ready()


def repeats_after_newer(log: Log) -> int:
    """Records that came again when a newer version of their aggregate stood there already."""
    total = 0
    for entries in log.entries.values():
        newest: dict[str, int] = {}
        for entry in entries:
            envelope = entry.envelope
            total += envelope.version < newest.get(envelope.key, 0)
            newest[envelope.key] = max(envelope.version, newest.get(envelope.key, 0))
    return total
