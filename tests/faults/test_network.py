"""The network of one service is disturbed under load, healed, and everything judged.

Pipeline reaches PostgreSQL and Kafka through fault proxies only; the others go their own way.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from devstack import ports, wait
from tests.faults import counters, report
from tests.faults.catching_up import backlog
from tests.faults.conftest import IS_FULL
from tests.faults.history import History
from tests.faults.holdings import connect
from tests.faults.load import loading
from tests.faults.log import Log
from tests.faults.nudging import neighbours, nudging
from tests.faults.oracle import judge
from tests.faults.proxy import HEALED, Fault, Proxy
from tests.faults.rig import Rig
from tests.faults.timing import Timing, p99_ms, timed, under_load, until

SUITE = "Network faults before one service (pipeline), under load"
LEADS = '"event": "relay_leads"'
SERVICE = "pipeline"
SECOND = "pipeline-2"
OTHERS = ("contacts", "service-desk", "campaigns")
FAULT_SECONDS = 6.0 if IS_FULL else 4.0
OTHERS_COMMANDS = 40
RECOVERS_WITHIN = 45.0
HANDS_OVER_WITHIN = 30.0

BOTH = frozenset({"client", "server"})
FAULTS = {
    "latency": Fault(latency=0.2),
    "half-open": Fault(deaf=frozenset({"server"})),
    "reset": Fault(resets=True),
    "black hole": Fault(deaf=BOTH, forgets=True),
    "slow drip": Fault(drip_bytes=256),
    "cut": Fault(cut_after=2000),
}
EVIDENCE = {
    "latency": "held-up",
    "half-open": "deafened",
    "reset": "reset",
    "black hole": "deafened",
    "slow drip": "held-up",
    "cut": "cut",
    "partition": "deafened",
}
PARTITION = Fault(deaf=BOTH)


@dataclass(frozen=True)
class Case:
    """One fault before one server, or before both."""

    name: str
    postgres: Fault = HEALED
    kafka: Fault = HEALED

    def __str__(self) -> str:
        return f"{self.name}, {self._where}"

    @property
    def _where(self) -> str:
        if HEALED not in {self.postgres, self.kafka}:
            return "both"
        return "Kafka" if self.postgres == HEALED else "PostgreSQL"


CASES = [
    *(Case(name, postgres=fault) for name, fault in FAULTS.items()),
    *(Case(name, kafka=fault) for name, fault in FAULTS.items()),
    Case("partition", PARTITION, PARTITION),
]
SHORT = ("black hole, PostgreSQL", "half-open, Kafka", "partition, both")
RUNS = [[case] for case in CASES] if IS_FULL else [[c for c in CASES if str(c) in SHORT]]
HANDOVERS = [
    Case("partition", PARTITION, PARTITION),
    *([Case("partition", postgres=PARTITION), Case("partition", kafka=PARTITION)] * IS_FULL),
]


@dataclass(frozen=True)
class Proxies:
    """What stands between the service and its servers."""

    postgres: Proxy
    kafka: Proxy

    def disturb(self, case: Case) -> None:
        self.postgres.disturb(case.postgres)
        self.kafka.disturb(case.kafka)

    def heal(self) -> None:
        self.postgres.heal()
        self.kafka.heal()

    @property
    def met(self) -> Counter[str]:
        return self.postgres.met + self.kafka.met


@pytest.fixture(scope="module")
async def proxies(rig: Rig) -> AsyncGenerator[Proxies]:
    """Start pipeline anew behind proxies, and without them at the end."""
    url = urlsplit(rig.database_url(SERVICE))
    postgres = Proxy(ports.ephemeral()["POSTGRES_PORT"], url.port or 0)
    kafka = Proxy(rig.listener.advertised, rig.listener.port)
    netloc = f"{url.username}:{url.password}@{ports.HOST}:{postgres.port}"
    environment = {
        rig.process(SERVICE).service.url_variable: url._replace(netloc=netloc).geturl(),
        "KAFKA_BOOTSTRAP_SERVERS": f"{ports.HOST}:{kafka.port}",
    }
    async with postgres.listening(), kafka.listening():
        await asyncio.to_thread(_start_anew, rig, environment)
        yield Proxies(postgres, kafka)
        await asyncio.to_thread(_start_anew, rig, {})


def _start_anew(rig: Rig, environment: dict[str, str]) -> None:
    rig.stop(SERVICE)
    rig.start(SERVICE, environment)
    rig.await_ready()


@pytest.mark.parametrize("run", RUNS, ids=lambda run: " + ".join(map(str, run)))
async def test_a_disturbed_network_loses_nothing_and_stops_nobody_else(
    rig: Rig, log: Log, proxies: Proxies, run: list[Case]
) -> None:
    had = counters.count(rig, History(), log)
    async with loading(rig, seed=400 + CASES.index(run[0])) as load:
        timing = timed(load)
        async with under_load(load), nudging(load), neighbours(load):
            for case in run:
                await _disturb(rig, proxies, case, timing)
        verdict = await judge(rig, load.history, log)
    met = counters.count(rig, load.history, log)
    met.subtract(had)
    report.suite(SUITE, "fault").note({str(case): 1 for case in run}, verdict, met)
    assert verdict.is_clean, str(verdict)


async def _disturb(rig: Rig, proxies: Proxies, case: Case, timing: Timing) -> None:
    """One fault, and the way back; meanwhile the others go on."""
    await timing.more(10, SERVICE)
    before = proxies.met
    began = time.monotonic()
    proxies.disturb(case)

    def others_went_on() -> bool:
        now = time.monotonic()
        enough = len(timing.acknowledged(began, now, *OTHERS)) >= OTHERS_COMMANDS
        return enough and now - began >= FAULT_SECONDS

    await until(others_went_on, "the other services go on", 60)
    proxies.heal()
    healed = time.monotonic()
    met = proxies.met - before
    others = timing.acknowledged(began, healed, *OTHERS)
    async with AsyncExitStack() as stack:
        left = await backlog(await connect(rig, stack))
        back, (published, visible) = await asyncio.gather(
            timing.first(healed, SERVICE), left.catch_up(rig.kafka, healed)
        )
    report.tell(
        f"{case!s:24} {healed - began:4.1f} s, {dict(met)}; others {len(others)} commands,"
        f" p99 {p99_ms(others)} ms; healed: answers after {back:.1f} s, {left.rows} waiting facts"
        f" out after {published:.1f} s, in the 360 after {visible:.1f} s"
    )
    assert met[EVIDENCE[case.name]] > 0
    assert visible < RECOVERS_WITHIN
    assert back < RECOVERS_WITHIN


@pytest.mark.parametrize("case", HANDOVERS, ids=str)
async def test_a_relay_that_is_cut_off_hands_over(
    rig: Rig, log: Log, proxies: Proxies, case: Case
) -> None:
    second = await asyncio.to_thread(_led_by_first, rig)
    try:
        async with loading(rig, seed=450 + HANDOVERS.index(case)) as load:
            load.client.urls[SERVICE] = second
            timing = timed(load)
            async with under_load(load):
                try:
                    seconds = await _cut_off(rig, proxies, case, timing)
                finally:
                    proxies.heal()
            verdict = await judge(rig, load.history, log)
    finally:
        await asyncio.to_thread(rig.remove, SECOND)
    report.tell(f"relay cut off ({case}): the other one leads after {seconds:.1f} s")
    suite = report.suite(SUITE, "fault")
    suite.note({f"relay cut off, {case}": 1}, verdict, {"takeovers-by-second": 1})
    assert verdict.is_clean, str(verdict)


def _led_by_first(rig: Rig) -> str:
    """Start a second process while the first one leads; answers where it is."""
    rig.stop(SERVICE)
    led = rig.process(SERVICE).said(LEADS)
    rig.start(SERVICE)
    assert wait.until(lambda: rig.process(SERVICE).said(LEADS) > led, seconds=60)
    second = rig.add(SERVICE, SECOND)
    rig.await_ready([SERVICE, SECOND])
    return second.url


async def _cut_off(rig: Rig, proxies: Proxies, case: Case, timing: Timing) -> float:
    second = rig.process(SECOND)
    await timing.more(20, SERVICE)
    led = second.said(LEADS)
    began = time.monotonic()
    proxies.disturb(case)
    await until(lambda: second.said(LEADS) > led, "the second leads", HANDS_OVER_WITHIN)
    seconds = time.monotonic() - began
    await timing.more(20, SERVICE)  # none waits for what the other one had locked
    return seconds
