"""Processes of the service that die at the worst moment: nothing is lost, and ids stay."""

import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp import web
from shared.ids import new_id

from devstack import child, ports
from shared import failpoints
from tests.integration.webhooks.conftest import Caller, change, failed, settled
from tests.integration.webhooks.endpoint import Endpoint, Request, always
from tests.integration.webhooks.waiting import until

Feed = Callable[..., Awaitable[None]]


@contextmanager
def process(
    environment: dict[str, str], log: Path, armed: str = ""
) -> Iterator["subprocess.Popen[bytes]"]:
    """One process of the service, as it is deployed; Kafka is away, its database is there."""
    port = ports.ephemeral()["WEBHOOKS_PORT"]
    command = [sys.executable, "-m", "uvicorn", "webhooks.app:create_app", "--factory"]
    with log.open("ab") as out:
        running = subprocess.Popen(
            child.command([*command, "--port", str(port)], parent=os.getpid()),
            env={**os.environ, **environment, failpoints.VARIABLE: armed},
            stdout=out,
            stderr=out,
        )
    try:
        yield running
    finally:
        running.kill()
        running.wait()


@pytest.mark.parametrize("place", ["webhooks.after-answer", "webhooks.after-settling"])
async def test_a_sender_that_is_killed_loses_nothing(
    erp: Caller,
    feed: Feed,
    endpoint: Endpoint,
    environment: dict[str, str],
    tmp_path: Path,
    place: str,
) -> None:
    """Killed between the answer and the commit it sends again, under the same id and in order."""
    environment["WEBHOOKS_TIMEOUT_SECONDS"] = "1"  # and the lease is 7 s
    customer_id = new_id()
    subscription = await erp.subscribe(endpoint)
    await feed(*(change(customer_id, version) for version in range(1, 4)))
    with process(environment, tmp_path / "first.log", f"{place}=kill@1") as first:

        async def is_dead() -> bool:
            return first.poll() is not None

        await until(is_dead, within=60)
        assert first.returncode == -signal.SIGKILL
    assert endpoint.versions(customer_id) == [1]
    with process(environment, tmp_path / "second.log"):
        await settled(erp, subscription, "delivered", 3)
    repeats = 1 if place == "webhooks.after-answer" else 0
    assert endpoint.versions(customer_id) == [1] * repeats + [1, 2, 3]
    assert len({request.message_id for request in endpoint.requests}) == 3
    for request in endpoint.requests:
        request.verify(subscription["secret"])


async def test_no_log_tells_an_address_or_a_secret(
    erp: Caller, feed: Feed, endpoint: Endpoint, environment: dict[str, str], tmp_path: Path
) -> None:
    async def gone_at_last(request: Request) -> web.StreamResponse:
        return await always(410 if request.version == 2 else 500)(request)

    endpoint.answer = gone_at_last
    subscription = await erp.subscribe(endpoint)
    log = tmp_path / "service.log"
    with process(environment, log):
        await feed(change(new_id()), change(new_id(), 2))
        await failed(erp, subscription)

        async def told() -> bool:
            return "subscription_disabled" in log.read_text()

        await until(told)
    text = log.read_text()
    assert "delivery_failed" in text
    assert "127.0.0.1" in text
    assert "hush" not in text
    assert subscription["secret"] not in text
    assert environment["WEBHOOKS_SEAL_KEY"] not in text
