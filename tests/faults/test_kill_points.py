"""SIGKILL at every place where a crash could lose or double something, under load.

Each process gets a queue of failpoints, one for each of its lives, with hit counts from the seed:
as soon as one has fired the process comes back with the next one armed, while the load goes on.
"""

import asyncio
import itertools
import time
from collections.abc import Mapping
from random import Random

from shared.contracts.external import ERP_ORDERS
from shared.contracts.privacy import ANSWERING
from shared.failpoints import Failpoint

from tests.faults import counters, report
from tests.faults import journeys_of_merges as merges
from tests.faults.history import History
from tests.faults.load import Load, loading
from tests.faults.log import Log
from tests.faults.oracle import judge
from tests.faults.poison import Operator, poison_order
from tests.faults.rig import Rig
from tests.faults.waiting import NeverError, eventually
from tests.faults.world import SESSION_DAY, Order
from tests.redelivery import redeliver

SECONDS_TO_FIRE = 300.0
SECONDS_TO_GO_ON = 6.0
RATE = 100.0

OWN: Mapping[str, tuple[str, ...]] = {
    "contacts": (
        "import.after-block",
        "import.between-blocks",
        "merge.after-rows",
        "merge.after-return",
        "merge.before-senders",
        "access.before-commit",  # these wait for the answers of all services
        "access.after-commit",
    ),
    "pipeline": (
        "parking.after-insert",
        "redrive.after-effect",
        "redrive.after-commit",
        "resync.before-commit",
        "resync.after-commit",
        "commitments.before-commit",
        "commitments.after-commit",
        "payments.before-commit",
        "payments.after-commit",
    ),
    "service-desk": (
        "timers.before-commit",
        "timers.after-commit",
        "handover.before-commit",
        "handover.after-commit",
    ),
    "campaigns": ("mail.before-handover", "mail.after-handover"),
    "customer-360": ("profiles.before-commit",),
}
"""Places that only one service has, or that only this service is driven to."""

ANYWHERE: Mapping[str, int] = {
    "outbox.before-insert": 12,
    "outbox.after-insert": 12,
    "http.before-answer": 12,
    "relay.after-read": 6,
    "relay.after-ack": 20,
    "relay.before-delete": 6,
    "relay.after-delete": 6,
    "consumer.after-effect": 5,
    "consumer.after-commit": 5,
}
"""Places that each service has, and the latest visit at which to strike there."""

IN_ANSWERS: tuple[str, ...] = ("erasure.before-commit", "access.before-answer")
"""Places in the reactions to what people ask about their data: the seed says in which service."""

IN_REPOINTING: tuple[str, ...] = ("merge.before-commit", "merge.after-commit")
REPOINTING: tuple[str, ...] = ("pipeline", "service-desk")
"""Places in the job that lets things name who stays, and where it runs: the seed says which."""

MET = (
    "unknown-commands",
    "repeated",
    "takeovers",
    "parked",
    "duplicates-dropped",
    "merged",
    "undone",
    "repointed",
    "sent-on",
    "left",
    "moved",
    "erased",
)
"""What a run must have met, or it has proved nothing."""

Plan = dict[str, list[str]]
EVERY_PLACE = frozenset({*ANYWHERE, *IN_ANSWERS, *IN_REPOINTING, *itertools.chain(*OWN.values())})


def test_no_failpoint_is_left_out() -> None:
    """Importing the services of the core makes every place known; each of them is struck.

    Those of webhooks are struck in tests/integration/webhooks.
    """
    import campaigns.app  # noqa: F401, PLC0415 -- for the failpoints that its modules make
    import contacts.app  # noqa: F401, PLC0415
    import customer_360.app  # noqa: F401, PLC0415
    import pipeline.app  # noqa: F401, PLC0415
    import service_desk.app  # noqa: F401, PLC0415

    elsewhere = {place for place in Failpoint.known if place.startswith("webhooks.")}
    assert set(Failpoint.known) - elsewhere == EVERY_PLACE


