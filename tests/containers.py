"""Kafka and PostgreSQL in containers, for tests where Docker answers and has the images already."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import docker
from devstack.postgres import Postgres
from devstack.wait import until
from docker.errors import DockerException
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from devstack import kafka as kafka_server
from devstack import ports

SECONDS_TO_READY = 60
PASSWORD = "test"


@dataclass(frozen=True)
class Images:
    """The tags of the images that are here."""

    kafka: str
    postgres: str


def local_images() -> Images | None:
    """Find the images without pulling any; None where Docker does not answer or lacks one."""
    if not _docker_listens():
        return None
    try:
        client = docker.from_env(timeout=5)
    except DockerException:
        return None
    try:
        tags = [tag for image in client.images.list() for tag in image.tags]
    except DockerException:
        return None
    finally:
        client.close()
    kafka_tag = max((tag for tag in tags if tag.startswith("apache/kafka:")), default=None)
    postgres_tag = max((tag for tag in tags if tag.startswith("postgres:")), default=None)
    return Images(kafka_tag, postgres_tag) if kafka_tag and postgres_tag else None


def _docker_listens() -> bool:
    """Look before docker's client does, which leaves a socket open where nothing listens."""
    if "DOCKER_HOST" in os.environ:
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex("/var/run/docker.sock") == 0


@contextmanager
def kafka(image: str) -> Iterator[str]:
    port = ports.ephemeral()["KAFKA_PORT"]
    bootstrap = f"{ports.HOST}:{port}"
    container = _container(image, port, 9092).with_envs(
        KAFKA_NODE_ID="1",
        KAFKA_PROCESS_ROLES="broker,controller",
        KAFKA_CONTROLLER_QUORUM_VOTERS="1@localhost:9093",
        KAFKA_CONTROLLER_LISTENER_NAMES="CONTROLLER",
        KAFKA_LISTENERS="PLAINTEXT://:9092,CONTROLLER://:9093",
        KAFKA_ADVERTISED_LISTENERS=f"PLAINTEXT://{bootstrap}",
        KAFKA_LISTENER_SECURITY_PROTOCOL_MAP="PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        KAFKA_AUTO_CREATE_TOPICS_ENABLE="false",
        KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS="0",
        KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR="1",
        KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR="1",
        KAFKA_TRANSACTION_STATE_LOG_MIN_ISR="1",
    )
    with container:
        assert until(lambda: kafka_server.is_ready(bootstrap), seconds=SECONDS_TO_READY, every=0.5)
        yield bootstrap


@contextmanager
def postgres(image: str) -> Iterator[str]:
    server = Postgres(ports.ephemeral()["POSTGRES_PORT"], PASSWORD)
    container = _container(image, server.port, 5432).with_envs(POSTGRES_PASSWORD=PASSWORD)
    with container.with_command("postgres -c max_connections=200 -c fsync=off"):
        assert until(server.is_ready, seconds=SECONDS_TO_READY, every=0.5)
        yield server.url


def _container(image: str, port: int, inside: int) -> DockerContainer:
    testcontainers_config.ryuk_disabled = True  # its image would be pulled
    return DockerContainer(image).with_bind_ports(inside, port)
