"""The files for containers: each service has its own secret, and the broker's script starts one.

No image is needed: the scripts run here, on devstack's Kafka in the place of the image's.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from confluent_kafka import KafkaException
from rich.console import Console
from shared.access import acls, credentials
from shared.access.admin import as_operator
from shared.contracts import SERVICES, TOPICS, pipeline
from shared.contracts.rights import principals, read_subscribers, rights
from shared.messaging.topics import provision_topics
from shared.settings import KafkaSettings

from devstack import child, kafka, kafka_jars, ports, wait
from tests.secure.clients import write_one

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "compose"
SUBSCRIBERS = read_subscribers("analytics=public,warehouse=confidential")

TOOLS = {"kafka-storage.sh": "kafka.tools.StorageTool", "kafka-server-start.sh": "kafka.Kafka"}


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout's folder, as make-secure.sh leaves it."""
    checkout = tmp_path_factory.mktemp("checkout")
    shutil.copytree(FOLDER, checkout / "deploy" / "compose")
    for _ in range(2):  # the second time changes nothing
        subprocess.run([checkout / "deploy/compose/make-secure.sh"], check=True)
    return checkout / ".secure"


@pytest.fixture(scope="module")
def settings(secure: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaSettings]:
    """A broker started by kafka-secure.sh; how its admin reaches it."""
    free = ports.ephemeral()
    data = tmp_path_factory.mktemp("broker")
    (data / "home" / "bin").mkdir(parents=True)
    for name, main in TOOLS.items():
        tool = data / "home" / "bin" / name
        jars = kafka_jars.jars(Console(stderr=True))
        tool.write_text(f'#!/bin/sh\nexec {kafka_jars.java()} -cp "{jars}/*" {main} "$@"\n')
        tool.chmod(0o755)
    environment = {
        "KAFKA_HOME": str(data / "home"),
        "SECURE_FOLDER": str(secure),
        "KAFKA_LOG_DIRS": str(data / "log"),
        "CONFIG_FOLDER": str(data),
        "INTERNAL_HOST": "localhost",
        "INTERNAL_PORT": str(free["CONTACTS_PORT"]),
        "CONTROLLER_PORT": str(free["PIPELINE_PORT"]),
        "HOST_PORT": str(free["CAMPAIGNS_PORT"]),
        "KAFKA_PORT": str(free["CAMPAIGNS_PORT"]),
    }
    admin = KafkaSettings(
        bootstrap_servers=f"localhost:{free['CAMPAIGNS_PORT']}",
        security_protocol="SASL_SSL",
        sasl_username="admin",
        sasl_password_file=secure / "credentials" / "admin",
        ca_file=str(secure / "tls" / "ca.pem"),
        replication_factor=1,
    )
    command = child.command(["/bin/bash", str(FOLDER / "kafka-secure.sh")], parent=os.getpid())
    with (data / "out").open("wb") as out:
        broker = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=out, stderr=out
        )
    try:
        assert wait.until(lambda: kafka.is_ready(admin), seconds=120), (data / "out").read_text()
        yield admin
    finally:
        broker.terminate()
        broker.wait(60)


async def test_the_broker_of_the_containers_lets_in_whom_it_was_told_of(
    settings: KafkaSettings, secure: Path
) -> None:
    """What the job `topics` does, and then two services."""
    assert len((await provision_topics(settings)).created) == len(TOPICS)
    with as_operator(settings) as client:
        acls.grant(client, rights(SUBSCRIBERS))
        made = credentials.provision(client, secure / "credentials", principals(SUBSCRIBERS))
        assert made == principals(SUBSCRIBERS)
        assert acls.compare(rights(SUBSCRIBERS), acls.find(client)).is_none
    write_one(_as(settings, secure, "pipeline"), pipeline.DEAL_EVENTS.name)
    with pytest.raises(KafkaException, match="TOPIC_AUTHORIZATION_FAILED"):
        write_one(_as(settings, secure, "contacts"), pipeline.DEAL_EVENTS.name)


def _as(settings: KafkaSettings, secure: Path, principal: str) -> KafkaSettings:
    file = secure / "credentials" / principal
    return settings.model_copy(update={"sasl_username": principal, "sasl_password_file": file})


def test_what_is_made_is_for_every_principal(secure: Path) -> None:
    made = {file.name for file in (secure / "credentials").iterdir()}
    assert made == {*principals(SUBSCRIBERS), "admin", "kafka"}
    assert secure.stat().st_mode & 0o777 == 0o700
    assert {file.name for file in (secure / "tls").iterdir()} == {"ca.pem", "broker.pem"}


def test_a_container_holds_the_secret_of_its_own_principal_alone() -> None:
    override: dict[str, Any] = yaml.safe_load((FOLDER / "secure.yml").read_text())
    base: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert override["services"].keys() <= base["services"].keys()
    for service in SERVICES:
        added = override["services"][service]
        assert added["environment"]["KAFKA_SASL_USERNAME"] == service
        assert added["secrets"] == ["kafka_ca", {"source": service, "target": "kafka_password"}]
        assert override["secrets"][service] == {"file": f"./.secure/credentials/{service}"}
        assert "volumes" not in added
