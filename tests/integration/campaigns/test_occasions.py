"""A campaign with an occasion writes to each when theirs comes, through the gate, as it runs."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from campaigns.merges.consumers import consumer as merges
from campaigns.occasions.consumers import consumer
from campaigns.occasions.handlers import greet, greet_on
from campaigns.sending import Sender
from shared.contracts.campaigns import CampaignPlanned
from shared.contracts.contacts import (
    CONTACT_STATE,
    CustomerLifecycleChanged,
    CustomerMerged,
    KeyDate,
    Lifecycle,
)
from shared.db import Pool
from shared.ids import new_id
from shared.messaging.envelope import RawRecord

from tests.integration.campaigns import scene
from tests.integration.campaigns.conftest import MailSink
from tests.records import cause_of_test, record_of, tombstone_of

WIN_BACK: dict[str, Any] = {"occasion": "customer-dormant", "segment_ids": []}


def moved(customer_id: UUID, to: Lifecycle, version: int, at: datetime | None = None) -> RawRecord:
    fact = CustomerLifecycleChanged(
        customer_id=customer_id,
        from_lifecycle="dormant" if to == "customer" else "customer",
        to_lifecycle=to,
        reason_code="by-hand",
        since=scene.NOW,
    )
    return record_of(fact, version, cause=cause_of_test(at=at))


async def become_of(client: httpx.AsyncClient, campaign_id: str) -> list[tuple[str, object]]:
    return [
        (str(message["contact_id"]), message["reason_code"] or message["status"])
        for message in await scene.messages_of(client, campaign_id)
    ]


async def test_people_of_a_customer_that_fell_asleep_are_written_to_once(
    pool: Pool, client: httpx.AsyncClient, sender: Sender, mail: MailSink
) -> None:
    contact_id, customer_id = await scene.person(pool)
    await scene.person(pool, "other@example.com")
    campaign_id = await scene.launch(pool, client, [], **WIN_BACK)
    [planned] = await scene.published(pool, CampaignPlanned)
    assert planned.occasion == "customer-dormant"
    assert await become_of(client, campaign_id) == []
    told = moved(customer_id, "dormant", 2)
    await scene.apply(pool, consumer, [told, told])
    await scene.apply(pool, consumer, [told])
    await sender.send_due(pool)
    assert await become_of(client, campaign_id) == [(str(contact_id), "sent")]
    assert [message["to"] for message in mail.received] == ["anna@example.com"]


async def test_who_allows_no_mail_gets_none(
    pool: Pool, client: httpx.AsyncClient, sender: Sender, mail: MailSink
) -> None:
    contact_id, customer_id = new_id(), new_id()
    known = scene.contact_state(contact_id, "a@example.com", customer_id)
    await scene.apply(pool, scene.people, [record_of(known)])
    campaign_id = await scene.launch(pool, client, [], **WIN_BACK)
    await scene.apply(pool, consumer, [moved(customer_id, "dormant", 2)])
    await sender.send_due(pool)
    assert await become_of(client, campaign_id) == [(str(contact_id), "consent")]
    assert mail.received == []


async def test_who_has_come_back_is_not_won_back(
    pool: Pool, client: httpx.AsyncClient, sender: Sender, mail: MailSink
) -> None:
    """Before we hear of it nobody is written to; after it what waits does not go out."""
    one, at_once = await scene.person(pool, "one@example.com")
    two, later = await scene.person(pool, "two@example.com")
    campaign_id = await scene.launch(pool, client, [], **WIN_BACK)
    both = [moved(at_once, "dormant", 2), moved(at_once, "customer", 3)]
    await scene.apply(pool, consumer, both)
    assert await become_of(client, campaign_id) == []
    await scene.apply(pool, consumer, [moved(later, "dormant", 2)])
    await scene.apply(pool, consumer, [moved(later, "customer", 3)])
    await scene.apply(pool, consumer, [moved(later, "dormant", 2)])
    await sender.send_due(pool)
    assert await become_of(client, campaign_id) == [(str(two), "occasion-over")]
    assert mail.received == []
    del one


@pytest.mark.parametrize(("pause", "mails"), [("90 days", 1), ("0", 2)])
async def test_who_falls_asleep_again_is_written_to_again_after_the_pause(
    pause: str, mails: int, pool: Pool, client: httpx.AsyncClient, sender: Sender, mail: MailSink
) -> None:
    _, customer_id = await scene.person(pool)
    await scene.policy(pool, occasion_pause=pause)
    await scene.launch(pool, client, [], **WIN_BACK)
    await scene.apply(pool, consumer, [moved(customer_id, "dormant", 2)])
    await sender.send_due(pool)
    await scene.apply(pool, consumer, [moved(customer_id, "customer", 3)])
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    await scene.apply(pool, consumer, [moved(customer_id, "dormant", 4, tomorrow)])
    await sender.send_due(pool)
    assert len(mail.received) == mails


async def test_a_person_of_two_customers_that_fall_asleep_gets_one_mail(
    pool: Pool, client: httpx.AsyncClient, sender: Sender, mail: MailSink
) -> None:
    contact_id, one = await scene.person(pool)
    two = new_id()
    known = scene.contact_state(contact_id, "anna@example.com", one)
    parts = (*known.memberships, known.memberships[0].model_copy(update={"customer_id": two}))
    both = known.model_copy(update={"memberships": parts})
    await scene.apply(pool, scene.people, [record_of(both, 2)])
    campaign_id = await scene.launch(pool, client, [], **WIN_BACK)
    await scene.apply(pool, consumer, [moved(one, "dormant", 2), moved(two, "dormant", 2)])
    await sender.send_due(pool)
    assert await become_of(client, campaign_id) == [(str(contact_id), "sent")]
    assert len(mail.received) == 1


async def test_of_a_campaign_that_does_not_run_or_of_old_news_nobody_hears(
    pool: Pool, client: httpx.AsyncClient
) -> None:
    _, customer_id = await scene.person(pool)
    long_ago = datetime.now(UTC) - timedelta(days=31)
    campaign_id = await scene.launch(pool, client, [], **WIN_BACK)
    await pool.execute("UPDATE campaigns SET launched_at = $1", long_ago - timedelta(days=1))
    await scene.apply(pool, consumer, [moved(customer_id, "dormant", 2, long_ago)])
    await pool.execute("UPDATE campaigns SET launched_at = now() + interval '1 hour'")
    await scene.apply(pool, consumer, [moved(customer_id, "dormant", 3)])
    done = await client.post(f"/v1/campaigns/{campaign_id}/complete")
    assert done.status_code == 200, done.text
    await pool.execute("UPDATE campaigns SET launched_at = $1", long_ago)
    await scene.apply(pool, consumer, [moved(customer_id, "dormant", 4)])
    assert await become_of(client, campaign_id) == []


async def test_segments_say_to_whom_alone(
    pool: Pool, client: httpx.AsyncClient, sender: Sender
) -> None:
    inside, one = await scene.person(pool, "in@example.com")
    _, two = await scene.person(pool, "out@example.com")
    segment_id = await scene.segment_of(client, [inside])
    plan = {**WIN_BACK, "segment_ids": [segment_id]}
    campaign_id = await scene.launch(pool, client, [], **plan)
    assert await become_of(client, campaign_id) == [], "theirs has not come"
    await scene.apply(pool, consumer, [moved(one, "dormant", 2), moved(two, "dormant", 2)])
    await sender.send_due(pool)
    assert await become_of(client, campaign_id) == [(str(inside), "sent")]


async def test_a_customer_that_was_merged_has_the_people_of_all_its_ids(
    pool: Pool, client: httpx.AsyncClient, sender: Sender
) -> None:
    contact_id, old = await scene.person(pool)
    stays = new_id()
    merged = CustomerMerged(
        customer_id=stays,
        merge_id=new_id(),
        merged_ids=(old,),
        reversible_until=scene.NOW,
        reason_code="duplicate",
        decided_by="user:mia",
    )
    await scene.apply(pool, merges, [record_of(merged)])
    campaign_id = await scene.launch(pool, client, [], **WIN_BACK)
    await scene.apply(pool, consumer, [moved(stays, "dormant", 2)])
    await sender.send_due(pool)
    assert await become_of(client, campaign_id) == [(str(contact_id), "sent")]


async def test_a_campaign_needs_segments_or_an_occasion(client: httpx.AsyncClient) -> None:
    body = {
        "name": "None",
        "campaign_type": "email",
        "objective": "promotion",
        "purpose": "marketing",
        "subject": "To nobody",
        "body_text": "Hello",
    }
    assert (await client.post("/v1/campaigns", json=body)).status_code == 422
    win_back = {**body, "occasion": "customer-dormant"}
    made = await client.post("/v1/campaigns", json=win_back)
    assert (made.status_code, made.json()["occasion"]) == (201, "customer-dormant")


async def born(pool: Pool, email: str, month_day: str, version: int = 2) -> UUID:
    """Somebody whom marketing may write to, and their birthday."""
    contact_id, customer_id = await scene.person(pool, email)
    dates = [KeyDate(kind="birthday", month_day=month_day, year=1980)]
    state = scene.contact_state(contact_id, email, customer_id, key_dates=dates)
    await scene.apply(pool, scene.people, [record_of(state, version)])
    return contact_id


async def test_people_are_greeted_on_their_day_once_a_year(
    pool: Pool, client: httpx.AsyncClient, sender: Sender, mail: MailSink
) -> None:
    today = datetime.now(UTC)
    contact_id = await born(pool, "today@example.com", f"{today:%m-%d}")
    await born(pool, "other@example.com", f"{today + timedelta(days=1):%m-%d}")
    campaign_id = await scene.launch(pool, client, [], occasion="birthday", segment_ids=[])
    await scene.launch(pool, client, [], occasion="anniversary", segment_ids=[])
    assert await greet(pool)
    assert not await greet(pool)
    await sender.send_due(pool)
    assert await become_of(client, campaign_id) == [(str(contact_id), "sent")]
    assert [message["to"] for message in mail.received] == ["today@example.com"]
    assert await greet_on(pool, today.replace(year=today.year + 1))


async def test_nobody_is_greeted_without_consent_or_days_late(
    pool: Pool, client: httpx.AsyncClient, sender: Sender, mail: MailSink
) -> None:
    today = datetime.now(UTC)
    contact_id = await born(pool, "today@example.com", f"{today:%m-%d}")
    campaign_id = await scene.launch(pool, client, [], occasion="birthday", segment_ids=[])
    await pool.execute("UPDATE consents SET status = 'withdrawn'")
    await greet(pool)
    await sender.send_due(pool)
    assert await become_of(client, campaign_id) == [(str(contact_id), "consent")]
    await pool.execute("UPDATE consents SET status = 'granted'")
    two_days_ago = today - timedelta(days=2)
    late = await born(pool, "late@example.com", f"{two_days_ago:%m-%d}")
    await greet_on(pool, two_days_ago)
    await sender.send_due(pool)
    assert (str(late), "occasion-over") in await become_of(client, campaign_id)
    assert mail.received == []


async def test_the_day_of_who_is_known_already_comes_with_a_resync_and_goes_with_the_person(
    pool: Pool,
) -> None:
    contact_id = await born(pool, "a@example.com", "05-04")
    state = scene.contact_state(
        contact_id, "a@example.com", key_dates=[KeyDate(kind="birthday", month_day="05-06")]
    )
    await scene.apply(pool, scene.people, [record_of(state, 2)])
    days = "SELECT month_day FROM key_dates"
    assert await pool.fetchval(days) == "05-06"
    older = state.model_copy(update={"key_dates": ()})
    await scene.apply(pool, scene.people, [record_of(older, 1)])
    assert await pool.fetchval(days) == "05-06"
    await scene.apply(pool, scene.people, [tombstone_of(CONTACT_STATE, str(contact_id), 3)])
    assert await pool.fetchval(days) is None
