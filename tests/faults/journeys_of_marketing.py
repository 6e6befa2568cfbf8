"""Journeys of marketing: forms that strangers fill, campaigns, and what people do with the mail."""

from shared.contracts import campaigns as c
from shared.ids import derived_id

from tests.faults.client import Json
from tests.faults.history import Promise
from tests.faults.travelling import CAMPAIGN, SEGMENT, Traveller, fact_of
from tests.faults.world import pick

LINK = "https://rapport.example/offer"


async def submit(t: Traveller) -> None:
    """A stranger fills a form; now and then the same person as before."""
    url = pick(t.dice, t.world.forms)
    if url is None:
        return
    word = t.word()
    answer = {
        "given_name": "Sam",
        "family_name": f"Visitor-{word}",
        "company": f"Company {word}",
        "email": f"{word}@form.example",
        "consents": [{"channel": "email", "purpose": "marketing"}],
    }

    def promises(body: Json, _tag: int | None) -> tuple[Promise, ...]:
        return (
            Promise(c.FORM_EVENTS.name, body["submission_id"], 1),
            Promise(c.FORM_STATE.name, body["submission_id"], 1),
        )

    body = await t.client.stranger("submit-form", "POST", url, promises, json=answer)
    if body:
        t.world.submissions.append(body["submission_id"])


async def campaign(t: Traveller) -> None:
    """Write to those who allow it and were not written to yet."""
    people, t.world.reachable = t.world.reachable[:25], t.world.reachable[25:]
    if not people:
        return
    body: Json = {"name": f"Segment {t.word()}", "kind": "static"}
    segment = await t.client.command(
        "create-segment", "campaigns/v1/segments", body, promises=SEGMENT
    )
    if segment is None:
        return
    path = f"campaigns/v1/segments/{segment['segment_id']}/members"
    await t.client.command("add-members", path, {"contact_ids": people}, promises=SEGMENT)
    body = {
        "name": f"Campaign {t.word()}",
        "campaign_type": "email",
        "objective": "promotion",
        "purpose": "marketing",
        "segment_ids": [segment["segment_id"]],
        "subject": "An offer",
        "body_text": f"Dear customer,\n\nlook here: {LINK}\n",
        "link_url": LINK,
    }
    planned = await t.client.command(
        "plan-campaign", "campaigns/v1/campaigns", body, promises=CAMPAIGN
    )
    if planned:
        path = f"campaigns/v1/campaigns/{planned['campaign_id']}/launch"
        await t.client.command("launch-campaign", path, promises=CAMPAIGN)


async def read_letter(t: Traveller) -> None:
    """Click, or have enough."""
    t.world.read_mail()
    letter = pick(t.dice, t.world.letters)
    if letter is None:
        return
    message_id = str(derived_id("message", letter.send_id))
    if t.dice.random() < 0.6 and letter.click_url:
        promises = fact_of(c.MESSAGE_EVENTS, message_id, c.MessageClicked.type)
        await t.client.stranger("click", "GET", letter.click_url, promises)
    elif letter.recipient not in t.world.opted_out:
        t.world.opted_out.add(letter.recipient)
        promises = fact_of(c.MESSAGE_EVENTS, message_id, c.MessageUnsubscribed.type)
        options = {"content": "List-Unsubscribe=One-Click"}
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        await t.client.stranger(
            "unsubscribe", "POST", letter.unsubscribe_url, promises, headers=form, **options
        )
