"""A rebuild on real servers: beside a live service, through crashes, and into its place."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from customer_360.app import create_app
from customer_360.config import Settings
from customer_360.profiles.versions import TABLES
from customer_360.rebuilding import parity
from customer_360.rebuilding.running import Rebuild, rebuilding
from customer_360.rebuilding.schemas import LIVE, NEXT, PREVIOUS
from customer_360.rebuilding.switching import Switched, switch, tell_profiles
from fastapi import FastAPI
from shared.db import Pool, open_pool
from shared.messaging.topics import PARTITIONS
from shared.settings import KafkaSettings, from_environment

from tests.conftest import DatabaseFactory
from tests.integration.customer_360.conftest import JWT_KEY, token, until
from tests.records import record_of
from tests.unit.customer_360.histories.permissions import HASH_KEY
from tests.unit.customer_360.histories.story import Story

PACE = 0.5
"""Seconds between two works of a load: a slow machine must be able to keep up with it."""

COMPARED = (*(table.name for table in TABLES), "timeline", "order_horizon")


@dataclass
class World:
    """A live customer-360, its topics, and what was put on them."""

    app: FastAPI
    client: httpx.AsyncClient
    pool: Pool
    producer: AIOKafkaProducer
    settings: Settings
    stories: list[Story] = field(default_factory=list)

    async def tell(self, name: str = "") -> Story:
        """A whole story happens, one fact after the other, each aggregate in its order."""
        story = Story(name or uuid4().hex)
        sent = []
        for history in story.history():
            for version, event in enumerate(history, 1):
                record = record_of(event, version)
                sent.append(await self.send(record.topic, record.value, record.key, record.headers))
        await asyncio.gather(*sent)
        self.stories.append(story)
        return story

    async def send(self, topic: str, value: Any, key: Any, headers: Any) -> Any:
        return await self.producer.send(topic, value, key, headers=list(headers))

    async def is_caught_up(self) -> bool:
        """Whether the live consumers have applied all that is on their topics."""
        parts = _partitions(self.app)
        rows = await self.pool.fetch("SELECT topic, partition, next_offset FROM consumer_positions")
        done = {TopicPartition(row[0], row[1]): row[2] for row in rows}
        async with AIOKafkaConsumer(**self.settings.kafka.client_options()) as reader:
            ends = await reader.end_offsets(parts)
        return all(done.get(part, 0) >= end for part, end in ends.items())

    async def lines(self, schema: str) -> dict[str, list[str]]:
        """Every row of the projection, as text."""
        return {
            table: [
                row[0]
                for row in await self.pool.fetch(
                    f"SELECT stored::text FROM {schema}.{table} AS stored ORDER BY 1"
                )
            ]
            for table in COMPARED
        }

    async def view(self, customer: UUID) -> Any:
        response = await self.client.get(f"/v1/customers/{customer}")
        return response.json() if response.status_code == 200 else None

    async def rebuild(self, *arguments: str, failpoints: str = "") -> tuple[int, str]:
        """`customer-360 rebuild …` in a process of its own."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "customer_360.rebuilding", *arguments),
            env={**os.environ, "RAPPORT_FAILPOINTS": failpoints, "COLUMNS": "120"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert b"Traceback" not in output, output.decode()
        return process.returncode or 0, output.decode()


def _partitions(app: FastAPI) -> list[TopicPartition]:
    topics = {topic for consumer in app.state.consumers.values() for topic in consumer.topics}
    return [TopicPartition(topic.name, number) for topic in topics for number in range(PARTITIONS)]


async def _from_the_beginning(app: FastAPI, kafka: KafkaSettings) -> None:
    """Other tests may have left positions of the same groups."""
    for consumer in app.state.consumers.values():
        options: dict[str, Any] = kafka.client_options()
        reader = AIOKafkaConsumer(
            **options, group_id=f"rapport.{consumer.name}", enable_auto_commit=False
        )
        async with reader:
            names = {topic.name for topic in consumer.topics}
            parts = [part for part in _partitions(app) if part.topic in names]
            reader.assign(parts)
            await reader.commit(dict.fromkeys(parts, 0))


@pytest.fixture
async def world(
    topics: KafkaSettings, database: DatabaseFactory, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    url = await database("customer_360")
    monkeypatch.setenv("CUSTOMER_360_DATABASE_URL", url)
    monkeypatch.setenv("RAPPORT_JWT_KEY", JWT_KEY)
    monkeypatch.setenv("RAPPORT_HASH_KEY", HASH_KEY)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", topics.bootstrap_servers)
    app = create_app()
    await _from_the_beginning(app, topics)
    pool = await open_pool(url)
    headers = {"Authorization": f"Bearer {token()}"}
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://360", headers=headers) as client,
        AIOKafkaProducer(**topics.client_options()) as producer,
    ):
        yield World(app, client, pool, producer, from_environment(Settings))
    await pool.close()


@asynccontextmanager
async def _meanwhile(*works: Any) -> AsyncIterator[None]:
    """Works that go on, again and again, while the block runs."""

    async def again(work: Any) -> None:
        while True:
            await work()
            await asyncio.sleep(PACE)

    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(again(work)) for work in works]
        yield
        for task in running:
            task.cancel()


