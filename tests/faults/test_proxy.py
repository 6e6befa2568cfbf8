"""What the fault proxy does to a connection, and that the pool of a service notices it."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest
from shared.db import Pool, is_infrastructure_fault, open_pool

from devstack import ports
from tests.faults.proxy import Fault, Proxy
from tests.faults.rig import Rig

NOTICED_WITHIN = 15.0  # six seconds of silence, and a machine that is busy
FAULTS = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
CLIENT_GONE = Fault(deaf=frozenset({"client"}), forgets=True)
DEAF = Fault(deaf=frozenset({"client", "server"}))
GONE = Fault(deaf=frozenset({"client", "server"}), forgets=True)


@asynccontextmanager
async def _pool_behind_proxy(rig: Rig) -> AsyncGenerator[tuple[Pool, Proxy]]:
    url = urlsplit(rig.database_url("contacts"))
    proxy = Proxy(ports.ephemeral()["POSTGRES_PORT"], url.port or 0)
    netloc = f"{url.username}:{url.password}@{ports.HOST}:{proxy.port}"
    async with proxy.listening():
        pool = await open_pool(url._replace(netloc=netloc).geturl())
        try:
            yield pool, proxy
        finally:
            pool.terminate()


async def test_a_statement_into_silence_breaks_within_seconds(rig: Rig) -> None:
    async with _pool_behind_proxy(rig) as (pool, proxy):
        assert await pool.fetchval("SELECT 1") == 1
        proxy.disturb(GONE)
        passed, began = proxy.met["passed"], time.monotonic()
        with pytest.raises(FAULTS) as raised:
            await pool.fetchval("SELECT 1")
        assert is_infrastructure_fault(raised.value)
        assert time.monotonic() - began < NOTICED_WITHIN
        assert proxy.met["passed"] == passed
        proxy.heal()
        assert await pool.fetchval("SELECT 2") == 2


async def test_a_short_silence_costs_time_only(rig: Rig) -> None:
    async with _pool_behind_proxy(rig) as (pool, proxy), pool.acquire() as connection:
        backend = await connection.fetchval("SELECT pg_backend_pid()")
        proxy.disturb(DEAF)
        assert proxy.met["deafened"] == 2
        proxy.heal()
        assert await connection.fetchval("SELECT pg_backend_pid()") == backend


async def test_what_a_client_left_locked_behind_a_proxy_is_given_up(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy's side of the server's connection lives on, and answers every keepalive."""
    monkeypatch.setattr("shared.db.LEFT_OPEN_TIMEOUT", 1.0)
    async with _pool_behind_proxy(rig) as (pool, proxy), pool.acquire() as connection:
        await connection.execute("BEGIN; SELECT pg_advisory_xact_lock(20261128)")
        proxy.disturb(CLIENT_GONE)
        connection.terminate()
        proxy.heal()
        direct = asyncpg.create_pool(rig.database_url("contacts"), min_size=1, max_size=1)
        async with asyncio.timeout(NOTICED_WITHIN), direct as others:
            await others.execute("SELECT pg_advisory_lock(20261128)")


@pytest.mark.parametrize(
    ("fault", "evidence"),
    [
        (Fault(latency=0.05), "held-up"),
        (Fault(drip_bytes=16), "held-up"),
        (Fault(cut_after=40), "cut"),
        (Fault(resets=True), "reset"),
    ],
    ids=["latency", "slow drip", "cut", "reset"],
)
async def test_each_fault_bites(rig: Rig, fault: Fault, evidence: str) -> None:
    async with _pool_behind_proxy(rig) as (pool, proxy):
        proxy.disturb(fault)
        if evidence == "held-up":
            assert await pool.fetchval("SELECT 1") == 1
        else:
            with pytest.raises(FAULTS) as raised:
                await pool.fetchval("SELECT repeat('x', 1000)")
            assert is_infrastructure_fault(raised.value)
        assert proxy.met[evidence] > 0
