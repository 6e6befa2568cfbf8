"""From Kafka to the view, on a real broker."""

import asyncio
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from customer_360.app import create_app
from shared.settings import KafkaSettings

from tests.conftest import DatabaseFactory
from tests.integration.customer_360.conftest import JWT_KEY, token, until
from tests.records import record_of
from tests.unit.customer_360.histories.permissions import HASH_KEY
from tests.unit.customer_360.histories.story import Story


async def _publish(kafka: KafkaSettings, story: Story) -> None:
    async with AIOKafkaProducer(**kafka.client_options()) as producer:
        for history in story.history():
            for version, event in enumerate(history, 1):
                record = record_of(event, version)
                await producer.send_and_wait(
                    record.topic, record.value, record.key, headers=list(record.headers)
                )


@pytest.mark.timeout(180)
async def test_what_is_on_the_topics_is_in_the_view(
    topics: KafkaSettings, database: DatabaseFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story("kafka")
    monkeypatch.setenv("CUSTOMER_360_DATABASE_URL", await database("customer_360"))
    monkeypatch.setenv("RAPPORT_JWT_KEY", JWT_KEY)
    monkeypatch.setenv("RAPPORT_HASH_KEY", HASH_KEY)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", topics.bootstrap_servers)
    app = create_app()
    transport = httpx.ASGITransport(app)
    headers = {"Authorization": f"Bearer {token()}"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://360", headers=headers) as client,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(_publish(topics, story))

        async def complete() -> Any:
            response = await client.get(f"/v1/customers/{story.customer}")
            view = response.json()
            return (
                response.status_code == 200
                and view["header"]
                and view["header"]["lifecycle"] == "customer"
                and (view["deals"]["won_count"], view["orders"]["count"]) == (1, 1)
                and (view["campaigns"]["clicked"], view["service"]["breached"]) == (1, 1)
                and all(source["lag_s"] == 0 for source in view["as_of"].values())
                and view
            )

        view = await until(complete, seconds=60)

    assert view["people"][0]["name"] == "Kafka Lovelace"
