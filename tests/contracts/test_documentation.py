"""The table of topics in docs/architecture.md is what the code declares."""

from importlib import import_module
from pathlib import Path

import pytest
from fastapi import FastAPI
from shared.contracts import TOPICS
from shared.contracts.readers import READERS
from shared.contracts.topic import Topic
from shared.messaging.reactions import Consumer

ARCHITECTURE = Path(__file__).parents[2] / "docs" / "architecture.md"
PACKAGES = ("contacts", "pipeline", "service_desk", "campaigns", "customer_360", "webhooks")
ENVIRONMENT = {
    "KAFKA_BOOTSTRAP_SERVERS": "nowhere:1",
    "RAPPORT_JWT_KEY": "k" * 40,
    "RAPPORT_HASH_KEY": "h" * 40,
    "RAPPORT_LINK_KEY": "l" * 40,
    "WEBHOOKS_SEAL_KEY": "s" * 40,
    "SMTP_URL": "smtp://nowhere:1",
    "CAMPAIGNS_SENDER": "hello@rapport.example",
    "CAMPAIGNS_PUBLIC_URL": "http://nowhere",
    **{f"{package.upper()}_DATABASE_URL": "postgresql://nowhere/x" for package in PACKAGES},
}


@pytest.fixture
def consumers(monkeypatch: pytest.MonkeyPatch) -> list[Consumer]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    found: list[Consumer] = []
    for package in PACKAGES:
        app: FastAPI = import_module(f"{package}.app").create_app()
        found.extend(app.state.consumers.values())
    return found


def row(topic: Topic, consumers: list[Consumer]) -> str:
    readers = sorted(consumer.name for consumer in consumers if topic in consumer.topics)
    kept = f"{topic.retention_days} days" if topic.retention_days else "for ever"
    personal = " (personal data)" if topic.personal_data == "personal" else ""
    return " | ".join(
        (
            f"| `{topic.name}`",
            topic.publisher,
            f"`{topic.key}`",
            f"{topic.holds}{personal}",
            "last per key" if topic.cleanup == "compact" else kept,
            f"{', '.join(readers) or '–'} |",
        )
    )


def test_every_topic_stands_in_the_table_with_its_consumers(consumers: list[Consumer]) -> None:
    lines = ARCHITECTURE.read_text().splitlines()
    written = [line for line in lines if line.startswith(("| `crm.", "| `ext."))]
    assert written == [row(topic, consumers) for topic in TOPICS.values()]


def test_consumers_are_named_for_their_service(consumers: list[Consumer]) -> None:
    names = [consumer.name for consumer in consumers]
    assert len(set(names)) == len(names)
    assert all(consumer.service in name for consumer, name in zip(consumers, names, strict=True))


def test_a_service_may_read_what_its_consumers_need_and_no_more(consumers: list[Consumer]) -> None:
    needed: dict[str, set[Topic]] = {}
    for consumer in consumers:
        needed.setdefault(consumer.service, set()).update(consumer.topics)
    assert needed == READERS
