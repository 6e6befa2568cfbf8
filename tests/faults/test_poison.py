"""Poison: what can never be applied waits with its key; everything else goes on, as fast as before.

A rig of its own, for here the topics are given what no service of ours would publish.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from statistics import median
from typing import Any

import httpx
import pytest
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from shared.auth import issue_token
from shared.contracts.contacts import CustomerState
from shared.contracts.external import ERP_ORDERS, ErpOrderChanged
from shared.contracts.topic import Event
from shared.ids import new_id
from shared.messaging.parking import MAX_PARKED_KEYS

from tests.faults import report
from tests.faults import rig as rigs
from tests.faults.conftest import IS_FULL
from tests.faults.history import History
from tests.faults.latency import p99_of_a_round
from tests.faults.log import Log
from tests.faults.neighbours import (
    await_queue,
    copies_of,
    discard_all,
    discarded,
    find_order,
    give_to,
    is_copied,
    is_halted,
    is_owned_by,
    larger_records,
    make_buyer,
    make_customer,
    put_order,
    redrive,
)
from tests.faults.oracle import judge
from tests.faults.poison import PATIENCE
from tests.faults.poisoning import (
    Dose,
    Poisoner,
    instead,
    poisoning,
    sound_headers,
)
from tests.faults.rig import Rig
from tests.faults.waiting import eventually
from tests.faults.wild_records import CONSUMERS, PARKED, PASSED
from tests.faults.world import SESSION_DAY, Order

BROKERS_LIMIT = 1_048_588
TWO_MEGABYTES = 2_000_000
ROUNDS, SAMPLES = (5, 120) if IS_FULL else (3, 40)
FACTOR = 2.0 if IS_FULL else 6.0
"""The claim is twice; the short form, on a machine that does other things too, allows for more."""
TITLE = "Poison on the running system"
GHOSTS = set[str]()
"""Keys of nobody's aggregates: the topics have records of them, and no service has a row."""
FLOOD = MAX_PARKED_KEYS + 400


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rigs.running(tmp_path_factory.mktemp("poisoned")) as running:
        yield running


@pytest.fixture
async def poisoner(poisoned: Rig) -> AsyncIterator[Poisoner]:
    async with poisoning(poisoned) as running:
        yield running


@pytest.fixture
async def http(poisoned: Rig) -> AsyncIterator[httpx.AsyncClient]:
    token = issue_token(poisoned.values["RAPPORT_JWT_KEY"], "operator", ["admin", "sales"])
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(timeout=15, headers=headers) as client:
        yield client


@pytest.mark.parametrize("fact", CONSUMERS, ids=lambda fact: fact.type)
async def test_each_poison_meets_its_outcome(poisoner: Poisoner, fact: type[Event]) -> None:
    topic, expected = fact.topic.name, dict[Dose, tuple[str, str]]()
    for name, (reason, make) in PARKED.items():
        key = str(new_id())
        value, headers = make(sound_headers(fact, key))
        dose = await poisoner.put(topic, key.encode(), value, headers)
        expected[dose] = name, reason
    for name, passing in PASSED.items():
        key = str(new_id())
        value, headers = passing(sound_headers(fact, key))
        expected[await poisoner.put(topic, key.encode(), value, headers)] = name, "applied"
    key = str(new_id())
    dose = await poisoner.put_wild_name(topic, key.encode(), b"{}", sound_headers(fact, key))
    expected[dose] = "non-UTF-8 header name", "malformed-header"
    is_compacted = fact.topic.cleanup == "compact"
    if is_compacted:
        with pytest.raises(KafkaError):  # the broker itself refuses it
            await poisoner.put(topic, None, b"[", sound_headers(fact, "nobody"))
    else:
        dose = await poisoner.put(topic, None, b"[", sound_headers(fact, "nobody"))
        expected[dose] = "no key", "undecodable-body"
    key = str(new_id())
    dose = await poisoner.put(topic, key.encode(), None, sound_headers(fact, key))
    expected[dose] = "tombstone", "applied" if is_compacted else "unexpected-tombstone"
    await _compare(poisoner, CONSUMERS[fact], expected)