@dataclass
class Watch:
    """A reader that must never see a customer go back."""

    world: World
    customer: UUID
    seen: list[tuple[int, int, int]] = field(default_factory=list)

    async def look(self) -> None:
        view = await self.world.view(self.customer)
        page = (await self.world.client.get("/v1/profiles", params={"limit": 1000})).json()
        seen = (view["profile_version"], view["orders"]["count"], len(page["items"]))
        if self.seen:
            assert all(now >= before for now, before in zip(seen, self.seen[-1], strict=True))
        self.seen.append(seen)


async def _switched(one: Rebuild, world: World) -> Switched:
    switched = await switch(one)
    await tell_profiles(one.url)
    assert await world.pool.fetchval("SELECT to_regnamespace($1)", NEXT) is None
    return switched


def _unequal(found: Sequence[parity.Compared]) -> list[parity.Compared]:
    return [table for table in found if not table.is_equal]


@pytest.mark.timeout(300)
async def test_a_rebuild_takes_the_place_of_the_live_one_under_load(world: World) -> None:
    first = await world.tell("first")
    await until(world.is_caught_up, 60)
    watch = Watch(world, first.customer)
    async with _meanwhile(world.tell, watch.look):
        async with rebuilding(world.settings, begin=True) as one:
            await one.build()
            found = await parity.compare(one, 10_000)
            assert _unequal(found) == []
            assert {table.table: table.compared > 0 for table in found[:-2]} == dict.fromkeys(
                (table.table for table in found[:-2]), True
            )
            told, looks = len(world.stories), len(watch.seen)
            switched = await _switched(one, world)
        await until(lambda: asyncio.sleep(0, len(world.stories) > told + 3), 60)
        await until(lambda: asyncio.sleep(0, len(watch.seen) > looks + 3), 60)
    assert switched.readers_waited <= switched.consumers_waited < 10
    await until(world.is_caught_up, 60)
    for story in world.stories:
        view = await world.view(story.customer)
        assert (view["orders"]["count"], view["deals"]["won_count"]) == (1, 1)

    async with rebuilding(world.settings, begin=True) as one:
        await one.build()
        assert _unequal(await parity.compare(one, 10_000)) == []
        assert await world.lines(NEXT) == await world.lines(LIVE)
        await _switched(one, world)
    assert await world.lines(PREVIOUS) == await world.lines(LIVE)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("place", ["consumer.after-effect", "consumer.after-commit"])
async def test_a_killed_rebuild_goes_on_where_it_was(world: World, place: str) -> None:
    for _ in range(5):
        await world.tell()
    await until(world.is_caught_up, 60)

    code, _ = await world.rebuild("build", failpoints=f"{place}=kill@2")  # one of three
    assert code == -signal.SIGKILL
    reached = f"SELECT sum(next_offset) FROM {NEXT}.consumer_positions"
    before = await world.pool.fetchval(reached)
    assert 0 < before < await world.pool.fetchval(reached.replace(NEXT, LIVE))
    code, output = await world.rebuild("status")
    assert (code, "building" in output) == (0, True), output

    code, output = await world.rebuild("build", "--processes", "2")
    assert code == 0, output
    assert await world.lines(NEXT) == await world.lines(LIVE)
    code, output = await world.rebuild("run")
    assert (code, "Switched" in output) == (0, True), output
    assert await world.lines(PREVIOUS) == await world.lines(LIVE)
    code, output = await world.rebuild("drop")
    assert code == 0, output
    assert await world.pool.fetchval("SELECT to_regnamespace($1)", PREVIOUS) is None


