"""A resync: marked snapshots under known versions, once each, in order with other changes."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from shared.auth import Role
from shared.contracts.contacts import CustomerState
from shared.contracts.pipeline import CommitmentState, DealState, LeadState, OrderState
from shared.contracts.resync import RESYNC_CANCELLED, RESYNC_COMPLETED, RESYNC_GAP, RESYNC_STARTED
from shared.db import Pool, transaction
from shared.ids import new_id
from shared.messaging import resyncing as resyncing_module
from shared.messaging.decoding import Decoded, Skipped, decode
from shared.messaging.reactions import Consumer
from shared.messaging.resyncing import Resyncing

from tests.integration.pipeline.conftest import Caller, Outbox
from tests.integration.pipeline.deals import command, open_deal
from tests.integration.pipeline.test_commitments import promise
from tests.integration.pipeline.test_orders import Feed, customer, erp_order
from tests.integration.pipeline.waiting import until_somebody_waits_for_a_lock
from tests.records import record_of

GAP, COMPLETED = RESYNC_GAP["pipeline"], RESYNC_COMPLETED["pipeline"]
FAST = {"facts_per_second": 5000}


@pytest.fixture
def resyncing(app: FastAPI) -> Resyncing:
    found: Resyncing = app.state.resyncing
    return found


@pytest.fixture
def integration(caller: Callable[[Role], Caller]) -> Caller:
    return caller("integration")


async def begin(integration: Caller, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer = await integration.post("/v1/resync", {**FAST, **body}, **headers)
    assert answer.status_code == 202, answer.text
    resync: dict[str, Any] = answer.json()
    return resync


async def finish(pool: Pool, resyncing: Resyncing) -> None:
    """Do the job until there is nothing left to do."""
    async with asyncio.timeout(30):
        while await pool.fetchval(
            "SELECT count(*) FROM resyncs WHERE phase = 'publishing' AND NOT is_paused"
        ):
            await resyncing.work(pool)


async def marked(pool: Pool, resync: dict[str, Any]) -> list[Any]:
    """What the outbox holds of a resync's snapshots."""
    return list(
        await pool.fetch(
            "SELECT * FROM outbox WHERE resync_id = $1 ORDER BY id", UUID(resync["resync_id"])
        )
    )


async def test_everything_is_published_again_under_the_versions_that_it_has(
    sales: Caller, feed: Feed, pool: Pool, resyncing: Resyncing, integration: Caller, outbox: Outbox
) -> None:
    deals = [await open_deal(sales, new_id()) for _ in range(3)]
    won = await command(sales, deals[0], "win")
    await feed("customers", record_of(customer(new_id(), "42")))
    await feed("orders", *(record_of(erp_order(f"A-{n}")) for n in range(250)))
    resync = await begin(integration, {"aggregates": ["deal", "order", "lead"]})
    assert (resync["status"], resync["total"]) == ("publishing", 253)
    await finish(pool, resyncing)
    rows = await marked(pool, resync)
    versions = {row["aggregate_id"]: row["version"] for row in rows}
    assert len(rows) == len(versions) == 253
    assert len({row["event_id"] for row in rows}) == 253
    assert versions[won["deal_id"]] == won["version"] == 2
    headers = json.loads(rows[0]["headers"])
    assert headers["ce_resyncid"] == resync["resync_id"]
    assert headers["ce_actor"] == "user:anna"
    told = {row["aggregate_id"]: row["payload"] for row in rows}
    assert DealState.model_validate_json(told[won["deal_id"]]) == DealState.model_validate(won)
    [completed] = await outbox.facts(COMPLETED)
    assert completed.model_dump()["published"] == {"deal": 3, "order": 250}
    assert await outbox.versions(COMPLETED.topic.name) == [1, 2]
    shown = (await integration.get(f"/v1/resync/{resync['resync_id']}")).json()
    assert (shown["status"], shown["published"]) == ("completed", {"deal": 3, "order": 250})
    assert shown["ended_at"] is not None


async def test_promises_are_published_again_with_their_words(
    sales: Caller, pool: Pool, resyncing: Resyncing, integration: Caller
) -> None:
    made = await promise(sales)
    resync = await begin(integration, {"aggregates": ["commitment"]})
    await finish(pool, resyncing)
    [row] = await marked(pool, resync)
    assert CommitmentState.model_validate_json(row["payload"]) == CommitmentState.model_validate(
        made
    )