async def _compare(
    poisoner: Poisoner, consumers: tuple[str, ...], expected: dict[Dose, tuple[str, str]]
) -> None:
    """Each dose had its outcome at each consumer, and waits under its own key."""
    GHOSTS.update(dose.parked_key for dose in expected)
    met = Counter[str]()
    for consumer in consumers:
        for dose, (name, outcome) in expected.items():
            assert (name, await poisoner.outcome(consumer, dose)) == (name, outcome), consumer
            met[f"{name}: {outcome}"] += 1
            if outcome != "applied":
                assert len(await poisoner.queue(consumer, dose.parked_key)) == 1
    _note(met)
    assert sum(met.values()) == len(expected) * len(consumers)


async def test_a_repeat_after_newer_ones_changes_nothing(
    poisoner: Poisoner, http: httpx.AsyncClient
) -> None:
    """The whole past of a customer once more, in the wrong order: its copies stay as they are."""
    customer_id = await make_customer(http, poisoner.rig)
    for owner in ("anna", "otto"):
        await give_to(http, poisoner.rig, customer_id, owner)
    topic, consumers = CustomerState.topic.name, CONSUMERS[CustomerState]
    await eventually(lambda: is_owned_by(poisoner, customer_id, "otto"), "otto is known", PATIENCE)
    log = Log(poisoner.rig.kafka)
    await log.read()
    past = [e for e in log.entries[topic] if e.envelope.key == customer_id and e.value]
    assert len(past) == 3
    before = await copies_of(poisoner, customer_id)
    for entry in (past[2], past[0], past[1]):
        headers = sound_headers(CustomerState, customer_id, entry.envelope.version)
        headers = instead(headers, "ce_id", str(entry.envelope.event_id).encode())
        dose = await poisoner.put(topic, customer_id.encode(), entry.value, headers)
    for consumer in consumers:
        assert await poisoner.outcome(consumer, dose) == "applied"
    assert await copies_of(poisoner, customer_id) == before
    _note({"repeat after newer events: no change": 3, "old version after newer: no change": 2})


async def test_orders_in_every_wrong_order_end_at_the_highest_revision(
    poisoner: Poisoner, http: httpx.AsyncClient
) -> None:
    """A version gap, a repeat after newer events, an old version, ids that are no UUID, no key."""
    ref = str(new_id())
    await make_buyer(http, poisoner, ref)
    order = Order(f"WILD-{ref}", ref, 1, "10.00", SESSION_DAY)
    revisions = (1, 5, 5, 3, 1, 7, 5)  # 2 is missing, 4 and 6 never come
    for revision in revisions:
        now = replace(order, revision=revision, total=f"{revision}0.00")
        dose = await put_order(poisoner, now, key=order.number.encode())
    assert await poisoner.outcome("pipeline.orders", dose) == "applied"
    keyless = replace(order, revision=9, total="90.00")
    dose = await put_order(poisoner, keyless, key=None)
    assert await poisoner.outcome("pipeline.orders", dose) == "applied"
    row = await eventually(lambda: find_order(poisoner, order, 9), "the order is there", PATIENCE)
    assert (row["total"], row["version"]) == (90, 4), "confirmed, and revised to 5, 7 and 9"
    assert await poisoner.queue("pipeline.orders", order.number) == []
    met = {"version gap: applied": 2, "repeat after newer: dropped": 2, "ce_id no UUID: applied": 4}
    _note({**met, "old version after newer: dropped": 2, "sound, without a key: applied": 1})


