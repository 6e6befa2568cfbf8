"""The outbox survives every interleaving, and one relay at a time empties it."""

import asyncio
import contextlib
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner
from shared.contracts.contacts import CUSTOMER_EVENTS
from shared.contracts.topic import PARTITIONS
from shared.db import Pool, is_infrastructure_fault, transaction
from shared.ids import new_id
from shared.messaging.outbox import Fact, PayloadTooLargeError, append
from shared.messaging.publishing import BATCH, READ, LeadershipUnprovenError, Publisher
from shared.messaging.relay import Relay, open_session
from shared.settings import KafkaSettings

from tests.integration.event_path.conftest import change_customer, owner_changed, until
from tests.records import cause_of_test

TOPIC = CUSTOMER_EVENTS.name
TailFactory = Callable[[str, list[UUID]], Any]


@contextlib.asynccontextmanager
async def relaying(url: str, kafka: KafkaSettings) -> AsyncIterator[Relay]:
    relay = Relay("contacts", url, kafka.client_options())
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_fact_leaves_the_outbox_when_the_broker_has_it(
    url: str, pool: Pool, topics: KafkaSettings, tail: TailFactory
) -> None:
    customer_id = new_id()
    arrivals = await tail(TOPIC, [customer_id])
    async with relaying(url, topics), transaction(pool) as connection:
        await change_customer(connection, customer_id)
    async with relaying(url, topics):
        (record,) = await arrivals.records(1)
        await until(lambda: _is_empty(pool))
    headers = {name: value.decode() for name, value in record.headers}
    assert headers["ce_type"] == "crm.contacts.customer.owner-changed.v1"
    assert headers["ce_subject"] == str(customer_id)
    assert headers["ce_specversion"] == "1.0"
    assert headers["traceparent"].startswith("00-")


async def test_a_late_commit_is_published_although_later_ids_went_before(
    url: str, pool: Pool, topics: KafkaSettings, tail: TailFactory
) -> None:
    late, early = new_id(), new_id()
    arrivals = await tail(TOPIC, [late, early])
    async with relaying(url, topics):
        async with transaction(pool) as slow:
            await change_customer(slow, late)
            async with transaction(pool) as quick:
                await change_customer(quick, early)
            assert await arrivals.versions(1) == [(str(early), 1)]
        assert await arrivals.versions(1) == [(str(late), 1)]


async def test_a_transaction_id_taken_early_holds_nothing_back(
    url: str, pool: Pool, topics: KafkaSettings, tail: TailFactory
) -> None:
    """A cursor over transaction ids would wait for the open one, or pass over what it writes."""
    other, late = new_id(), new_id()
    arrivals = await tail(TOPIC, [other, late])
    async with relaying(url, topics):
        async with transaction(pool) as early_xid:
            await early_xid.fetchval("SELECT pg_current_xact_id()")
            async with transaction(pool) as connection:
                await change_customer(connection, other)
            assert await arrivals.versions(1) == [(str(other), 1)]
            await change_customer(early_xid, late)
        assert await arrivals.versions(1) == [(str(late), 1)]


async def test_an_open_transaction_in_another_database_of_the_server_holds_nothing_back(
    url: str, pool: Pool, topics: KafkaSettings, tail: TailFactory, database: Any
) -> None:
    elsewhere = await asyncpg.connect(await database("shared.messaging"))
    customer_id = new_id()
    arrivals = await tail(TOPIC, [customer_id])
    try:
        async with elsewhere.transaction(), relaying(url, topics):
            await elsewhere.fetchval("SELECT pg_current_xact_id()")
            async with transaction(pool) as connection:
                await change_customer(connection, customer_id)
            assert await arrivals.versions(1) == [(str(customer_id), 1)]
    finally:
        await elsewhere.close()


