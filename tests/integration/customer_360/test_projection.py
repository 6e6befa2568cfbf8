"""The projection in the database: any order, any repetition, the same rows."""

import random
from collections.abc import Sequence
from typing import Any

import pytest
from customer_360.guarded import GuardedTable
from customer_360.profiles import store
from customer_360.profiles.publishing import publish_due
from customer_360.profiles.versions import TABLES
from shared.db import Pool, transaction

from tests.integration.customer_360.conftest import Customer360
from tests.records import record_of
from tests.unit.customer_360.histories.story import Story

STORIES = [Story(name) for name in ("ada", "bob", "cyd")]


def _queues() -> list[list[Any]]:
    return [
        [record_of(event, version) for version, event in enumerate(history, 1)]
        for story in STORIES
        for history in story.history()
    ]


def _interleaved(queues: Sequence[Sequence[Any]], chance: random.Random) -> list[Any]:
    turns = [index for index, queue in enumerate(queues) for _ in queue]
    chance.shuffle(turns)
    waiting = [iter(queue) for queue in queues]
    return [next(waiting[turn]) for turn in turns]


async def _everything(pool: Pool) -> dict[str, Any]:
    tables = {table.name: f"SELECT * FROM {table.name} ORDER BY 1" for table in TABLES}
    tables["timeline"] = "SELECT * FROM timeline ORDER BY party_id, at, event_id"
    tables["order_horizon"] = "SELECT * FROM order_horizon"
    return {name: await pool.fetch(statement) for name, statement in tables.items()}


async def _forget(pool: Pool) -> None:
    names = ", ".join(table.name for table in TABLES)
    await pool.execute(f"TRUNCATE {names}, timeline, order_horizon, profiles")


@pytest.mark.parametrize("seed", range(6))
async def test_order_and_repetition_change_nothing(service: Customer360, seed: int) -> None:
    chance = random.Random(seed)
    queues = _queues()
    for queue in queues:
        await service.apply(queue)
    straight = await _everything(service.pool)
    await _forget(service.pool)

    arrived = _interleaved(queues, chance)
    again = arrived[: chance.randrange(len(arrived))]
    rest = [*again, *arrived]
    while rest:
        size = chance.randint(1, 30)
        await service.apply(rest[:size])
        rest = rest[size:]

    assert await _everything(service.pool) == straight
    assert all(straight.values())


async def _published(pool: Pool) -> list[str]:
    rows = await pool.fetch("SELECT key FROM outbox ORDER BY id")
    await pool.execute("DELETE FROM outbox")
    return [row["key"] for row in rows]


async def _publish_at_once(pool: Pool) -> None:
    async with transaction(pool) as connection:
        await connection.execute("UPDATE profiles SET dirty_since = dirty_since - interval '9 s'")
        await publish_due(connection, settled_for=0)


async def test_a_profile_is_published_once_and_again_when_a_figure_differs(
    service: Customer360,
) -> None:
    story = STORIES[0]
    await service.happens(story.customer_state(), story.order(1))
    await _publish_at_once(service.pool)
    assert await _published(service.pool) == [str(story.customer)]

    await service.happens(story.contact_state())
    await _publish_at_once(service.pool)
    assert await _published(service.pool) == []

    await service.happens(story.deal_opened())
    await _publish_at_once(service.pool)
    assert await _published(service.pool) == [str(story.customer)]


async def test_what_has_just_changed_waits_until_it_has_settled(service: Customer360) -> None:
    await service.happens(STORIES[0].order(1))
    async with transaction(service.pool) as connection:
        assert await store.lock_dirty(connection, 10, settled_for=60) == []
        assert len(await store.lock_dirty(connection, 10, settled_for=0)) == 1


async def test_the_published_state_holds_no_personal_data(service: Customer360) -> None:
    story = STORIES[0]
    await service.happens(story.customer_state(), story.contact_state(), story.order(1))
    await _publish_at_once(service.pool)

    payload = await service.pool.fetchval("SELECT payload FROM outbox")

    assert "ller" not in payload
    assert "example.com" not in payload
    assert '"order_count":1' in payload


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
async def test_a_table_has_the_fields_of_its_row_in_their_order(
    service: Customer360, table: GuardedTable[Any]
) -> None:
    columns = await service.pool.fetch(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_name = $1 AND table_schema = 'public' ORDER BY ordinal_position",
        table.name,
    )

    assert [row["column_name"] for row in columns] == [column.name for column in table.columns]