async def test_two_megabytes_are_refused_by_the_broker_or_applied(
    poisoner: Poisoner, http: httpx.AsyncClient
) -> None:
    ref = str(new_id())
    await make_customer(http, poisoner.rig, ref)
    order = Order(f"HUGE-{ref}", ref, 1, "1.00", SESSION_DAY)
    room = BROKERS_LIMIT - 2000
    dose = await put_order(poisoner, order, key=order.number.encode(), size=room)
    assert await poisoner.outcome("pipeline.orders", dose) == "applied"
    second = replace(order, revision=2)
    with pytest.raises(MessageSizeTooLargeError):
        await put_order(poisoner, second, key=order.number.encode(), size=TWO_MEGABYTES)
    async with larger_records(poisoner.rig):
        dose = await put_order(poisoner, second, key=order.number.encode(), size=TWO_MEGABYTES)
        assert await poisoner.outcome("pipeline.orders", dose) == "applied"
        poison = await poisoner.put(
            ERP_ORDERS.name,
            str(new_id()).encode(),
            b"[" * TWO_MEGABYTES,
            sound_headers(ErpOrderChanged, "x"),
        )
        assert await poisoner.outcome("pipeline.orders", poison) == "undecodable-body"
    assert await eventually(lambda: find_order(poisoner, order, 2), "revision 2", PATIENCE)
    _note({"2 MB: refused": 1, "2 MB, limit raised: applied": 1, "just below: applied": 1})


async def test_a_key_is_redriven_in_order_after_the_cause_is_gone(
    poisoner: Poisoner, http: httpx.AsyncClient
) -> None:
    """A constraint makes the handlers fail: of a reaction with its orders, and of a projection."""
    ref = str(new_id())
    customer_id = await make_buyer(http, poisoner, ref)
    order = Order(f"LATE-{ref}", ref, 1, "666.00", SESSION_DAY)
    other = Order(f"FINE-{ref}", ref, 1, "5.00", SESSION_DAY)
    pipeline, view = poisoner.databases["pipeline"], poisoner.databases["customer-360"]
    await pipeline.execute(
        "ALTER TABLE orders ADD CONSTRAINT no_beast CHECK (total <> 666) NOT VALID"
    )
    await view.execute(
        "ALTER TABLE customers ADD CONSTRAINT no_beast CHECK (owner_id <> 'beast') NOT VALID"
    )
    try:
        for revision, total in ((1, "666.00"), (2, "20.00"), (3, "30.00")):
            now = replace(order, revision=revision, total=total)
            dose = await put_order(poisoner, now, key=order.number.encode())
        await give_to(http, poisoner.rig, customer_id, "beast")
        await await_queue(poisoner, "customer-360.customers", customer_id, 1)
        await give_to(http, poisoner.rig, customer_id, "otto")
        beside = await put_order(poisoner, other, key=other.number.encode())
        assert await poisoner.outcome("pipeline.orders", dose) == "behind-parked"
        assert await poisoner.outcome("pipeline.orders", beside) == "applied"
        waiting = await await_queue(poisoner, "pipeline.orders", order.number, 3)
        shown = await await_queue(poisoner, "customer-360.customers", customer_id, 2)
        assert (await redrive(http, poisoner.rig, "pipeline", waiting[2]))["applied"] == 0
    finally:
        await pipeline.execute("ALTER TABLE orders DROP CONSTRAINT no_beast")
        await view.execute("ALTER TABLE customers DROP CONSTRAINT no_beast")
    assert (await redrive(http, poisoner.rig, "pipeline", waiting[2]))["applied"] == 3
    assert (await redrive(http, poisoner.rig, "customer-360", shown[0]))["applied"] >= 2
    row = await eventually(lambda: find_order(poisoner, order, 3), "revision 3", PATIENCE)
    assert (row["total"], row["version"]) == (30, 3)
    await eventually(lambda: is_owned_by(poisoner, customer_id, "otto"), "otto is known", PATIENCE)
    _note({"a handler that fails: parked, then redriven in order": 2})