async def test_ids_that_nobody_holds_are_told_as_a_gap(
    sales: Caller, pool: Pool, resyncing: Resyncing, integration: Caller, outbox: Outbox
) -> None:
    deal = await open_deal(sales, new_id())
    lost = sorted(str(new_id()) for _ in range(300))
    asked = [deal["deal_id"], deal["deal_id"], *lost]
    resync = await begin(integration, {"aggregates": ["deal"], "ids": asked})
    assert resync["total"] == 301
    await finish(pool, resyncing)
    assert [row["aggregate_id"] for row in await marked(pool, resync)] == [deal["deal_id"]]
    gaps = [gap.model_dump(mode="json") for gap in await outbox.facts(GAP)]
    assert {(gap["aggregate"], gap["reason"]) for gap in gaps} == {("deal", "not-held")}
    assert len(gaps) == 2
    assert sorted(id_ for gap in gaps for id_ in gap["ids"]) == lost
    assert await outbox.versions(GAP.topic.name) == [1, 2, 3, 4]
    assert await pool.fetchval("SELECT count(*) FROM resync_ids") == 0


async def test_an_aggregate_without_snapshots_is_a_gap(
    pool: Pool, resyncing: Resyncing, integration: Caller, outbox: Outbox
) -> None:
    await begin(integration, {"aggregates": ["definition"]})
    wanted = str(new_id())
    await begin(integration, {"aggregates": ["definition"], "ids": [wanted]})
    await finish(pool, resyncing)
    gaps = [gap.model_dump(mode="json") for gap in await outbox.facts(GAP)]
    assert {gap["reason"] for gap in gaps} == {"no-snapshots"}
    assert sorted(gap["ids"] for gap in gaps) == [[], [wanted]]


async def test_a_snapshot_is_never_newer_in_the_outbox_than_a_later_change(
    sales: Caller, pool: Pool, resyncing: Resyncing, integration: Caller
) -> None:
    deal = await open_deal(sales, new_id())
    resync = await begin(integration, {"aggregates": ["deal"]})
    async with asyncio.TaskGroup() as tasks, transaction(pool) as connection:
        # Somebody changes the deal and has not committed yet, nor put its facts anywhere.
        await connection.execute(
            "UPDATE deals SET version = 2 WHERE deal_id = $1", UUID(deal["deal_id"])
        )
        tasks.create_task(finish(pool, resyncing))
        await until_somebody_waits_for_a_lock(pool)
        await connection.execute(
            "INSERT INTO outbox (event_id, topic, key, aggregate_type, aggregate_id, version,"
            " headers, payload) SELECT $1, topic, key, aggregate_type, aggregate_id, 2,"
            " headers, payload FROM outbox WHERE topic = $2",
            uuid4(),
            DealState.topic.name,
        )
    rows = await pool.fetch(
        "SELECT version, resync_id FROM outbox WHERE topic = $1 ORDER BY id", DealState.topic.name
    )
    assert [(row["version"], row["resync_id"] is not None) for row in rows] == [
        (1, False),
        (2, False),
        (2, True),
    ]
    assert (await marked(pool, resync))[0]["version"] == 2


