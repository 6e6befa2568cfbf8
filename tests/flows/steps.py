"""Single steps of a salesperson, an agent and other systems, beyond those of the story."""

from typing import Any

from aiokafka import AIOKafkaProducer
from devstack.demo.story.cast import AGENT, Cast, in_days
from shared.contracts.topic import Event
from shared.settings import KafkaSettings

from tests.records import record_of

OWNER_OF_GOOD_LEADS = "otto"


async def open_deal(cast: Cast, customer_id: str, name: str) -> str:
    deal = {
        "customer_id": customer_id,
        "name": name,
        "amount": "1000.00",
        "currency": "EUR",
        "expected_close_date": in_days(20).isoformat(),
    }
    return str((await cast.sales.post("pipeline", "/v1/deals", deal))["deal_id"])


async def open_ticket(cast: Cast, customer_id: str, severity: int) -> str:
    ticket = {
        "customer_id": customer_id,
        "channel": "phone",
        "ticket_type": "repair",
        "subject": "It is dark",
        "severity": severity,
    }
    answer = await cast.service.post("service-desk", "/v1/tickets", ticket)
    return str(answer["ticket_id"])


async def resolve(cast: Cast, ticket_id: str) -> None:
    path = f"/v1/tickets/{ticket_id}"
    await cast.service.post("service-desk", f"{path}/assign", {"agent_id": AGENT})
    await cast.service.post("service-desk", f"{path}/status", {"to": "in-progress"})
    cause = {"resolution_code": "fixed", "root_cause": "blown-fuse"}
    await cast.service.post("service-desk", f"{path}/resolve", cause)


async def publish(kafka: KafkaSettings, *facts: Event) -> None:
    """As another system does, with another id each time."""
    made: Any = AIOKafkaProducer(**kafka.client_options(), acks="all")
    async with made as producer:
        for fact in facts:
            record = record_of(fact)
            await producer.send_and_wait(
                record.topic, record.value, key=record.key, headers=list(record.headers)
            )