async def test_other_keys_hardly_notice(poisoner: Poisoner, http: httpx.AsyncClient) -> None:
    """Commit → visible in the 360, of sound customers: quiet and poisoned rounds in turn."""
    await p99_of_a_round(http, poisoner.rig, SAMPLES, None)  # whatever is slow only once
    calm, wild = list[float](), list[float]()
    doses = 0
    for _ in range(ROUNDS):
        calm.append(await p99_of_a_round(http, poisoner.rig, SAMPLES, None))
        doses -= len(poisoner.doses)
        wild.append(await p99_of_a_round(http, poisoner.rig, SAMPLES, poisoner))
        doses += len(poisoner.doses)
    ratio = median(wild) / median(calm)
    report.tell(
        f"other keys, p99 of {SAMPLES} in each of {ROUNDS} rounds: undisturbed"
        f" {median(calm) * 1000:.0f} ms ({_spread(calm)}), with {doses} poisoned records"
        f" {median(wild) * 1000:.0f} ms ({_spread(wild)}): {ratio:.2f} times"
    )
    GHOSTS.update(dose.parked_key for dose in poisoner.doses)
    assert doses >= ROUNDS * 5
    assert ratio <= FACTOR
    _note({"poison beside sound keys": doses})


def _spread(seconds: list[float]) -> str:
    return f"{min(seconds) * 1000:.0f}–{max(seconds) * 1000:.0f}"


async def test_a_flood_stops_the_consumer_and_not_the_world(
    poisoner: Poisoner, http: httpx.AsyncClient
) -> None:
    consumer, pipeline = "pipeline.orders", poisoner.rig.process("pipeline")
    lives = pipeline.lives
    await discard_all(http, poisoner.rig, consumer)
    before = await discarded(poisoner)
    headers = sound_headers(ErpOrderChanged, "flood")
    await asyncio.gather(
        *(poisoner.put(ERP_ORDERS.name, b"F-%d" % n, b"{", headers) for n in range(FLOOD))
    )
    ref = str(new_id())
    await eventually(lambda: is_halted(http, poisoner.rig), "pipeline.orders halts", PATIENCE)
    await make_customer(http, poisoner.rig, ref)
    order = Order(f"AFTER-{ref}", ref, 1, "7.00", SESSION_DAY)
    await put_order(poisoner, order, key=order.number.encode())
    held = await poisoner.parked_keys(consumer)
    assert 0 <= held <= MAX_PARKED_KEYS
    customer_id = await make_customer(http, poisoner.rig)
    await eventually(lambda: is_copied(poisoner, customer_id), "others go on", PATIENCE)
    await asyncio.to_thread(
        poisoner.rig.await_ready, [n for n in poisoner.rig.processes if n != "pipeline"]
    )
    portions = 0

    async def clear() -> Any:
        nonlocal portions
        portions += await discard_all(http, poisoner.rig, consumer) > 0
        return await find_order(poisoner, order, 1)

    await eventually(clear, "the order behind the flood is applied", PATIENCE * 2, every=1.0)
    await discard_all(http, poisoner.rig, consumer)
    assert await discarded(poisoner) - before == FLOOD, "parked = injected"
    assert portions > 1
    assert pipeline.lives == lives
    await asyncio.to_thread(poisoner.rig.await_ready)
    _note({"flood beyond the cap: halted, went on after discards": 1})


async def test_after_all_this_the_oracle_finds_nothing(
    poisoned: Rig, http: httpx.AsyncClient
) -> None:
    """What is left of the poison is given up; then everything equals the fold of the log."""
    given_up = Counter[str]()
    for consumers in CONSUMERS.values():
        for consumer in consumers:
            given_up[consumer] = await discard_all(http, poisoned, consumer)
    verdict = await judge(poisoned, History(), Log(poisoned.kafka))
    about_others = replace(
        verdict,
        discrepancies=[
            told for told in verdict.discrepancies if not any(key in told for key in GHOSTS)
        ],
    )
    assert about_others.is_clean, str(about_others)
    suite = report.suite(TITLE, "record: outcome")
    suite.note({}, about_others, {"discarded at the end": sum(given_up.values())})
    assert suite.done


def _note(met: dict[str, int] | Counter[str]) -> None:
    suite = report.suite(TITLE, "record: outcome")
    suite.done.update(met)
    for name in met:
        suite.faults.setdefault(name, Counter())
