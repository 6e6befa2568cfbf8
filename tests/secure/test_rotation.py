"""A secret is replaced while the system works: nothing is lost, nothing doubled."""

import asyncio
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError
from devstack.demo.story.play import Story
from devstack.services import CORE
from devstack.stack import Stack
from pydantic import SecretStr
from shared.access import credentials
from shared.access.admin import AccessError, as_operator

from tests.faults.conftest import IS_FULL
from tests.faults.load import loading
from tests.faults.log import Log
from tests.faults.oracle import judge
from tests.faults.rig import Rig
from tests.faults.timing import timed, under_load
from tests.secure.conftest import Rapport

COMMANDS_BETWEEN = 20
RATE = 60.0
RENEWED = tuple(service.name for service in CORE) if IS_FULL else ("pipeline", "customer-360")


async def enters(stack: Stack, principal: str, secret: str) -> bool:
    """Whether the broker lets somebody in with a secret."""
    user = {"sasl_password": SecretStr(secret), "sasl_password_file": None}
    options = stack.kafka_settings(principal).model_copy(update=user).client_options()
    admin = AIOKafkaAdminClient(**options)
    try:
        await admin.start()
    except KafkaConnectionError:
        return False
    finally:
        await admin.close()
    return True


def secret_of(stack: Stack, principal: str) -> str:
    return credentials.secret_file(stack.state.locks.credentials, principal).read_text()


async def test_services_get_new_secrets_under_load(
    rig: Rig, rapport: Rapport, story: Story
) -> None:
    """As docs/security.md says it: rotate, then restart one after the other."""
    del story
    before = {name: secret_of(rig.stack, name) for name in RENEWED}
    async with loading(rig, seed=880, rate=RATE) as load:
        timing = timed(load)
        async with under_load(load):
            await timing.more(COMMANDS_BETWEEN)
            told = await asyncio.to_thread(_rotate, rapport, list(before))
            for name in RENEWED:
                assert f"restart what runs as {name}" in told
                await timing.more(COMMANDS_BETWEEN)
                await asyncio.to_thread(_restart, rig, name)
            await timing.more(COMMANDS_BETWEEN)
        verdict = await judge(rig, load.history, Log(rig.kafka))
    assert verdict.is_clean, str(verdict)
    for name, old in before.items():
        assert not await enters(rig.stack, name, old)
        assert await enters(rig.stack, name, secret_of(rig.stack, name))


def _rotate(rapport: Rapport, principals: list[str]) -> str:
    options = (part for name in principals for part in ("--principal", name))
    code, told = rapport("credentials", "rotate", *options)
    assert code == 0, told
    return told


def _restart(rig: Rig, service: str) -> None:
    rig.restart(service)
    rig.await_ready([service])


async def test_operators_renew_their_own_secret(stack: Stack, rapport: Rapport) -> None:
    old = secret_of(stack, "admin")
    _rotate(rapport, ["admin"])
    assert not await enters(stack, "admin", old)
    assert rapport("acl", "apply") == (0, "granted: 0\n")


async def test_a_rotation_that_was_cut_off_goes_on_with_the_same_secret(stack: Stack) -> None:
    """It died after the broker had learnt the new secret and before the file was replaced."""
    folder, kafka = stack.state.locks.credentials, stack.kafka_settings()
    (folder / ".analytics.next").write_text("half-way-through")
    with as_operator(kafka) as client:
        credentials.rotate(client, kafka, folder, "analytics")
    assert secret_of(stack, "analytics") == "half-way-through"
    assert not (folder / ".analytics.next").exists()
    assert await enters(stack, "analytics", "half-way-through")


def test_nobody_is_renewed_whom_nobody_knows(rapport: Rapport) -> None:
    code, told = rapport("credentials", "rotate", "--principal", "mallory")
    assert (code, "there is no mallory; there are contacts" in told) == (1, True)


def test_a_secret_that_was_lost_is_not_silently_replaced(stack: Stack, tmp_path: Path) -> None:
    with (
        pytest.raises(AccessError, match="The broker knows contacts, but"),
        as_operator(stack.kafka_settings()) as client,
    ):
        credentials.provision(client, tmp_path, ["contacts"])
