"""The gate before each mail: what holds it back for a while, what refuses it, what lets it pass."""

import httpx
import pytest
from campaigns.messages.handlers import release_held
from campaigns.sending import Sender
from shared.contact_points import subject_hash
from shared.contracts.campaigns import (
    MessageHeld,
    MessageSuppressed,
)
from shared.contracts.contacts import SuppressionAdded
from shared.contracts.pipeline import DealRepointed
from shared.contracts.service_desk import TicketRepointed
from shared.db import Pool
from shared.ids import new_id

from tests.integration.campaigns import scene
from tests.integration.campaigns.conftest import HASH_KEY, MailSink
from tests.records import record_of


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
