"""On a real broker that denies by default: who reads and writes what, and who gets in at all."""

import socket
import ssl
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError
from confluent_kafka import KafkaError, KafkaException
from devstack.demo.story.play import Story
from devstack.stack import Stack
from pydantic import SecretStr
from shared.contracts import TOPICS, campaigns, contacts, external, pipeline, service_desk
from shared.contracts.rights import ADMIN, BROKER
from shared.contracts.topic import PARTITIONS
from shared.messaging.refusals import refusal_of
from shared.settings import KafkaSettings

from devstack import ports, tls
from tests.secure.clients import read_one, write_one

NO_TOPIC = {KafkaError.TOPIC_AUTHORIZATION_FAILED}
PERSONAL = [topic for topic in TOPICS.values() if topic.personal_data == "personal"]


def code(refused: pytest.ExceptionInfo[KafkaException]) -> int:
    error: KafkaError = refused.value.args[0]
    return error.code()


async def written(stack: Stack, topic: str) -> int:
    """How many records a topic holds."""
    parts = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    async with AIOKafkaConsumer(**stack.kafka_settings().client_options()) as reader:
        ends: dict[Any, int] = await reader.end_offsets(parts)
    return sum(ends.values())


# Services.


@pytest.mark.parametrize(
    ("service", "topic"),
    [
        ("contacts", pipeline.DEAL_EVENTS),  # which it reads
        ("contacts", pipeline.DEFINITION_EVENTS),  # which it does not even see
        ("customer-360", contacts.CUSTOMER_STATE),
        ("pipeline", external.ERP_ORDERS),
    ],
    ids=lambda value: getattr(value, "name", value),
)
async def test_a_service_cannot_write_to_topics_of_others(
    stack: Stack, story: Story, service: str, topic: Any
) -> None:
    del story  # told before, so that nothing else is written meanwhile
    before = await written(stack, topic.name)
    with pytest.raises(KafkaException) as refused:
        write_one(stack.kafka_settings(service), topic.name)
    assert code(refused) in NO_TOPIC
    assert await written(stack, topic.name) == before