@pytest.mark.timeout(300)
async def test_a_wrong_row_stops_the_switch_and_is_right_after_it(world: World) -> None:
    story, other = await world.tell(), await world.tell()
    await until(world.is_caught_up, 60)
    right = await world.lines(LIVE)
    view = await world.view(story.customer)
    await world.pool.execute("UPDATE customers SET display_name = 'Wrong', lifecycle = 'lost'")
    await world.pool.execute("DELETE FROM orders WHERE customer_id = $1", other.customer)

    code, output = await world.rebuild("run")
    assert (code, "DifferencesError" in output) == (1, True), output
    assert output.count("DIFFERS") == 2
    assert (await world.view(story.customer))["header"]["display_name"] == "Wrong"

    code, output = await world.rebuild("run", "--accept-differences")
    assert code == 0, output
    assert await world.lines(LIVE) == right
    after = await world.view(story.customer)
    assert after["header"] == view["header"]
    assert after["profile_version"] > view["profile_version"]
    assert (await world.view(other.customer))["orders"]["count"] == 1


@pytest.mark.timeout(300)
async def test_what_is_parked_or_discarded_stays_so(world: World) -> None:
    parked, discarded = Story(uuid4().hex), Story(uuid4().hex)
    for story in (parked, discarded):
        for version, event in enumerate([story.order(1), story.order(1)], 1):
            record = record_of(event, version)
            value = b"{" if version == 1 else record.value
            await world.send(record.topic, value, record.key, record.headers)
    mine = [str(parked.order(1).order_id), str(discarded.order(1).order_id)]
    waiting = "SELECT parked_id, key, reason FROM {}.parked_events WHERE key = ANY($1) ORDER BY id"
    await until(lambda: _are_four(world, waiting.format(LIVE), mine), 60)
    admin = {"Authorization": f"Bearer {token('admin')}"}
    for row in await world.pool.fetch(waiting.format(LIVE), mine):
        if row["key"] == mine[1] and row["reason"] != "behind-parked":
            path = f"/v1/parked/{row['parked_id']}"
            await world.client.post(f"{path}/discard", json={"reason": "test"}, headers=admin)
    for row in await world.pool.fetch(waiting.format(LIVE), mine):
        if row["key"] == mine[1]:
            path = f"/v1/parked/{row['parked_id']}/redrive"
            await world.client.post(path, headers=admin)
    await until(world.is_caught_up, 60)
    before = await world.pool.fetch(waiting.format(LIVE), mine)
    assert len(before) == 2
    mirrored = await world.pool.fetchval("SELECT count(*) FROM outbox WHERE topic LIKE '%dlq%'")

    async with rebuilding(world.settings, begin=True) as one:
        await one.build()
        assert _unequal(await parity.compare(one)) == []
        await _switched(one, world)

    assert await world.pool.fetch(waiting.format(LIVE), mine) == before
    assert (await world.view(discarded.customer))["orders"]["count"] == 1
    still = await world.pool.fetchval("SELECT count(*) FROM outbox WHERE topic LIKE '%dlq%'")
    assert still <= mirrored


async def _are_four(world: World, statement: str, keys: list[str]) -> bool:
    return len(await world.pool.fetch(statement, keys)) == 4


@pytest.mark.timeout(300)
async def test_a_batch_that_was_given_up_is_read_again(world: World) -> None:
    await world.tell()
    await until(world.is_caught_up, 60)
    async with rebuilding(world.settings, begin=True) as one:
        async with world.pool.acquire() as lock, lock.transaction():
            await lock.execute(f"LOCK TABLE {NEXT}.consumer_positions IN EXCLUSIVE MODE")
            catching_up = asyncio.ensure_future(one.catch_up())
            await until(lambda: _waits_for_a_lock(world), 30)
            catching_up.cancel()
            with pytest.raises(asyncio.CancelledError):
                await catching_up
        await one.build()
        assert _unequal(await parity.compare(one)) == []
        assert await world.lines(NEXT) == await world.lines(LIVE)


async def _waits_for_a_lock(world: World) -> bool:
    """Whether a batch of the rebuild is at its end and cannot save its positions."""
    waiting: bool = await world.pool.fetchval(
        "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database() AND query LIKE '%INSERT INTO consumer_positions%'"
    )
    return waiting


async def test_an_aborted_rebuild_leaves_nothing(world: World) -> None:
    code, output = await world.rebuild("switch")
    assert (code, "NothingToSwitch" in output) == (1, True), output
    code, output = await world.rebuild("build")
    assert code == 0, output
    code, output = await world.rebuild("abort")
    assert code == 0, output
    assert await world.pool.fetchval("SELECT to_regnamespace($1)", NEXT) is None


async def test_a_rebuild_begun_by_other_code_is_refused(world: World) -> None:
    await world.rebuild("build")
    await world.pool.execute(f"COMMENT ON SCHEMA {NEXT} IS 'other migrations'")

    code, output = await world.rebuild("run")

    assert (code, "OtherVersion" in output) == (1, True), output
