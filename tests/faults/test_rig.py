"""The rig does what the tests rely on: it revives, doubles, and can stand behind a proxy."""

import asyncio
import signal

from aiokafka.admin import AIOKafkaAdminClient
from devstack.wait import until

from devstack import ports
from tests.faults.rig import Rig


async def test_a_client_of_the_second_listener_goes_on_through_the_advertised_port(
    rig: Rig,
) -> None:
    passed: list[int] = []

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passed.append(1)
        inner_reader, inner_writer = await asyncio.open_connection(ports.HOST, rig.listener.port)
        await asyncio.gather(_pour(reader, inner_writer), _pour(inner_reader, writer))

    async with await asyncio.start_server(forward, ports.HOST, rig.listener.advertised):
        admin = AIOKafkaAdminClient(bootstrap_servers=f"{ports.HOST}:{rig.listener.port}")
        await admin.start()
        try:
            brokers = (await admin.describe_cluster())["brokers"]
        finally:
            await admin.close()
    assert [broker["port"] for broker in brokers] == [rig.listener.advertised]
    assert passed


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65536):
        writer.write(chunk)
        await writer.drain()
    writer.close()


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