async def test_nothing_of_a_rolled_back_command_is_published(
    url: str, pool: Pool, topics: KafkaSettings, tail: TailFactory
) -> None:
    undone, done = new_id(), new_id()
    arrivals = await tail(TOPIC, [undone, done])
    async with relaying(url, topics):
        with contextlib.suppress(ZeroDivisionError):
            async with transaction(pool) as connection:
                await change_customer(connection, undone)
                raise ZeroDivisionError
        async with transaction(pool) as connection:
            await change_customer(connection, done)
        assert await arrivals.versions(1) == [(str(done), 1)]
        await until(lambda: _is_empty(pool))


async def test_many_writers_with_slow_commits_lose_nothing_and_keep_each_aggregates_order(
    url: str, pool: Pool, topics: KafkaSettings, tail: TailFactory
) -> None:
    chance = random.Random(7)
    hot = [new_id() for _ in range(6)]
    arrivals = await tail(TOPIC, hot)

    async def write(count: int) -> None:
        for _ in range(count):
            async with transaction(pool) as connection:
                await change_customer(connection, chance.choice(hot))
                await asyncio.sleep(chance.choice((0, 0, 0.001, 0.02)))

    async with relaying(url, topics):
        await asyncio.gather(*(write(40) for _ in range(8)))
        versions = await arrivals.versions(320)
    by_customer = defaultdict(list)
    for customer, version in versions:
        by_customer[customer].append(version)
    for seen in by_customer.values():
        assert seen == list(range(1, len(seen) + 1))


async def test_batches_of_large_facts_keep_their_order_and_the_partition_of_their_key(
    url: str, pool: Pool, topics: KafkaSettings, tail: TailFactory
) -> None:
    """Each fact is larger than a batch of the producer may grow."""
    customer_id = new_id()
    arrivals = await tail(TOPIC, [customer_id])
    facts = [Fact(owner_changed(customer_id, "x" * 300_000), version) for version in range(1, 6)]
    async with transaction(pool) as connection:
        await append(connection, cause_of_test(), facts)
    async with relaying(url, topics):
        records = await arrivals.records(5)
    assert [int(dict(r.headers)["ce_aggregateversion"]) for r in records] == [1, 2, 3, 4, 5]
    expected = DefaultPartitioner()(str(customer_id).encode(), list(range(PARTITIONS)), [])
    assert {record.partition for record in records} == {expected}


async def test_what_commits_late_while_a_full_outbox_is_emptied_is_published_in_order(
    url: str, pool: Pool, topics: KafkaSettings, tail: TailFactory
) -> None:
    """Rows are read ahead while others are under way; the late ones have the smallest ids."""
    late, others = new_id(), [new_id() for _ in range(5 * BATCH)]
    arrivals = await tail(TOPIC, [late])
    async with relaying(url, topics):
        async with transaction(pool) as slow:
            await change_customer(slow, late)
            async with transaction(pool) as flood:
                facts = [Fact(owner_changed(other), 1) for other in others]
                await append(flood, cause_of_test(), facts)
            await until(lambda: _has_fewer_than(pool, 4 * BATCH))
        async with transaction(pool) as connection:
            await change_customer(connection, late)
        assert await arrivals.versions(2) == [(str(late), 1), (str(late), 2)]
        await until(lambda: _is_empty(pool))


async def test_only_one_relay_leads_and_another_takes_over_within_five_seconds(
    url: str, pool: Pool, topics: KafkaSettings, tail: TailFactory
) -> None:
    customer_id = new_id()
    arrivals = await tail(TOPIC, [customer_id])
    async with relaying(url, topics) as first, relaying(url, topics) as second:
        await until(lambda: first.is_leader or second.is_leader)
        assert not (first.is_leader and second.is_leader)
        leader, heir = (first, second) if first.is_leader else (second, first)
        assert await _kill_leader(pool) == 1
        async with transaction(pool) as connection:
            await change_customer(connection, customer_id)
        assert await arrivals.versions(1, within=5) == [(str(customer_id), 1)]
        assert not (leader.is_leader and heir.is_leader)