async def test_a_page_that_dies_before_its_commit_comes_again_with_the_same_ids(
    sales: Caller,
    pool: Pool,
    resyncing: Resyncing,
    integration: Caller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(3):
        await open_deal(sales, new_id())
    resync = await begin(integration, {"aggregates": ["deal"]})
    seen: list[list[UUID]] = []

    class Deadly:
        def reach(self) -> None:
            raise ConnectionError

    async def note(connection: Any, *_: Any) -> None:
        rows = await connection.fetch("SELECT event_id FROM outbox WHERE resync_id IS NOT NULL")
        seen.append([row["event_id"] for row in rows])

    save = resyncing_module.resyncs.save_resync

    async def save_and_note(connection: Any, *args: Any) -> None:
        await save(connection, *args)
        await note(connection)

    with monkeypatch.context() as dying:
        dying.setattr(resyncing_module, "_BEFORE_COMMIT", Deadly())
        dying.setattr(resyncing_module.resyncs, "save_resync", save_and_note)
        with pytest.raises(ConnectionError):
            await resyncing.work(pool)
    assert await marked(pool, resync) == []
    await finish(pool, resyncing)
    assert {row["event_id"] for row in await marked(pool, resync)} == set(seen[0])


async def test_processes_together_keep_to_the_rate_and_publish_each_snapshot_once(
    feed: Feed, pool: Pool, resyncing: Resyncing, integration: Caller
) -> None:
    await feed("customers", record_of(customer(new_id(), "42")))
    await feed("orders", *(record_of(erp_order(f"R-{n}")) for n in range(60)))
    loop = asyncio.get_running_loop()
    started = loop.time()
    resync = await begin(integration, {"aggregates": ["order"], "facts_per_second": 40})
    async with asyncio.TaskGroup() as tasks:
        for _ in range(4):
            tasks.create_task(finish(pool, resyncing))
    assert loop.time() - started > 1.2
    rows = await marked(pool, resync)
    assert len(rows) == len({row["aggregate_id"] for row in rows}) == 60


async def test_it_rests_goes_on_and_ends_when_it_is_told_to(
    sales: Caller, pool: Pool, resyncing: Resyncing, integration: Caller, outbox: Outbox
) -> None:
    for _ in range(3):
        await open_deal(sales, new_id())
    one = await begin(integration, {"aggregates": ["deal"], "facts_per_second": 1})
    path = f"/v1/resync/{one['resync_id']}"
    await resyncing.work(pool)
    assert (await integration.post(f"{path}/pause")).json()["status"] == "paused"
    assert not await resyncing.work(pool)
    assert (await integration.post(f"{path}/resume")).json()["status"] == "publishing"
    await resyncing.work(pool)
    assert len(await marked(pool, one)) == 2
    cancelled = (await integration.post(f"{path}/cancel")).json()
    assert (cancelled["status"], cancelled["published"]) == ("cancelled", {"deal": 2})
    assert (await integration.post(f"{path}/cancel")).json() == cancelled
    assert not await resyncing.work(pool)
    refused = await integration.post(f"{path}/resume")
    assert (refused.status_code, refused.json()["type"]) == (
        409,
        "urn:rapport:problem:resync-has-ended",
    )
    assert len(await outbox.facts(RESYNC_CANCELLED["pipeline"])) == 1
    listed = (await integration.get("/v1/resync")).json()["items"]
    assert [each["resync_id"] for each in listed] == [one["resync_id"]]


async def test_the_same_key_is_the_same_resync(
    integration: Caller, outbox: Outbox, sales: Caller
) -> None:
    body = {"aggregates": ["deal"]}
    first = await begin(integration, body, Idempotency_Key="nightly")
    assert await begin(integration, body, Idempotency_Key="nightly") == first
    other = await integration.post(
        "/v1/resync", {"aggregates": ["order"]}, Idempotency_Key="nightly"
    )
    assert other.status_code == 409
    assert len(await outbox.facts(RESYNC_STARTED["pipeline"])) == 1
    assert (await sales.post("/v1/resync", body)).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {"aggregates": ["unicorn"]},
        {"aggregates": ["resync"]},
        {"aggregates": []},
        {"aggregates": ["deal", "order"], "ids": [str(uuid4())]},
        {
            "aggregates": ["deal"],
            "ids": [str(uuid4())],
            "changed_since": "2026-01-01T00:00:00Z",
        },
        {
            "aggregates": ["deal"],
            "changed_since": "2026-01-02T00:00:00Z",
            "changed_until": "2026-01-01T00:00:00Z",
        },
        {"aggregates": ["deal"], "changed_since": "2026-01-01T00:00:00"},
    ],
)
async def test_what_cannot_be_meant_is_refused(integration: Caller, body: dict[str, Any]) -> None:
    assert (await integration.post("/v1/resync", body)).status_code == 422


async def test_a_resync_is_news_for_no_reaction_and_repairs_every_copy(app: FastAPI) -> None:
    state = customer(new_id(), "42")
    headers = (*record_of(state).headers, ("ce_resyncid", str(uuid4()).encode()))
    record = record_of(state, headers=headers)
    copies: Consumer = app.state.consumers["pipeline.customers"]
    assert isinstance(decode(record, copies), Decoded)
    reaction = Consumer("pipeline.test")
    reaction.on_batch(CustomerState)(lambda _connection, _records: asyncio.sleep(0))
    assert decode(record, reaction) == Skipped(record, "resync")
    assert isinstance(decode(record_of(state), reaction), Decoded)
    assert {LeadState.topic.aggregate, OrderState.topic.aggregate} <= {
        *app.state.resyncing.resyncables
    }
