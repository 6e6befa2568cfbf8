"""Kafka's administration by confluent-kafka, as aiokafka's admin knows neither ACLs nor SCRAM."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import confluent_kafka.admin
from confluent_kafka import KafkaException

from shared.settings import KafkaSettings

TIMEOUT = 20.0

library: Any = confluent_kafka.admin
"""The library re-exports its names in a way that type checkers do not follow."""


class AccessError(Exception):
    """What an operator must mend; the message says how."""


def admin_client(kafka: KafkaSettings) -> Any:
    """A client of Kafka's administration; it connects when it is first asked something."""
    return library.AdminClient({**librdkafka_options(kafka), "log_level": 2})


def librdkafka_options(kafka: KafkaSettings) -> dict[str, Any]:
    """The connection settings as every client built on librdkafka takes them."""
    options: dict[str, Any] = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "security.protocol": kafka.security_protocol,
    }
    if kafka.security_protocol.endswith("SSL") and kafka.ca_file:
        options["ssl.ca.location"] = kafka.ca_file
    if kafka.security_protocol.startswith("SASL"):
        options["sasl.mechanism"] = kafka.sasl_mechanism
        options["sasl.username"] = kafka.sasl_username
        options["sasl.password"] = kafka.password()
    return options


def answer(future: Any) -> Any:
    """What the broker answers."""
    return future.result(TIMEOUT)


@contextmanager
def as_operator(kafka: KafkaSettings) -> Generator[Any]:
    """Administer Kafka; a refusal or silence of the broker becomes an `AccessError`."""
    try:
        yield admin_client(kafka)
    except KafkaException as error:
        told = error.args[0]
        raise AccessError(
            f"Kafka at {kafka.bootstrap_servers} refuses {kafka.principal}: {told.str()}"
            " Use a principal that may alter the cluster (a super user)."
        ) from error
    except TimeoutError as error:
        raise AccessError(
            f"Kafka at {kafka.bootstrap_servers} does not answer {kafka.principal}: is it up, and"
            " are KAFKA_SECURITY_PROTOCOL, KAFKA_CA_FILE, the user and its password right?"
        ) from error
