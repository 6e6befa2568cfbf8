"""The system works as before when everything that is not granted is refused."""

import asyncio
import os
import sys

from devstack.demo.story.cast import Cast
from devstack.demo.story.play import Story, timeline, untold

from tests.faults.rig import Rig
from tests.flows.view import assert_view_is_true


async def test_a_story_crosses_all_services(cast: Cast, story: Story) -> None:
    await assert_view_is_true(cast, story.customer_id)
    reader = cast.doors.caller("reader", "reader")
    assert untold(await timeline(reader, story.customer_id)) == []


async def test_the_360_is_rebuilt_with_the_rights_of_customer_360(rig: Rig, story: Story) -> None:
    """It reads the topics without a consumer group."""
    del story
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "customer_360.rebuilding", "run"),
        env={**os.environ, **rig.stack.environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    assert "Switched" in said.decode()


def test_a_service_knows_its_own_secret_alone(rig: Rig) -> None:
    environ = (f"/proc/{rig.process('contacts').pid}/environ", "rb")
    with open(*environ) as file:  # noqa: PTH123 -- no file of ours
        given = dict(line.split("=", 1) for line in file.read().decode().split("\0") if "=" in line)
    users = {name: value for name, value in given.items() if "KAFKA_SASL_" in name}
    own = rig.stack.state.locks.credentials / "contacts"
    assert users == {
        "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "KAFKA_SASL_USERNAME": "contacts",
        "KAFKA_SASL_PASSWORD_FILE": str(own),
    }
    assert "KAFKA_CREDENTIALS" not in given
