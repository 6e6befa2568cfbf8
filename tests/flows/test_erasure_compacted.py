"""A person is forgotten: once Kafka has compacted, their marks are in no record of any topic."""

import json
import time
import uuid
from collections import defaultdict
from typing import Any

from devstack.demo.doors import Doors, Json, eventually
from devstack.demo.story.cast import Cast
from devstack.stack import Stack
from shared.contracts import TOPICS
from shared.contracts.contacts import CONTACT_STATE, CUSTOMER_STATE, HOUSEHOLD_STATE
from shared.contracts.customer_360 import PROFILE_STATE
from shared.contracts.pipeline import COMMITMENT_STATE, DEAL_STATE, LEAD_STATE
from shared.settings import KafkaSettings

from tests.flows.compaction import close_silent, compacting_soon, parked_ends
from tests.flows.marked import CONTACT_PATH, become_known, email_of, erased, other_email_of
from tests.flows.test_resync import _records

ENDED = {CONTACT_STATE.name, CUSTOMER_STATE.name}
"""Where a person and a customer have their snapshots."""

TOLD_ON = {
    CONTACT_STATE.name,
    CUSTOMER_STATE.name,
    HOUSEHOLD_STATE.name,
    LEAD_STATE.name,
    DEAL_STATE.name,
    COMMITMENT_STATE.name,
}
"""Where something stands of the person until then."""


async def _reachable(cast: Cast, contact_id: str, mark: str, phone: str) -> None:
    path = f"{CONTACT_PATH}/{contact_id}"
    await cast.sales.post("contacts", f"{path}/points", {"type": "phone", "value": phone})
    home = {"lines": [f"Quay {mark} 7"], "locality": "Whitby", "country": "GB"}
    await cast.sales.post("contacts", f"{path}/postal-points", home)


def _with_marks(records: list[Any], marks: set[str]) -> dict[str, set[str]]:
    """The marks that stand anywhere in a record, key, body or header, by topic."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for record in records:
        parts = [record.key, record.value, *(part for _, part in record.headers)]
        names = [name.encode() for name, _ in record.headers]
        whole = b"\n".join([part for part in parts if part is not None] + names).lower()
        found[record.topic] |= {mark for mark in marks if mark.encode() in whole}
    return {topic: told for topic, told in found.items() if told}


async def test_after_compaction_no_record_of_any_topic_tells_of_the_person(
    system: Stack, kafka: KafkaSettings, doors: Doors, cast: Cast
) -> None:
    mark, officer = f"zqx{uuid.uuid4().hex[:10]}", doors.caller("pia", "privacy")
    phone = f"+44207{time.time_ns() // 1_000_000 % 10_000_000:07}"
    marks = {mark, email_of(mark), other_email_of(mark), phone, phone.removeprefix("+44")}
    contact_id, customer_id = await become_known(cast, officer, mark, evidence="4711")
    await _reachable(cast, contact_id, mark, phone)
    await cast.rest()
    request: Json = await erased(officer, contact_id)
    await cast.rest()
    theirs = {each.encode() for each in (contact_id, customer_id)}
    assert request["customer_ids"] == [customer_id]

    before = await _records(kafka)
    told = _with_marks(before, marks)
    assert told.keys() >= TOLD_ON
    assert told[CONTACT_STATE.name] == marks
    assert {name for name in told if TOPICS[name].cleanup != "compact"} == set()
    kept = [r for r in before if r.key in theirs and r.topic in ENDED and r.value is not None]
    assert {record.key for record in kept} == theirs

    async def cleaned() -> list[Any] | None:
        await close_silent(system, kafka)
        records = await _records(kafka)
        return None if _with_marks(records, marks) else records

    async with compacting_soon(kafka):
        after = await eventually(cleaned, "the log cleaner has been over every topic", 120)
    await cast.rest()
    assert await parked_ends(system) == 0
    left = [record for record in after if record.key in theirs and record.topic in ENDED]
    assert [record.value for record in left] == [None] * len(left)
    places = [(record.topic, record.key) for record in left]
    assert len(places) == len(set(places))
    figures = [r.value for r in after if r.topic == PROFILE_STATE.name and r.key in theirs]
    assert json.loads(figures[-1])["open_deal_amount"] == {"EUR": "48000.00"}
