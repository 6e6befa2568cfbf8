"""The send path: who is reserved, the hand-over, and what the mail server says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from campaigns.campaigns.handlers import reserve_messages
from campaigns.messages.handlers import LOST_AFTER, give_up_lost, open_gate
from campaigns.sending import Sender
from shared.contact_points import subject_hash
from shared.contracts.campaigns import (
    MessageBounced,
    MessageFailed,
    MessageSent,
)
from shared.db import Pool
from shared.ids import new_id

from tests.integration.campaigns import scene
from tests.integration.campaigns.conftest import HASH_KEY, PUBLIC_URL, MailSink


async def test_a_mail_is_sent_once_with_its_ways_out(
    pool: Pool, client: httpx.AsyncClient, mail: MailSink, sender: Sender
) -> None:
    contact_id, customer_id = await scene.person(pool)
    campaign_id = await scene.launch(pool, client, [contact_id])
    await reserve_messages(pool)

    await sender.send_due(pool)
    await sender.send_due(pool)

    [sent] = mail.received
    [message] = await scene.messages_of(client, campaign_id)
    assert message["status"] == "sent"
    assert message["customer_id"] == str(customer_id)
    assert sent["To"] == "anna@example.com"
    assert sent["X-Rapport-Send-Id"] == message["send_id"]
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"<{PUBLIC_URL}/u/" in sent["List-Unsubscribe"]
    body = sent.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert text.startswith("Dear Anna Berg,")
    assert "https://shop.example/spring" not in text
    assert len(await scene.published(pool, MessageSent)) == 1


async def test_a_server_that_asks_to_come_back_gets_the_mail_later(
    pool: Pool, client: httpx.AsyncClient, mail: MailSink, sender: Sender
) -> None:
    contact_id, _ = await scene.person(pool)
    mail.answers = ["450 try later"]
    campaign_id = await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    [message] = await scene.messages_of(client, campaign_id)
    assert (message["status"], message["attempts"]) == ("reserved", 1)
    await pool.execute("UPDATE messages SET next_attempt_at = now()")
    await sender.send_due(pool)
    assert len(mail.received) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [("550 no", "rejected"), ("rcpt:550 no", "rejected"), ("hang up", "unknown")],
)
async def test_a_final_no_and_an_unknown_end_are_failures(
    answer: str,
    reason: str,
    pool: Pool,
    client: httpx.AsyncClient,
    mail: MailSink,
    sender: Sender,
) -> None:
    contact_id, _ = await scene.person(pool)
    mail.answers = [answer]
    campaign_id = await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    await sender.send_due(pool)
    [message] = await scene.messages_of(client, campaign_id)
    assert (message["status"], message["reason_code"]) == ("failed", reason)
    assert mail.received == []
    assert await scene.published(pool, MessageBounced) == []


async def test_a_mailbox_that_is_not_there_is_a_hard_bounce(
    pool: Pool, client: httpx.AsyncClient, mail: MailSink, sender: Sender
) -> None:
    contact_id, _ = await scene.person(pool)
    mail.answers = ["rcpt:550 5.1.1 no such user"]
    campaign_id = await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    [message] = await scene.messages_of(client, campaign_id)
    assert (message["status"], message["version"]) == ("failed", 2)
    [bounced] = await scene.published(pool, MessageBounced)
    assert isinstance(bounced, MessageBounced)
    assert (bounced.bounce, bounced.smtp_code) == ("hard", 550)
    assert bounced.subject_hash == subject_hash(HASH_KEY, "email", "anna@example.com")


async def test_a_server_that_is_away_costs_no_attempt(
    pool: Pool, client: httpx.AsyncClient, sender: Sender
) -> None:
    contact_id, _ = await scene.person(pool)
    campaign_id = await scene.launch(pool, client, [contact_id])
    await replace(sender, smtp_url="smtp://127.0.0.1:1").send_due(pool)
    [message] = await scene.messages_of(client, campaign_id)
    assert (message["status"], message["attempts"]) == ("reserved", 0)


async def test_what_a_dead_sender_left_is_never_sent_again(
    pool: Pool, client: httpx.AsyncClient, mail: MailSink, sender: Sender
) -> None:
    contact_id, _ = await scene.person(pool)
    campaign_id = await scene.launch(pool, client, [contact_id])
    died_at = datetime.now(UTC) - LOST_AFTER - timedelta(seconds=1)
    await pool.execute("UPDATE messages SET next_attempt_at = $1", died_at)
    assert await open_gate(pool, died_at, 10)

    await sender.send_due(pool)
    await give_up_lost(pool)
    await give_up_lost(pool)
    await sender.send_due(pool)

    [message] = await scene.messages_of(client, campaign_id)
    assert (message["status"], message["reason_code"]) == ("failed", "unknown")
    assert mail.received == []
    assert len(await scene.published(pool, MessageFailed)) == 1


async def test_a_campaign_of_many_people_reserves_in_pages_and_doubles_nothing(
    pool: Pool, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.campaigns.handlers.PAGE", 3)
    ids = [new_id() for _ in range(8)]
    campaign_id = await scene.launch(pool, client, ids)
    await pool.execute("UPDATE campaigns SET is_reserved = false, reserved_to = NULL")
    await reserve_messages(pool)
    messages = await scene.messages_of(client, campaign_id)
    assert sorted(str(message["contact_id"]) for message in messages) == sorted(map(str, ids))
