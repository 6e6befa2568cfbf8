"""The send path: gate, hand-over, what the server says, and the ways out."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from campaigns.campaigns.handlers import reserve_messages
from campaigns.messages.handlers import LOST_AFTER, give_up_lost, open_gate, release_held
from campaigns.sending import Sender
from shared.contact_points import subject_hash
from shared.contracts.campaigns import (
    MessageBounced,
    MessageClicked,
    MessageFailed,
    MessageHeld,
    MessageSent,
    MessageSuppressed,
    MessageUnsubscribed,
    ResponseRecorded,
)
from shared.contracts.contacts import SuppressionAdded
from shared.contracts.pipeline import DealRepointed
from shared.contracts.service_desk import TicketRepointed
from shared.db import Pool
from shared.ids import new_id

from tests.integration.campaigns import scene
from tests.integration.campaigns.conftest import HASH_KEY, PUBLIC_URL, MailSink
from tests.records import record_of


def link_in(text: str, door: str) -> str:
    found = re.search(rf"{PUBLIC_URL}(/{door}/[\w.\-]+)", text)
    assert found is not None
    return found[1]


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


async def test_a_click_leads_to_the_page_and_is_told_once(
    pool: Pool,
    client: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    mail: MailSink,
    sender: Sender,
) -> None:
    contact_id, _ = await scene.person(pool)
    campaign_id = await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    path = link_in(mail.received[0].as_string().replace("=\n", ""), "c")

    for _ in range(2):
        answer = await stranger.get(path)
        assert answer.status_code == 302
        assert answer.headers["location"] == "https://shop.example/spring"

    assert len(await scene.published(pool, MessageClicked)) == 1
    [response] = await scene.published(pool, ResponseRecorded)
    assert isinstance(response, ResponseRecorded)
    assert (response.kind, response.score_delta) == ("click", 5)
    assert (await scene.messages_of(client, campaign_id))[0]["clicked_at"] is not None


async def test_after_an_opt_out_the_next_send_is_refused_with_its_reason(
    pool: Pool,
    client: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    mail: MailSink,
    sender: Sender,
) -> None:
    contact_id, _ = await scene.person(pool)
    await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    path = mail.received[0]["List-Unsubscribe"].strip("<>").removeprefix(PUBLIC_URL)

    page = await stranger.get(path)
    assert page.status_code == 200
    assert await scene.published(pool, MessageUnsubscribed) == []
    for _ in range(2):
        done = await stranger.post(path, data={"List-Unsubscribe": "One-Click"})
        assert done.status_code == 200
    [told] = await scene.published(pool, MessageUnsubscribed)
    assert isinstance(told, MessageUnsubscribed)
    assert told.scope == "all"
    assert told.subject_hash == subject_hash(HASH_KEY, "email", "anna@example.com")

    campaign_id = await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    [message] = await scene.messages_of(client, campaign_id)
    assert (message["status"], message["reason_code"]) == ("suppressed", "unsubscribed")
    assert len(mail.received) == 1


async def test_a_consent_given_after_the_opt_out_opens_the_gate_again(
    pool: Pool,
    client: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    mail: MailSink,
    sender: Sender,
) -> None:
    contact_id, _ = await scene.person(pool)
    await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    path = mail.received[0]["List-Unsubscribe"].strip("<>").removeprefix(PUBLIC_URL)
    await stranger.post(path)

    again = scene.consent_granted(contact_id, captured_at=datetime.now(UTC))
    await scene.apply(pool, scene.consents, [record_of(again, version=2)])
    await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    assert len(mail.received) == 2

    await stranger.post(path)
    assert len(await scene.published(pool, MessageUnsubscribed)) == 2
    campaign_id = await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    assert (await scene.messages_of(client, campaign_id))[0]["reason_code"] == "unsubscribed"


async def test_an_open_critical_ticket_holds_promotion_until_it_is_resolved(
    pool: Pool, client: httpx.AsyncClient, mail: MailSink, sender: Sender
) -> None:
    contact_id, customer_id = await scene.person(pool)
    ticket = scene.ticket_opened(customer_id, severity=2)
    await scene.apply(pool, scene.tickets, [record_of(ticket)])
    campaign_id = await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    await release_held(pool)
    await sender.send_due(pool)
    [held] = await scene.published(pool, MessageHeld)
    assert isinstance(held, MessageHeld)
    assert held.cause_id == ticket.ticket_id
    assert mail.received == []
    refused = await client.post(f"/v1/campaigns/{campaign_id}/complete")
    assert refused.status_code == 409
    assert refused.json()["waiting"] == {"held": 1}

    await scene.apply(pool, scene.tickets, [record_of(scene.ticket_resolved(ticket), version=2)])
    await release_held(pool)
    await sender.send_due(pool)

    assert len(mail.received) == 1
    done = await client.post(f"/v1/campaigns/{campaign_id}/complete")
    assert done.json()["status"] == "completed"


async def test_a_ticket_holds_promotion_to_the_people_of_whose_it_is_now(
    pool: Pool, client: httpx.AsyncClient, mail: MailSink, sender: Sender
) -> None:
    """Its customer was merged into theirs; once they are parted, it is no obstacle any more."""
    contact_id, customer_id = await scene.person(pool)
    other_id = new_id()
    ticket = scene.ticket_opened(other_id)
    there, back = (
        TicketRepointed(
            ticket_id=ticket.ticket_id,
            customer_id=to_id,
            party="customer",
            from_id=from_id,
            to_id=to_id,
        )
        for from_id, to_id in ((other_id, customer_id), (customer_id, other_id))
    )
    merged = [record_of(ticket), record_of(there, version=2)]
    await scene.apply(pool, scene.tickets, merged)
    await scene.apply(pool, scene.tickets, merged)
    await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    assert len(await scene.published(pool, MessageHeld)) == 1
    assert mail.received == []
    await scene.apply(pool, scene.tickets, [record_of(back, version=3), *merged])
    await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    assert len(mail.received) == 1


async def test_a_deal_won_is_no_reason_for_nurture_of_whose_it_is_now(
    pool: Pool, client: httpx.AsyncClient, mail: MailSink, sender: Sender
) -> None:
    contact_id, customer_id = await scene.person(pool)
    won = scene.deal_won(new_id())
    repointed = DealRepointed(
        deal_id=won.deal_id,
        customer_id=customer_id,
        party="customer",
        from_id=won.customer_id,
        to_id=customer_id,
    )
    await scene.apply(pool, scene.deals, [record_of(won), record_of(repointed, version=2)])
    campaign_id = await scene.launch(pool, client, [contact_id], objective="nurture")
    await sender.send_due(pool)
    assert (await scene.messages_of(client, campaign_id))[0]["reason_code"] == "deal-won"
    assert mail.received == []


async def test_a_held_message_waits_the_delay_of_the_policy(
    pool: Pool, client: httpx.AsyncClient, sender: Sender
) -> None:
    contact_id, customer_id = await scene.person(pool)
    ticket = scene.ticket_opened(customer_id)
    await scene.apply(pool, scene.tickets, [record_of(ticket)])
    await scene.policy(pool, release_delay="3 days")
    campaign_id = await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    await scene.apply(pool, scene.tickets, [record_of(scene.ticket_resolved(ticket), version=2)])

    await release_held(pool)

    assert (await scene.messages_of(client, campaign_id))[0]["status"] == "held"


async def test_service_mail_passes_ticket_and_cap(
    pool: Pool, client: httpx.AsyncClient, mail: MailSink, sender: Sender
) -> None:
    contact_id, customer_id = await scene.person(pool)
    await scene.policy(pool, promotional_cap=0)
    await scene.apply(pool, scene.tickets, [record_of(scene.ticket_opened(customer_id))])
    await scene.apply(
        pool, scene.consents, [record_of(scene.consent_granted(contact_id, "service"))]
    )
    await scene.launch(pool, client, [contact_id], purpose="service", objective="service")
    await sender.send_due(pool)
    assert len(mail.received) == 1


async def test_the_cap_counts_what_was_sent_and_what_is_on_its_way(
    pool: Pool, client: httpx.AsyncClient, mail: MailSink, sender: Sender
) -> None:
    contact_id, _ = await scene.person(pool)
    await scene.policy(pool, promotional_cap=2)
    for _ in range(4):
        await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    assert len(mail.received) == 2
    reasons = [
        event.model_dump()["reason_code"]
        for event in await scene.published(pool, MessageSuppressed)
    ]
    assert reasons == ["frequency-cap", "frequency-cap"]


@pytest.mark.parametrize("reason", ["consent", "no-point", "suppression-list", "deal-won"])
async def test_the_gate_refuses_for_its_reason(
    reason: str, pool: Pool, client: httpx.AsyncClient, mail: MailSink, sender: Sender
) -> None:
    contact_id, customer_id = await scene.person(pool)
    changes: dict[str, object] = {}
    if reason == "consent":
        changes["purpose"] = "newsletter"
    elif reason == "no-point":
        gone = scene.contact_state(contact_id, None, customer_id)
        await scene.apply(pool, scene.people, [record_of(gone, version=2)])
    elif reason == "suppression-list":
        suppressed = SuppressionAdded(
            suppression_id=new_id(),
            subject_hash=subject_hash(HASH_KEY, "email", "anna@example.com"),
            channel="email",
            reason_code="complaint",
        )
        await scene.apply(pool, scene.consents, [record_of(suppressed)])
    else:
        changes["objective"] = "nurture"
        await scene.apply(pool, scene.deals, [record_of(scene.deal_won(customer_id))])
    campaign_id = await scene.launch(pool, client, [contact_id], **changes)
    await sender.send_due(pool)
    [message] = await scene.messages_of(client, campaign_id)
    assert (message["status"], message["reason_code"]) == ("suppressed", reason)
    assert mail.received == []


@pytest.mark.parametrize("status", ["merged", "archived"])
async def test_a_record_that_is_not_in_use_is_not_written_to(
    status: str, pool: Pool, client: httpx.AsyncClient, mail: MailSink, sender: Sender
) -> None:
    contact_id, customer_id = await scene.person(pool)
    survivor_id, _ = await scene.person(pool)
    known = scene.contact_state(contact_id, "anna@example.com", customer_id)
    into = survivor_id if status == "merged" else None
    gone = known.model_copy(update={"record_status": status, "merged_into": into})
    await scene.apply(pool, scene.people, [record_of(gone, version=2)])
    campaign_id = await scene.launch(pool, client, [contact_id, survivor_id])
    await sender.send_due(pool)
    messages = await scene.messages_of(client, campaign_id)
    told = {each["contact_id"]: (each["status"], each["reason_code"]) for each in messages}
    assert told == {str(contact_id): ("suppressed", "no-point"), str(survivor_id): ("sent", None)}
    assert len(mail.received) == 1


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


async def test_an_opt_out_returns_only_when_no_mail_can_start_any_more(
    pool: Pool,
    client: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    mail: MailSink,
    sender: Sender,
) -> None:
    contact_id, _ = await scene.person(pool)
    await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    path = mail.received[0]["List-Unsubscribe"].strip("<>").removeprefix(PUBLIC_URL)
    await scene.launch(pool, client, [contact_id])
    is_in_data, may_go_on = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        is_in_data.set()
        await may_go_on.wait()

    mail.before_data = wait
    sending = asyncio.ensure_future(sender.send_due(pool))
    await asyncio.wait_for(is_in_data.wait(), 5)
    leaving = asyncio.ensure_future(stranger.post(path))
    while not await scene.published(pool, MessageUnsubscribed):
        await asyncio.sleep(0.01)
    assert not leaving.done()
    may_go_on.set()
    assert (await asyncio.wait_for(leaving, 5)).status_code == 200
    await sending
    assert len(mail.received) == 2


@pytest.mark.parametrize("path", ["/c/x", "/u/x", "/c/" + "x" * 400, "/f/x"])
async def test_a_link_that_we_did_not_write_opens_nothing(
    path: str, stranger: httpx.AsyncClient
) -> None:
    answer = await stranger.request("POST" if path == "/f/x" else "GET", path)
    assert answer.status_code in {404, 422}


async def test_a_click_link_is_no_way_out(
    pool: Pool,
    client: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    mail: MailSink,
    sender: Sender,
) -> None:
    contact_id, _ = await scene.person(pool)
    await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    path = link_in(mail.received[0].as_string().replace("=\n", ""), "c")
    assert (await stranger.post(path.replace("/c/", "/u/"))).status_code == 404


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