async def test_a_process_killed_anywhere_loses_and_doubles_nothing(
    rig: Rig, log: Log, seed: int
) -> None:
    plan = plan_of(Random(seed))
    before = {place: rig.fired(place) for place in EVERY_PLACE}
    had = counters.count(rig, History(), log)
    started = time.monotonic()
    async with loading(rig, seed, RATE) as load:
        await _strike(rig, load, plan)
        report.tell(f"seed {seed}: all struck after {time.monotonic() - started:.0f} s")
        assert await redeliver(rig.kafka, ERP_ORDERS.name, most=1) > 0
        verdict = await judge(rig, load.history, log)
    fired = {place: rig.fired(place) - before[place] for place in EVERY_PLACE}
    met = counters.count(rig, load.history, log)
    met.subtract(had)
    suite = report.suite("SIGKILL under load, per failpoint", "failpoint")
    suite.note(fired, verdict, {**met, "seeds": 1})
    report.tell(f"seed {seed}: judged after {time.monotonic() - started:.0f} s; {dict(met)}")
    assert verdict.is_clean, str(verdict)
    assert fired == dict.fromkeys(EVERY_PLACE, 1)
    for counter in MET:
        assert met[counter] > 0, counter


def plan_of(dice: Random) -> Plan:
    """Every place once: the common ones go to any service, five to the one with fewest."""
    plan: Plan = {
        service: [f"{place}=kill@1" for place in places] for service, places in OWN.items()
    }
    for place in IN_ANSWERS:
        plan[dice.choice(ANSWERING)].append(f"{place}=kill@1")
    for place in IN_REPOINTING:
        plan[dice.choice(REPOINTING)].append(f"{place}=kill@1")
    places = list(ANYWHERE)
    dice.shuffle(places)
    for place in places:
        able = [s for s in plan if place != "http.before-answer" or s != "customer-360"]
        service = min(able, key=lambda s: (len(plan[s]), dice.random()))
        order = f"{place}=kill@{dice.randint(1, ANYWHERE[place])}"
        plan[service].insert(dice.randint(0, len(plan[service])), order)
    return plan


async def _strike(rig: Rig, load: Load, plan: Plan) -> None:
    """Arm everybody, and travel until the last failpoint has fired and everybody is back."""
    lives = {name: rig.process(name).lives + 1 + len(orders) for name, orders in plan.items()}

    def all_back() -> bool:
        return all(rig.process(name).lives >= wanted for name, wanted in lives.items())

    arming = (asyncio.to_thread(rig.arm, service, orders) for service, orders in plan.items())
    await asyncio.gather(*arming)
    async with asyncio.timeout(SECONDS_TO_FIRE), asyncio.TaskGroup() as tasks:
        tasks.create_task(_poison(rig, load))
        tasks.create_task(_resync(rig, load))
        tasks.create_task(_hand_over(rig, load))
        tasks.create_task(_merge(rig, load))
        tasks.create_task(_ask_about_data(rig, load, plan))
        tasks.create_task(_bring_files(rig, load, plan["contacts"]))
        await load.run(all_back, SECONDS_TO_FIRE)
    await asyncio.to_thread(rig.await_ready)


async def _poison(rig: Rig, load: Load) -> None:
    """Poison, park, discard, redrive: pipeline dies at each step of it."""
    order = Order(f"POISON-{load.seed}", load.world.parties[0].ref, 1, "10.00", SESSION_DAY)
    operator = Operator(rig.process("pipeline").url, rig.values["RAPPORT_JWT_KEY"])
    await _armed(rig, "pipeline", "parking.after-insert")
    await poison_order(load.erp, order)
    bad, behind = await operator.await_queue(order.number, 2)
    assert (bad["reason"], behind["reason"]) == ("undecodable-body", "behind-parked")
    await operator.discard(bad["parked_id"])
    for place in ("redrive.after-effect", "redrive.after-commit"):
        await _armed(rig, "pipeline", place)
        assert [item["parked_id"] for item in await operator.queue(order.number)] == [
            behind["parked_id"]
        ]
        while rig.process("pipeline").armed.startswith(place):
            await operator.try_redrive(behind["parked_id"])
    assert await operator.queue(order.number) == []


