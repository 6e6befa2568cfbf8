"""The rig does what the tests rely on: it revives, doubles, and can stand behind a proxy."""

import asyncio
import signal

from aiokafka.admin import AIOKafkaAdminClient
from devstack.wait import until

from devstack import ports
from tests.faults.rig import Rig


async def test_a_client_of_the_second_listener_is_sent_on_to_the_advertised_port(rig: Rig) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=f"{ports.HOST}:{rig.listener.port}")
    await admin.start()
    try:
        brokers = (await admin.describe_cluster())["brokers"]
    finally:
        await admin.close()
    assert [broker["port"] for broker in brokers] == [rig.listener.advertised]


async def test_a_killed_process_comes_back_by_itself(rig: Rig) -> None:
    process = rig.process("contacts")
    lives, pid = process.lives, process.pid
    rig.kill("contacts")
    assert await asyncio.to_thread(until, lambda: process.lives == lives + 1, seconds=10)
    assert process.deaths[-1] == -signal.SIGKILL
    assert process.pid != pid
    await asyncio.to_thread(rig.await_ready, ["contacts"])


async def test_a_service_may_run_twice(rig: Rig) -> None:
    second = rig.add("pipeline", "pipeline-2")
    await asyncio.to_thread(rig.await_ready, ["pipeline", "pipeline-2"])
    assert second.port != rig.process("pipeline").port
    rig.remove("pipeline-2")
    await asyncio.to_thread(rig.await_ready, ["pipeline"])
    assert not ports.is_open(second.port)
