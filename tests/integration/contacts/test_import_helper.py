"""The process that helps with large imports: it takes over, it can die, it is nobody's orphan."""

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import pytest
from contacts import import_helper
from contacts.import_helper import helping, run_imports
from contacts.imports import store
from shared.db import Pool, transaction

from shared import failpoints
from tests.integration.contacts.conftest import RULES
from tests.integration.contacts.test_imports import file_of, result_of, upload

SECONDS = 60.0
Helper: TypeAlias = asyncio.subprocess.Process


@pytest.fixture(autouse=True)
def settings(api: Any, contacts_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the helper finds in its environment: all that the service does, and a database."""
    del api
    monkeypatch.setenv("CONTACTS_DATABASE_URL", contacts_url)


@pytest.fixture
def helpers(monkeypatch: pytest.MonkeyPatch) -> list[Helper]:
    """Those that were started meanwhile."""
    started: list[Helper] = []

    @asynccontextmanager
    async def noted() -> AsyncGenerator[Helper]:
        async with helping() as helper:
            started.append(helper)
            yield helper

    monkeypatch.setattr(import_helper, "helping", noted)
    return started


async def is_somebody_waiting(pool: Pool) -> bool:
    waiting: bool = await pool.fetchval(
        "SELECT EXISTS (SELECT FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock')"
    )
    return waiting


async def until_somebody_waits(pool: Pool) -> None:
    async with asyncio.timeout(SECONDS):
        while not await is_somebody_waiting(pool):
            await asyncio.sleep(0.05)


async def test_a_helper_takes_over_the_import_that_another_has_in_hand(
    api: Any, pool: Pool, outbox: Any
) -> None:
    answer = await upload(api, file_of(2500))
    import_id = answer.json()["import_id"]
    async with helping() as helper, asyncio.timeout(SECONDS):
        async with transaction(pool) as connection:
            await store.take_import(connection)
            await until_somebody_waits(pool)
        assert await helper.wait() == 0
    done = await result_of(api, import_id)
    assert (done["status"], done["created"], done["rejected"]) == ("completed", 2500, 0)
    assert len(await outbox.types()) == 2 + 2 * 2500


async def test_with_much_left_a_helper_is_started_and_no_row_is_done_twice(
    api: Any,
    pool: Pool,
    outbox: Any,
    helpers: list[Helper],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(import_helper, "MANY_ROWS", 2000)
    answer = await upload(api, file_of(4000))
    assert await run_imports(pool, RULES)
    assert [helper.returncode for helper in helpers] == [0]
    done = await result_of(api, answer.json()["import_id"])
    assert (done["status"], done["created"], done["rejected"]) == ("completed", 4000, 0)
    assert len(await outbox.types()) == 2 + 2 * 4000
    assert not await run_imports(pool, RULES)


async def test_a_small_import_needs_no_helper(api: Any, pool: Pool, helpers: list[Helper]) -> None:
    answer = await upload(api, file_of(2000))
    assert await run_imports(pool, RULES)
    assert not helpers
    assert (await result_of(api, answer.json()["import_id"]))["created"] == 2000


async def test_where_a_helper_is_killed_the_import_goes_on_behind_its_last_block(
    api: Any, pool: Pool, outbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(failpoints.VARIABLE, "import.after-block=kill@2")
    answer = await upload(api, file_of(3500))
    import_id = answer.json()["import_id"]
    async with helping() as helper, asyncio.timeout(SECONDS):
        assert await helper.wait() == -signal.SIGKILL
    half_way = await result_of(api, import_id)
    assert (half_way["status"], half_way["rows_done"]) == ("running", 1000)

    await run_imports(pool, RULES)
    done = await result_of(api, import_id)
    assert (done["status"], done["created"]) == ("completed", 3500)
    assert len(await outbox.types()) == 2 + 2 * 3500


async def test_a_helper_ends_with_the_process_that_started_it(api: Any, pool: Pool) -> None:
    answer = await upload(api, file_of(2000))
    async with helping() as helper, transaction(pool) as connection:
        await store.take_import(connection)
        await until_somebody_waits(pool)
        assert helper.stdin is not None
        helper.stdin.close()  # as the kernel does for a process that is gone
        assert await asyncio.wait_for(helper.wait(), SECONDS) == 1
    assert (await result_of(api, answer.json()["import_id"]))["rows_done"] == 0
