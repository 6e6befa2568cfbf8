"""The table of topics in docs/architecture.md is what the code declares."""

from pathlib import Path

from fastapi import FastAPI
from shared.contracts import TOPICS
from shared.contracts.readers import READERS, readable_by
from shared.contracts.topic import Topic
from shared.messaging.following import Following
from shared.messaging.reactions import Consumer

ARCHITECTURE = Path(__file__).parents[2] / "docs" / "architecture.md"


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


def test_a_service_follows_its_own_topics_for_http_and_no_others(apps: list[FastAPI]) -> None:
    for app in apps:
        following: Following = app.state.following
        followed = {TOPICS[partition.topic] for partition in following.partitions}
        assert followed == {t for t in TOPICS.values() if t.publisher == following.service}
        assert readable_by(following.service) == followed | READERS[following.service]
