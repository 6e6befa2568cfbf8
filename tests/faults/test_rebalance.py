"""Processes of a service come and go under load: groups share their partitions out anew."""

import asyncio
import time

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from devstack.services import CORE

from devstack import wait
from tests.faults import counters, report
from tests.faults.conftest import IS_FULL
from tests.faults.history import History
from tests.faults.load import loading
from tests.faults.log import Log
from tests.faults.nudging import nudging
from tests.faults.oracle import judge
from tests.faults.rig import Process, Rig
from tests.faults.timing import Timing, p99_ms, timed, under_load, until

SUITE = "Processes come and go under load"
GROWING = ("customer-360", "campaigns", "pipeline") if IS_FULL else ("customer-360",)
COMMANDS_BETWEEN = 60
SHARES_WITHIN = 60.0
ENDED = "Application shutdown complete."
APPLIED = '"event": "batch_applied"'


@pytest.mark.parametrize("service", GROWING)
async def test_from_one_process_to_three_to_one(rig: Rig, log: Log, service: str) -> None:
    had = counters.count(rig, History(), log)
    async with loading(rig, seed=500 + GROWING.index(service)) as load:
        timing = timed(load)
        async with under_load(load):
            members = [await _members(rig, service)]
            for number in (2, 3):
                more = rig.add(service, f"{service}-{number}")
                await _joined(rig, more, timing)
                members.append(await _members(rig, service))
            for number in (3, 2):
                await asyncio.to_thread(rig.remove, f"{service}-{number}")
                await _members_are(rig, service, number - 1)
                members.append(number - 1)
                await timing.more(COMMANDS_BETWEEN)
        verdict = await judge(rig, load.history, log)
    met = counters.count(rig, load.history, log)
    met.subtract(had)
    report.tell(f"{service}: members of each group {members}")
    suite = report.suite(SUITE, "what")
    suite.note({f"1 to 3 to 1: {service}": 1}, verdict, {**met, "rebalances": len(members) - 1})
    assert verdict.is_clean, str(verdict)
    assert members == [1, 2, 3, 2, 1]


async def _joined(rig: Rig, process: Process, timing: Timing) -> None:
    """The new one has partitions of every group and applies what is on them."""
    await asyncio.to_thread(rig.await_ready, [process.name])
    await _members_are(rig, process.service.name, int(process.name[-1]))
    await timing.more(COMMANDS_BETWEEN)
    await until(lambda: process.said(APPLIED) > 0, f"{process.name} applies", SHARES_WITHIN)


async def _members_are(rig: Rig, service: str, count: int) -> None:
    deadline = time.monotonic() + SHARES_WITHIN
    while await _members(rig, service) != count:
        assert time.monotonic() < deadline, f"{service} has not {count} members per group"
        await asyncio.sleep(0.2)


async def _members(rig: Rig, service: str) -> int:
    """How many members each consumer group of a service has; 0 while they differ."""
    admin = AIOKafkaAdminClient(**rig.kafka.client_options())
    await admin.start()
    try:
        names = [name for name, *_ in await admin.list_consumer_groups()]
        counts: set[int] = set()
        for name in names:
            if name.startswith(f"rapport.{service}."):
                answer = (await admin.describe_consumer_groups([name]))[0].to_object()
                counts.add(len(answer["groups"][0]["members"]))
    finally:
        await admin.close()
    return counts.pop() if len(counts) == 1 else 0


@pytest.mark.skipif(not IS_FULL, reason="of the long form: make test-faults")
async def test_a_rolling_restart_of_every_service(rig: Rig, log: Log) -> None:
    had = counters.count(rig, History(), log)
    async with loading(rig, seed=550) as load:
        timing = timed(load)
        async with under_load(load):
            for service in CORE:
                await timing.more(COMMANDS_BETWEEN)
                await asyncio.to_thread(_restart, rig, service.name)
        verdict = await judge(rig, load.history, log)
    met = counters.count(rig, load.history, log)
    met.subtract(had)
    done = {f"rolling restart: {service.name}": 1 for service in CORE}
    report.suite(SUITE, "what").note(done, verdict, met)
    assert verdict.is_clean, str(verdict)
    assert met["takeovers"] >= len(CORE)


def _restart(rig: Rig, name: str) -> None:
    """SIGTERM and a new process; it must have ended by itself and in order."""
    process = rig.process(name)
    ended = process.said(ENDED)
    began = time.monotonic()
    rig.restart(name)
    restarted = time.monotonic()
    assert process.said(ENDED) == ended + 1, f"{name} had to be killed"
    rig.await_ready([name])
    ready = time.monotonic() - restarted
    report.tell(f"{name}: ended within {restarted - began:.1f} s, ready after {ready:.1f} s")


@pytest.mark.skipif(not IS_FULL, reason="of the long form: make test-faults")
async def test_commands_go_on_while_another_process_restarts(rig: Rig, log: Log) -> None:
    """Who speaks with the second process of pipeline sees nothing of the first one's end."""
    second = rig.add("pipeline", "pipeline-2")
    await asyncio.to_thread(rig.await_ready, ["pipeline-2"])
    try:
        async with loading(rig, seed=551) as load:
            load.client.urls["pipeline"] = second.url
            timing = timed(load)
            async with nudging(load, deals=4):
                await timing.more(20, "pipeline")
                began = time.monotonic()
                await asyncio.to_thread(_restart, rig, "pipeline")
                await timing.more(20, "pipeline")
                answers = timing.acknowledged(began, time.monotonic(), "pipeline")
            verdict = await judge(rig, load.history, log)
    finally:
        assert await asyncio.to_thread(_removed, rig, "pipeline-2")
    report.tell(f"pipeline-2 meanwhile: {len(answers)} commands, p99 {p99_ms(answers)} ms")
    done = {"commands at another process": 1}
    report.suite(SUITE, "what").note(done, verdict, {"commands": len(answers)})
    assert verdict.is_clean, str(verdict)
    unknown = [c for c in load.history.commands if c.unknown and c.service == "pipeline"]
    assert not unknown


def _removed(rig: Rig, name: str) -> bool:
    """Stop the second process, and wait until the first one has all partitions again."""
    rig.remove(name)
    return wait.until(rig.process("pipeline").is_ready, seconds=60)
