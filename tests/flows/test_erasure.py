"""A person is forgotten: their marks are in no database, no newest record and no log afterwards."""

import uuid
from typing import Any

import asyncpg
from devstack.demo.doors import Doors, eventually
from devstack.demo.story.cast import Cast
from devstack.stack import Stack
from shared.contracts import SERVICES, TOPICS
from shared.contracts.contacts import (
    CONSENT_EVENTS,
    CONTACT_STATE,
    CUSTOMER_STATE,
    HOUSEHOLD_STATE,
)
from shared.settings import KafkaSettings

from tests.flows.marked import become_known, erased, mails_of, select, write_to
from tests.flows.test_resync import _records

KNOWN_IN = {
    "contacts.people",
    "contacts.points",
    "contacts.consents",
    "contacts.interactions",
    "contacts.households",
    "contacts.merges",
    "contacts.access_bundles",
    "contacts.record_changes",
    "pipeline.leads",
    "pipeline.deals",
    "pipeline.commitments",
    "service-desk.tickets",
    "campaigns.submissions",
    "campaigns.people",
    "customer-360.contacts",
}
ON_TOPICS = {CONTACT_STATE.name, CUSTOMER_STATE.name, HOUSEHOLD_STATE.name}
FOR_EVER = {CONSENT_EVENTS.name}
"""What a consent rests on is told by its reference; nothing else that is theirs is in a fact."""


async def _tables_with(system: Stack, mark: str) -> set[str]:
    """Where any row of any table of any database holds the mark, in whatever column."""
    found: set[str] = set()
    for service in SERVICES:
        variable = f"{service.replace('-', '_').upper()}_DATABASE_URL"
        connection = await asyncpg.connect(system.settings.values[variable])
        try:
            tables = await connection.fetch(
                "SELECT schemaname, tablename FROM pg_tables"
                " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            )
            for schema, table in tables:
                query = (
                    f'SELECT EXISTS (SELECT FROM {schema}."{table}" AS t WHERE t::text ILIKE $1)'
                )
                if await connection.fetchval(query, f"%{mark}%"):
                    found.add(f"{service}.{table}")
        finally:
            await connection.close()
    return found


async def _topics_with(kafka: KafkaSettings, mark: str) -> tuple[set[str], set[str]]:
    """Topics with the mark in any record, and compacted ones with it in the newest of a key."""
    anywhere: set[str] = set()
    newest: dict[tuple[str, bytes], Any] = {}
    for record in await _records(kafka):
        newest[record.topic, record.key] = record
        if mark.encode() in (record.value or b"").lower():
            anywhere.add(record.topic)
    return anywhere, {
        topic
        for (topic, _), record in newest.items()
        if TOPICS[topic].cleanup == "compact" and mark.encode() in (record.value or b"").lower()
    }


async def test_after_an_erasure_a_search_for_the_person_finds_nothing(
    system: Stack, kafka: KafkaSettings, doors: Doors, cast: Cast
) -> None:
    mark, officer = f"zqx{uuid.uuid4().hex[:10]}", doors.caller("pia", "privacy")
    contact_id, customer_id = await become_known(cast, officer, mark)
    segment_id = await select(cast, contact_id)
    await write_to(cast, segment_id)
    sent = await eventually(lambda: mails_of(doors, mark), "the mail arrives")
    await cast.rest()
    reader = doors.caller("reader", "reader")
    before = await reader.get("customer-360", f"/v1/customers/{customer_id}")
    assert await _tables_with(system, mark) >= KNOWN_IN

    request = await erased(officer, contact_id)
    await cast.rest()
    await write_to(cast, segment_id)
    await cast.rest()

    assert request["customer_ids"] == [customer_id]
    assert await _tables_with(system, mark) == set()
    anywhere, newest = await _topics_with(kafka, mark)
    assert newest == set()
    assert anywhere >= ON_TOPICS  # until the log is compacted
    assert {name for name in anywhere if TOPICS[name].cleanup != "compact"} == FOR_EVER
    for log in system.supervisor.logs.glob("*.log"):
        assert mark not in log.read_text(errors="replace").lower(), log.name
    assert await mails_of(doors, mark) == sent
    after = await reader.get("customer-360", f"/v1/customers/{customer_id}")
    assert (after["header"], after["people"], after["households"]) == (None, [], [])
    assert after["deals"]["open_amount"] == before["deals"]["open_amount"] != {}
    assert len(after["service"]["open"]) == len(before["service"]["open"]) == 1
