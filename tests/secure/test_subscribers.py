"""The example subscribers on a Kafka that denies by default, as docs/subscribe.md says."""

from pathlib import Path

import pytest
from devstack.demo.doors import eventually
from devstack.demo.story.cast import Cast
from devstack.demo.story.play import Story

from tests.faults.rig import Rig
from tests.flows import examples

PATIENCE = 120.0


@pytest.mark.parametrize("language", ["Python", "Node", "Java"])
async def test_a_confidential_subscriber_knows_what_the_360_knows(
    language: str, rig: Rig, cast: Cast, story: Story, tmp_path: Path
) -> None:
    folder = examples.copy_of_examples(tmp_path)
    (folder / ".rapport").symlink_to(rig.stack.state.folder)
    environment = {
        "PATH": examples.programs(folder),
        "KAFKA_BOOTSTRAP_SERVERS": rig.kafka.bootstrap_servers,
    }
    exports = examples.commands("Secured")
    if language == "Java":
        exports += examples.commands("Secured, in Java")
    lines = examples.commands(language)
    await examples.prepare(lines[:-1], folder, environment)
    reader = cast.doors.caller("reader", "reader")
    view = await reader.get("customer-360", f"/v1/customers/{story.customer_id}")

    group = f"subscriber.warehouse.{language.lower()}"
    run = [*exports, *lines[:-1], f"{lines[-1]} {group}"]
    async with examples.running(run, folder, environment) as example:

        async def told() -> bool:
            assert example.process.returncode is None, "the example ended"
            known = example.latest.get(story.customer_id, {})
            wanted = view["header"]["lifecycle"], view["header"]["owner_id"]
            return (known.get("lifecycle"), known.get("owner_id")) == wanted

        await eventually(told, f"{story.customer_id} told by the example", PATIENCE)
        await example.stop()
