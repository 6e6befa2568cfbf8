"""Events over HTTP are the log: its ids, its order, and a cursor that loses and repeats nothing."""

import asyncio
import json
import os
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import uvicorn
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from devstack.stack import Stack
from fastapi import FastAPI
from shared.contracts.campaigns import CAMPAIGN_EVENTS, CampaignLaunched, CampaignState
from shared.contracts.pipeline import DEAL_EVENTS
from shared.db import Pool
from shared.http import event_stream
from shared.messaging.bookmarks import Bookmark, Cursors
from shared.messaging.looking import look
from shared.messaging.relay import producing
from shared.messaging.resyncs import Asked
from shared.messaging.topics import provision_topics
from shared.service import Service, build_app
from shared.settings import KafkaSettings, ServiceSettings

from devstack import ephemeral, wait
from tests.integration.event_path.conftest import until
from tests.integration.event_path.events_scene import (
    KEY,
    SERVICE,
    bearer,
    by_subject,
    publish,
    records_of,
)
from tests.sse import events, streaming

EVERYTHING = bearer("integration")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A Kafka of our own: it is killed here, and its log is cut."""
    with ephemeral.servers(tmp_path_factory.mktemp("events")) as stack:
        yield stack


@pytest.fixture(scope="module")
async def kafka(stack: Stack) -> KafkaSettings:
    settings = KafkaSettings(bootstrap_servers=stack.bootstrap, replication_factor=1)
    await provision_topics(settings)
    return settings


@pytest.fixture
def app(url: str, kafka: KafkaSettings) -> FastAPI:
    settings = ServiceSettings(database_url=url, RAPPORT_JWT_KEY=KEY, kafka=kafka)  # type: ignore[call-arg]
    return build_app(Service(SERVICE, "a test", []), settings)


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=5))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        assert wait.until(lambda: server.started, seconds=15, every=0.05)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture
async def client(address: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=address, timeout=30) as client:
        yield client


async def settled(pool: Pool) -> None:
    await until(lambda: pool.fetchval("SELECT count(*) = 0 FROM outbox"), within=60)


async def page(
    client: httpx.AsyncClient, after: str | None = None, **params: Any
) -> httpx.Response:
    chosen = {**params, **({"after": after} if after else {})}
    return await client.get("/v1/events", params=chosen, headers=EVERYTHING)


async def read_all(
    client: httpx.AsyncClient, after: str | None = None, **params: Any
) -> tuple[list[dict[str, Any]], str]:
    """Pages until one is empty though it has waited: the follower may be a moment behind."""
    told: list[dict[str, Any]] = []
    while True:
        answer = await page(client, after, wait=1, **params)
        assert answer.status_code == 200, answer.text
        told += answer.json()
        after = answer.headers["rapport-cursor"]
        if not answer.json():
            return told, after


async def test_pages_tell_what_stands_on_the_topics_with_its_ids_and_in_its_order(
    client: httpx.AsyncClient, pool: Pool, kafka: KafkaSettings
) -> None:
    await publish(pool, 60)
    await settled(pool)
    told, _ = await read_all(client, limit=37)
    records = await records_of(kafka)
    headers = [{name: value.decode() for name, value in r.headers} for r in records]
    on_topics = [
        {"id": h["ce_id"], "type": h["ce_type"], "subject": h["ce_subject"]} for h in headers
    ]
    assert len(told) == len(records) >= 240
    assert by_subject(told) == by_subject(on_topics)
    shown = {event["id"]: event for event in told}
    for record, header in zip(records, headers, strict=True):
        event = shown[header["ce_id"]]
        assert event["data"] == json.loads(record.value)
        assert event["aggregateversion"] == int(header["ce_aggregateversion"])
        assert event["partitionkey"] == record.key.decode()
        for name in ("source", "time", "dataschema", "correlationid", "actor", "specversion"):
            assert event[name] == header[f"ce_{name}"]


async def test_a_page_says_what_it_is_and_where_the_next_one_is(
    client: httpx.AsyncClient, pool: Pool
) -> None:
    await publish(pool, 2)
    await settled(pool)
    first = await page(client, limit=3, types="crm.campaigns.campaign.*")
    assert first.headers["content-type"] == "application/cloudevents-batch+json"
    assert len(first.json()) == 3
    link = first.headers["link"].removeprefix("<").removesuffix('>; rel="next"')
    second = await client.get(link, headers=EVERYTHING)
    assert {e["id"] for e in first.json()}.isdisjoint({e["id"] for e in second.json()})


async def test_types_are_exact_names_or_beginnings(client: httpx.AsyncClient, pool: Pool) -> None:
    await publish(pool, 5)
    await settled(pool)
    launched, _ = await read_all(client, types=CampaignLaunched.type)
    assert {event["type"] for event in launched} == {CampaignLaunched.type}
    assert len(launched) >= 5
    two = f"{CampaignLaunched.type},{CampaignState.type}"
    assert {e["type"] for e in (await read_all(client, types=two))[0]} == set(two.split(","))
    some, _ = await read_all(client, types="crm.campaigns.campaign.p*")
    assert {event["type"] for event in some} == {"crm.campaigns.campaign.planned.v1"}


@pytest.mark.parametrize("types", ["crm.campaigns.campaign.lunched.v1", "crm.pipeline.*"])
async def test_a_type_that_nobody_publishes_is_a_mistake_and_no_silence(
    client: httpx.AsyncClient, types: str
) -> None:
    answer = await page(client, types=types)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:rapport:problem:event-type-unknown"
    assert answer.json()["types"] == [types]


async def test_only_who_may_read_names_is_told_of_them(
    client: httpx.AsyncClient, pool: Pool
) -> None:
    await publish(pool, 1)
    await settled(pool)
    reader = bearer("reader")
    path = "/v1/events"
    told = (await client.get(path, headers=reader, params={"limit": 1000})).json()
    assert told
    assert not [event for event in told if ".state." in event["type"]]
    beginnings = {"types": "crm.campaigns.campaign.*"}
    told = (await client.get(path, headers=reader, params=beginnings)).json()
    assert {event["type"] for event in told} <= {
        "crm.campaigns.campaign.planned.v1",
        "crm.campaigns.campaign.launched.v1",
    }
    for types in (CampaignState.type, "crm.campaigns.campaign.state*"):
        refused = await client.get(path, headers=reader, params={"types": types})
        assert refused.status_code == 403
        assert refused.json()["type"] == "urn:rapport:problem:event-type-not-readable"
        refused = await client.get(f"{path}/stream", headers=reader, params={"types": types})
        assert refused.status_code == 403
    allowed = await page(client, types=CampaignState.type)
    assert allowed.json()


async def test_a_cursor_that_is_not_ours_is_told_so(client: httpx.AsyncClient) -> None:
    _, cursor = await read_all(client)
    other = Cursors("pipeline", KEY, [CAMPAIGN_EVENTS.name])
    bookmark = Bookmark()
    bookmark.move(TopicPartition(CAMPAIGN_EVENTS.name, 0), 1)
    changed = cursor[:9] + ("A" if cursor[9] != "A" else "B") + cursor[10:]
    for wrong in ("x", "ünïcode", cursor[:-4], changed, other.write(bookmark)):
        answer = await page(client, wrong)
        assert answer.status_code == 422, wrong
        assert answer.json()["type"] == "urn:rapport:problem:cursor-not-ours"
        token = EVERYTHING["Authorization"].encode()
        again = [(b"Authorization", token), (b"Last-Event-ID", wrong.encode())]
        answer = await client.get("/v1/events/stream", headers=again)
        assert answer.status_code == 422, wrong


async def test_an_empty_page_answers_at_once_and_one_that_waits_as_soon_as_there_is_something(
    client: httpx.AsyncClient, pool: Pool
) -> None:
    _, cursor = await read_all(client)
    started = time.monotonic()
    assert (await page(client, cursor)).json() == []
    assert time.monotonic() - started < 2
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(page(client, cursor, wait=30))
        tasks.create_task(publish(pool, 1))
    assert waiting.result().json()
    assert time.monotonic() - started < 25


async def test_end_stands_for_what_comes_from_now_on(client: httpx.AsyncClient, pool: Pool) -> None:
    await publish(pool, 3)
    await settled(pool)
    answer = await page(client, "end")
    assert answer.json() == []
    published = await publish(pool, 2)
    await settled(pool)
    told, _ = await read_all(client, answer.headers["rapport-cursor"])
    assert len(told) == len(published)


async def test_a_stream_that_breaks_goes_on_without_loss_or_repeat(
    client: httpx.AsyncClient, pool: Pool, kafka: KafkaSettings
) -> None:
    _, cursor = await read_all(client)
    count = len(await publish(pool, 50))
    told: list[dict[str, Any]] = []
    for portion in (1, 2, 30, 67, count - 100):
        headers = {**EVERYTHING, "Last-Event-ID": cursor}
        async with streaming(client, headers, after="end") as stream, aclosing(stream):
            got = await events(stream, portion)
        assert got[-1].id is not None
        cursor = got[-1].id
        told += [frame.data for frame in got if frame.data]
    await settled(pool)
    assert len({event["id"] for event in told}) == len(told) == count
    last, _ = await read_all(client, cursor)
    assert last == []
    newest = await records_of(kafka)
    ids = {dict(record.headers)["ce_id"].decode() for record in newest}
    assert {event["id"] for event in told} <= ids


async def test_a_stream_follows_what_comes_and_beats_where_nothing_does(
    client: httpx.AsyncClient, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.2)
    async with (
        streaming(client, EVERYTHING, after="end", types=CampaignLaunched.type) as stream,
        aclosing(stream),
    ):
        for _ in range(3):
            await publish(pool, 1)
            [frame] = await events(stream, 1)
            assert frame.data is not None
            assert frame.data["type"] == CampaignLaunched.type
        await settled(pool)
        async for beat in stream:
            if beat.data is None:
                left, _ = await read_all(client, beat.id, types=CampaignLaunched.type)
                assert left == []
                break


async def test_a_reader_that_does_not_read_is_cut_off_and_can_go_on(
    client: httpx.AsyncClient, address: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "SLOWEST_SECONDS", 0.5)
    _, cursor = await read_all(client)
    async with asyncio.timeout(90):
        host, port = address.removeprefix("http://").split(":")
        with socket.socket() as lazy:
            lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            lazy.connect((host, int(port)))
            request = f"GET /v1/events/stream?after={cursor} HTTP/1.1\r\nHost: {host}\r\n"
            authorization = f"Authorization: {EVERYTHING['Authorization']}\r\n\r\n"
            lazy.sendall((request + authorization).encode())
            await until(lambda: _streams(client), within=20)
            count = len(await publish(pool, 2500))
            await until(lambda: _no_streams(client), within=60)
    told, _ = await read_all(client, cursor, limit=1000)
    assert len(told) == count


async def _streams(client: httpx.AsyncClient) -> bool:
    text = (await client.get("/metrics")).text
    return f'rapport_event_streams{{service="{SERVICE}"}} 1.0' in text


async def _no_streams(client: httpx.AsyncClient) -> bool:
    text = (await client.get("/metrics")).text
    return f'rapport_event_streams{{service="{SERVICE}"}} 0.0' in text


async def test_a_stream_survives_the_brokers_death(
    client: httpx.AsyncClient, pool: Pool, stack: Stack
) -> None:
    async with streaming(client, EVERYTHING, after="end") as stream, aclosing(stream):
        await publish(pool, 1)
        first = await events(stream, 4)
        os.kill(stack.supervisor.processes()["kafka"].pid, signal.SIGKILL)
        count = len(await publish(pool, 20))
        async with asyncio.timeout(90):
            rest = await events(stream, count)
    ids = [frame.data["id"] for frame in (*first, *rest) if frame.data]
    assert len(set(ids)) == len(ids) == count + 4


async def test_a_relay_that_does_not_wait_for_its_broker_leaves_nothing_running(
    kafka: KafkaSettings, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.messaging.relay.STOP_TIMEOUT", 0.5)
    broker = stack.supervisor.processes()["kafka"].pid
    before = asyncio.all_tasks()
    try:
        async with asyncio.timeout(10), producing(SERVICE, kafka.client_options()) as producer:
            os.kill(broker, signal.SIGSTOP)
            await producer.send(DEAL_EVENTS.name, b"x", partition=0)
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == before
    finally:
        os.kill(broker, signal.SIGCONT)


async def test_a_cursor_that_the_log_has_left_behind_is_told_where_to_go_on(
    client: httpx.AsyncClient, pool: Pool, kafka: KafkaSettings
) -> None:
    await publish(pool, 30)
    await settled(pool)
    first = await page(client, limit=1)
    early = first.headers["rapport-cursor"]
    kept = [each for each in first.json() if each["type"] not in CAMPAIGN_EVENTS.facts]
    await _cut(kafka)
    gone = await page(client, early)
    assert gone.status_code == 410
    assert gone.json()["type"] == "urn:rapport:problem:cursor-expired"
    assert (
        await client.get("/v1/events/stream", headers={**EVERYTHING, "Last-Event-ID": early})
    ).status_code == 410
    left, _ = await read_all(client, gone.json()["next"])
    assert len(kept) + len(left) == len(await records_of(kafka))
    anew, _ = await read_all(client)
    assert by_subject(anew) == by_subject([*kept, *left])


async def test_a_resync_by_time_is_told_where_the_log_has_been_cut(
    client: httpx.AsyncClient, pool: Pool, kafka: KafkaSettings
) -> None:
    """Also of a partition in which nothing is left."""
    del client  # whose process publishes
    await publish(pool, 3)
    await settled(pool)
    await _cut(kafka)
    asked = Asked(("campaign",), "time", 100, changed_since=datetime(2020, 1, 1, tzinfo=UTC))
    found = await look(SERVICE, kafka.client_options(), asked, None)
    assert found.begins_later == ["campaign"]


async def _cut(kafka: KafkaSettings) -> None:
    """Let the log of the campaigns' facts begin at its end."""
    partitions = [TopicPartition(CAMPAIGN_EVENTS.name, number) for number in range(12)]
    admin = AIOKafkaAdminClient(**kafka.client_options())
    await admin.start()
    try:
        await admin.delete_records({each: RecordsToDelete(before_offset=-1) for each in partitions})
    finally:
        await admin.close()