async def test_the_advisory_lock_keeps_a_second_relay_out(
    url: str, pool: Pool, topics: KafkaSettings
) -> None:
    async with relaying(url, topics) as first, relaying(url, topics) as second:
        await until(lambda: first.is_leader or second.is_leader)
        holders = await pool.fetchval(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        assert holders == 1


async def test_a_dead_sessions_relay_repeats_records_but_cannot_delete_any(
    url: str, pool: Pool, producer: AIOKafkaProducer, tail: TailFactory
) -> None:
    customer_id = new_id()
    arrivals = await tail(TOPIC, [customer_id])
    async with transaction(pool) as connection:
        await change_customer(connection, customer_id)
    dying, heir = await asyncpg.connect(url), await asyncpg.connect(url)
    async with transaction(pool) as bystander:
        await bystander.execute("LOCK TABLE outbox IN SHARE MODE")  # reads pass, deletes wait
        sending = asyncio.create_task(Publisher(dying, producer).publish())
        (first,) = await arrivals.records(1)
        await bystander.execute("SELECT pg_terminate_backend($1)", dying.get_server_pid())
        (death,) = await asyncio.gather(sending, return_exceptions=True)
    assert isinstance(death, Exception)
    assert is_infrastructure_fault(death)
    assert await Publisher(heir, producer).publish() == 1
    await heir.close()
    (again,) = await arrivals.records(1)
    assert dict(again.headers)["ce_id"] == dict(first.headers)["ce_id"]
    assert await _is_empty(pool)


async def test_a_relay_plans_for_what_the_outbox_holds_now(
    url: str, pool: Pool, producer: AIOKafkaProducer
) -> None:
    session = await open_session(url)
    publisher = Publisher(session, producer)
    for _ in range(10):  # after five, PostgreSQL would keep the plan for an empty table
        assert await publisher.publish() == 0
    async with transaction(pool) as connection:
        await change_customer(connection, new_id())
    assert await publisher.publish() == 1
    kept = "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1"
    plans = await session.fetchrow(kept, READ)
    assert plans
    assert plans["generic_plans"] == 0
    assert plans["custom_plans"] > 10
    await session.close()


async def test_who_stood_still_after_reading_sends_nothing(
    url: str, pool: Pool, producer: AIOKafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another may lead by now, and what it has sent since must stay the newest of its key."""
    async with transaction(pool) as connection:
        await change_customer(connection, new_id())
    frozen = await asyncpg.connect(url)
    monkeypatch.setattr("shared.messaging.publishing.PROOF_LASTS", -1.0)
    with pytest.raises(LeadershipUnprovenError):
        await Publisher(frozen, producer).publish()
    await frozen.close()
    assert not await _is_empty(pool)


async def test_rows_stay_when_the_broker_does_not_take_them(
    url: str, pool: Pool, topics: KafkaSettings
) -> None:
    nowhere = KafkaSettings(bootstrap_servers="127.0.0.1:1")
    async with transaction(pool) as connection:
        await change_customer(connection, new_id())
    async with relaying(url, nowhere) as relay:
        await until(lambda: relay.interruptions > 0)
    assert not await _is_empty(pool)
    async with relaying(url, topics):
        await until(lambda: _is_empty(pool))


async def test_a_fact_that_no_topic_would_take_is_refused_at_the_door(pool: Pool) -> None:
    huge = owner_changed(new_id(), "x" * 1_000_000)
    with pytest.raises(PayloadTooLargeError):
        async with transaction(pool) as connection:
            await append(connection, cause_of_test(), [Fact(huge, 1)])


async def test_a_version_cannot_be_put_out_twice(pool: Pool) -> None:
    fact = Fact(owner_changed(new_id()), 1)
    with pytest.raises(asyncpg.UniqueViolationError):
        async with transaction(pool) as connection:
            await append(connection, cause_of_test(), [fact, fact])


async def _is_empty(pool: Pool) -> bool:
    return bool(await pool.fetchval("SELECT NOT EXISTS (SELECT FROM outbox)"))


async def _has_fewer_than(pool: Pool, rows: int) -> bool:
    count: int = await pool.fetchval("SELECT count(*) FROM outbox")
    return count < rows


async def _kill_leader(pool: Pool) -> int:
    killed = await pool.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_locks "
        "WHERE locktype = 'advisory' AND granted "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return len(killed)