async def _resync(rig: Rig, load: Load) -> None:
    """Everything is published again while it changes: pipeline dies on both sides of a page."""
    operator = Operator(rig.process("pipeline").url, rig.values["RAPPORT_JWT_KEY"])
    for place in ("resync.before-commit", "resync.after-commit"):
        await _armed(rig, "pipeline", place)
        await operator.begin_resync(f"{load.seed} {place}", "lead", "deal", "order", "commitment")


async def _hand_over(rig: Rig, load: Load) -> None:
    """Agents hand their tickets over to and fro: service-desk dies on both sides of a batch.

    Others leave at the same time: it may be in theirs that it dies.
    """
    operator = Operator(rig.process("contacts").url, rig.values["RAPPORT_JWT_KEY"])
    agents = ("sam", "tim")
    places = ("handover.before-commit", "handover.after-commit")
    had = {place: rig.fired(place) for place in places}
    for place, (one, other) in zip(places, (agents, agents[::-1]), strict=True):
        await _armed_or_struck(rig, "service-desk", place, had[place])
        await operator.begin_handover(f"{load.seed} {place}", one, other)


async def _merge(rig: Rig, load: Load) -> None:
    """Customers are merged and parted until contacts has died in both, and after one of them.

    Others do so at the same time: they may be first.
    """
    t = load.traveller(f"{load.seed}-merge")
    had = {place: rig.fired(place) for place in OWN["contacts"] if place.startswith("merge.")}
    while any(rig.fired(place) == times for place, times in had.items()):
        if not rig.process("contacts").armed.startswith("merge."):
            await asyncio.sleep(0.5)
            continue
        await merges.merge_customers(t)
        if t.world.merges:
            await merges.part_again(t, t.world.merges[-1])


async def _ask_about_data(rig: Rig, load: Load, plan: Plan) -> None:
    """People ask what is held of them, or to be forgotten, until every place in it was struck."""
    operator = Operator(rig.process("contacts").url, rig.values["RAPPORT_JWT_KEY"])
    places = [
        (service, order.partition("=")[0])
        for service, orders in plan.items()
        for order in orders
        if order.startswith(("access.", "erasure."))
    ]
    had = {place: rig.fired(place) for _, place in places}

    async def strike(service: str, place: str) -> None:
        await _armed_or_struck(rig, service, place, had[place])
        contact_id = await operator.meet_somebody(f"{load.seed}-{place}")
        kind = "erasures" if place.startswith("erasure.") else "exports"
        await operator.ask_about_data(kind, contact_id)

    async with asyncio.TaskGroup() as tasks:
        for service, place in places:
            tasks.create_task(strike(service, place))


async def _bring_files(rig: Rig, load: Load, orders: list[str]) -> None:
    """A file for the first place in an import; another for the second, if the first is through.

    One of people comes beside it: either may be the one at which contacts dies.
    """
    places = [order for order in orders if order.startswith("import.")]
    await _armed(rig, "contacts", places[0])
    await asyncio.gather(load.bring_file(), load.bring_people())
    await _armed(rig, "contacts", places[1])
    if await _is_still_armed(rig, "contacts", places[1]):
        await load.bring_file()


async def _armed(rig: Rig, service: str, place: str) -> None:
    async def look() -> bool:
        return rig.process(service).armed.startswith(place)

    await eventually(look, f"{service} is armed with {place}", SECONDS_TO_FIRE)


async def _armed_or_struck(rig: Rig, service: str, place: str, had: int) -> None:
    """The same where others come there, too: by the time that one looks it may have been."""

    async def look() -> bool:
        return rig.fired(place) > had or rig.process(service).armed.startswith(place)

    await eventually(look, f"{service} is armed with {place}", SECONDS_TO_FIRE)


async def _is_still_armed(rig: Rig, service: str, place: str) -> bool:
    """Whether a place is not reached within the time that running imports need to go on."""

    async def look() -> bool:
        return not rig.process(service).armed.startswith(place)

    try:
        await eventually(look, f"{service} reaches {place}", SECONDS_TO_GO_ON)
    except NeverError:
        return True
    return False
