"""Whoever another department has just spoken to gets no promotion, where the policy says so."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from campaigns.erasures.consumers import consumer as erasures
from campaigns.merges.consumers import consumer as merges
from campaigns.obstacles.consumers import talks
from campaigns.obstacles.handlers import KEPT, forget_talks
from campaigns.sending import Sender
from shared.contracts.contacts import InteractionCorrected, InteractionRecorded
from shared.db import Pool
from shared.ids import new_id

from tests.integration.campaigns import scene
from tests.integration.campaigns.conftest import MailSink
from tests.integration.campaigns.test_erasures import asked
from tests.integration.campaigns.test_merges import merge
from tests.records import record_of


def talk(*contact_ids: UUID, hours: float = 1, **changes: Any) -> InteractionRecorded:
    fields: dict[str, Any] = {
        "interaction_id": new_id(),
        "contact_ids": contact_ids,
        "channel": "phone",
        "direction": "outbound",
        "kind": "call",
        "department": "sales",
        "source": "person",
        "occurred_at": scene.NOW - timedelta(hours=hours),
    }
    return InteractionRecorded(**{**fields, **changes})


def corrected(told: InteractionRecorded, **changes: Any) -> InteractionCorrected:
    said = {**dict(told), **changes, "changed_fields": tuple(changes), "reason_code": "typo"}
    return InteractionCorrected(**said)


async def outcome(
    pool: Pool, client: httpx.AsyncClient, sender: Sender, contact_id: UUID, **plan: Any
) -> object:
    campaign_id = await scene.launch(pool, client, [contact_id], **plan)
    await sender.send_due(pool)
    [message] = await scene.messages_of(client, campaign_id)
    return message["reason_code"] or message["status"]


async def test_who_was_spoken_to_is_left_out_for_as_long_as_the_policy_says(
    pool: Pool, client: httpx.AsyncClient, mail: MailSink, sender: Sender
) -> None:
    contact_id, _ = await scene.person(pool)
    told = record_of(talk(contact_id, new_id()))
    await scene.apply(pool, talks, [told, told])
    assert await outcome(pool, client, sender, contact_id) == "sent", "it is off at first"
    await scene.policy(pool, talk_pause="2 hours")
    assert await outcome(pool, client, sender, contact_id) == "recent-contact"
    await scene.policy(pool, talk_pause="30 minutes")
    assert await outcome(pool, client, sender, contact_id) == "sent"
    assert len(mail.received) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"department": "marketing"},
        {"direction": "internal"},
        {"kind": "note"},
        {"hours": 49},
        {"hours": -1},
    ],
)
async def test_what_is_no_talk_of_another_department_lately_leaves_nobody_out(
    changes: dict[str, Any], pool: Pool, client: httpx.AsyncClient, sender: Sender
) -> None:
    contact_id, _ = await scene.person(pool)
    await scene.policy(pool, talk_pause="2 days")
    others = [record_of(talk(contact_id, **changes)), record_of(talk(new_id()))]
    await scene.apply(pool, talks, others)
    assert await outcome(pool, client, sender, contact_id) == "sent"


async def test_service_mail_goes_out_all_the_same(
    pool: Pool, client: httpx.AsyncClient, sender: Sender
) -> None:
    contact_id, _ = await scene.person(pool)
    await scene.policy(pool, talk_pause="2 days")
    granted = scene.consent_granted(contact_id, "service")
    await scene.apply(pool, scene.consents, [record_of(granted)])
    await scene.apply(pool, talks, [record_of(talk(contact_id, department=None))])
    service = {"purpose": "service", "objective": "service"}
    assert await outcome(pool, client, sender, contact_id, **service) == "sent"
    assert await outcome(pool, client, sender, contact_id) == "recent-contact"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_a_correction_counts_whichever_comes_first(
    order: tuple[int, int], pool: Pool, client: httpx.AsyncClient, sender: Sender
) -> None:
    contact_id, _ = await scene.person(pool)
    await scene.policy(pool, talk_pause="2 days")
    told = talk(contact_id)
    facts = [record_of(told, 1), record_of(corrected(told, contact_ids=(new_id(),)), 2)]
    for at in order:
        await scene.apply(pool, talks, [facts[at]])
    assert await outcome(pool, client, sender, contact_id) == "sent"


async def test_a_talk_with_a_merged_person_was_one_with_who_stays(
    pool: Pool, client: httpx.AsyncClient, sender: Sender
) -> None:
    contact_id, _ = await scene.person(pool)
    await scene.policy(pool, talk_pause="2 days")
    old = new_id()
    await scene.apply(pool, talks, [record_of(talk(old))])
    assert await outcome(pool, client, sender, contact_id) == "sent"
    await scene.apply(pool, merges, [record_of(merge(contact_id, old))])
    assert await outcome(pool, client, sender, contact_id) == "recent-contact"


async def test_talks_are_kept_no_longer_than_asked_for_and_name_nobody_erased(pool: Pool) -> None:
    one, two = new_id(), new_id()
    long_ago = KEPT / timedelta(hours=1) + 1
    told = talk(one, two)
    late = talk(two, hours=long_ago)
    await scene.apply(pool, talks, [record_of(told), record_of(late)])
    assert await pool.fetchval("SELECT count(*) FROM talks") == 1
    await scene.apply(pool, erasures, [record_of(asked(one))])
    assert await pool.fetchval("SELECT contact_ids FROM talks") == [two]
    assert not await forget_talks(pool)
    moved = corrected(told, occurred_at=late.occurred_at, contact_ids=(two,))
    await scene.apply(pool, talks, [record_of(moved, 2)])
    assert await forget_talks(pool)
    assert await pool.fetchval("SELECT count(*) FROM talks") == 0