@pytest.mark.parametrize(
    ("service", "topic"),
    [
        ("service-desk", contacts.CUSTOMER_STATE),
        ("contacts", service_desk.CLOCK_EVENTS),
        ("customer-360", campaigns.FORM_STATE),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_service_cannot_read_what_it_does_not_need(
    stack: Stack, story: Story, service: str, topic: Any
) -> None:
    del story
    with pytest.raises(KafkaException) as refused:
        read_one(stack.kafka_settings(service), topic.name, f"rapport.{service}.curious")
    assert code(refused) in NO_TOPIC


def test_a_service_takes_no_part_in_the_groups_of_another(stack: Stack) -> None:
    with pytest.raises(KafkaException) as refused:
        read_one(stack.kafka_settings("contacts"), pipeline.DEAL_EVENTS.name, "rapport.pipeline.x")
    assert code(refused) == KafkaError.GROUP_AUTHORIZATION_FAILED


async def test_a_service_sees_only_the_topics_that_it_may_use(stack: Stack) -> None:
    admin = AIOKafkaAdminClient(**stack.kafka_settings("contacts").client_options())
    await admin.start()
    try:
        seen = set(await admin.list_topics())
    finally:
        await admin.close()
    assert pipeline.DEAL_EVENTS.name in seen
    assert pipeline.DEFINITION_EVENTS.name not in seen


# Subscribers, and systems that send.


def test_a_public_subscriber_reads_facts(stack: Stack, story: Story) -> None:
    del story
    analytics = stack.kafka_settings("analytics")
    record = read_one(analytics, pipeline.DEAL_EVENTS.name, "subscriber.analytics.deals")
    assert record.key() is not None


@pytest.mark.parametrize("topic", PERSONAL, ids=lambda topic: str(topic.name))
def test_a_public_subscriber_reads_nothing_about_people(stack: Stack, topic: Any) -> None:
    with pytest.raises(KafkaException) as refused:
        read_one(stack.kafka_settings("analytics"), topic.name, "subscriber.analytics.people")
    assert code(refused) in NO_TOPIC


def test_a_confidential_subscriber_reads_that_too(stack: Stack, story: Story) -> None:
    del story
    warehouse = stack.kafka_settings("warehouse")
    record = read_one(warehouse, contacts.CUSTOMER_STATE.name, "subscriber.warehouse.people")
    assert record.value() is not None


def test_a_subscriber_keeps_to_groups_of_its_own(stack: Stack) -> None:
    for group in ("rapport.contacts.deals", "subscriber.warehouse.people", "mine"):
        with pytest.raises(KafkaException) as refused:
            read_one(stack.kafka_settings("analytics"), pipeline.DEAL_EVENTS.name, group)
        assert code(refused) == KafkaError.GROUP_AUTHORIZATION_FAILED


@pytest.mark.parametrize("subscriber", ["analytics", "warehouse"])
def test_a_subscriber_writes_nothing(stack: Stack, subscriber: str) -> None:
    with pytest.raises(KafkaException) as refused:
        write_one(stack.kafka_settings(subscriber), pipeline.DEAL_EVENTS.name)
    assert code(refused) in NO_TOPIC


def test_the_erp_sends_orders_and_does_nothing_else(stack: Stack) -> None:
    erp = stack.kafka_settings("ext-erp")
    for topic in (pipeline.ORDER_EVENTS, contacts.CUSTOMER_EVENTS):
        with pytest.raises(KafkaException) as refused:
            write_one(erp, topic.name)
        assert code(refused) in NO_TOPIC
    with pytest.raises(KafkaException) as refused:
        read_one(erp, external.ERP_ORDERS.name, "erp")
    assert code(refused) == KafkaError.GROUP_AUTHORIZATION_FAILED


# Nobody else.


def stranger(stack: Stack, sort: str) -> KafkaSettings:
    """Somebody who should not get in."""
    kafka = stack.kafka_settings("contacts")
    wrong = {"sasl_password": SecretStr("guessed"), "sasl_password_file": None}
    changes: dict[str, dict[str, Any]] = {
        "an unknown user": {**wrong, "sasl_username": "mallory"},
        "a wrong password": wrong,
        "another's password": {"sasl_username": ADMIN},
        "a client without TLS": {"security_protocol": "SASL_PLAINTEXT"},
        "a plaintext client": {"security_protocol": "PLAINTEXT"},
        "a client without a user": {"security_protocol": "SSL"},
        "a client of another authority": {"ca_file": None},
    }
    return kafka.model_copy(update=changes[sort])


@pytest.mark.parametrize(
    ("sort", "told"),
    [
        ("an unknown user", "does not let in mallory: look after its password"),
        ("a wrong password", "does not let in contacts: look after its password"),
        ("another's password", "does not let in admin: look after its password"),
        ("a client without TLS", None),
        ("a plaintext client", None),
        ("a client without a user", None),
        ("a client of another authority", "are not trusted (CERTIFICATE_VERIFY_FAILED)"),
    ],
)
async def test_a_stranger_gets_nothing(stack: Stack, sort: str, told: str | None) -> None:
    """Where the broker says why, so do we; a client without TLS it simply hangs up on."""
    options = stranger(stack, sort).client_options()
    admin = AIOKafkaAdminClient(**options, request_timeout_ms=5000)
    try:
        with pytest.raises(KafkaConnectionError) as refused:
            await admin.start()
    finally:
        await admin.close()
    refusal = await refusal_of(refused.value, options, "Read")
    assert refusal is None if told is None else told in str(refusal)


def test_the_controller_talks_to_the_broker_alone(stack: Stack) -> None:
    """It asks for a certificate that nobody else has."""
    context = ssl.create_default_context(cafile=tls.authority_file(stack.state.locks.tls))
    address = ports.HOST, stack.settings.port("KAFKA_CONTROLLER_PORT")
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        _knock(context, address)


def _knock(context: ssl.SSLContext, address: tuple[str, int]) -> None:
    """With TLS 1.3 the other side says only after the handshake that it misses a certificate."""
    with (
        socket.create_connection(address, timeout=10) as raw,
        context.wrap_socket(raw, server_hostname=ports.HOST) as door,
    ):
        door.sendall(b"\0\0\0\x16\0\x12\0\0\0\0\0\1\0\4test")
        assert door.recv(1) != b"", "it hung up without a word"


def test_secrets_are_for_their_owner_alone(stack: Stack) -> None:
    folder = stack.state.locks.credentials
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {ADMIN, BROKER, "contacts", "analytics", "ext-erp"} <= {f.name for f in folder.iterdir()}
    secrets = [file.read_text() for file in folder.iterdir()]
    assert len(set(secrets)) == len(secrets)
    for file in (*folder.iterdir(), tls.broker_file(stack.state.locks.tls)):
        assert file.stat().st_mode & 0o777 == 0o600
    assert (stack.state.kafka / "server.properties").stat().st_mode & 0o777 == 0o600
