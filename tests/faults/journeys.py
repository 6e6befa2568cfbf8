"""The journeys: what people do with each service, a few commands each, as dice have it."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

from devstack.demo.story.cast import in_days
from shared.contracts import campaigns as c
from shared.contracts import contacts as k
from shared.contracts import pipeline as p
from shared.contracts import service_desk as s
from shared.contracts.topic import Topic
from shared.ids import derived_id

from tests.faults.client import Client, Json, Promises
from tests.faults.erp import Erp
from tests.faults.history import Promise
from tests.faults.world import SESSION_DAY, Order, Party, Ticket, World, pick

STAGES = ("proposal", "negotiation")
LINK = "https://rapport.example/offer"
IMPORT_ROWS = 1100  # more than one block of a thousand


@dataclass
class Traveller:
    """One of those who make journeys at the same time: client, dice, and the world they share."""

    name: str
    client: Client
    world: World
    dice: Random
    erp: Erp

    def word(self) -> str:
        return f"{self.dice.getrandbits(48):012x}"


Journey = Callable[[Traveller], Awaitable[None]]


def version_of(topic: Topic, field: str) -> Promises:
    """The answer names the aggregate and its version: that fact must be on the topic."""

    def promises(body: Json, tag: int | None) -> tuple[Promise, ...]:
        version = tag if tag is not None else body.get("version")
        return (Promise(topic.name, body[field], version),)

    return promises


CUSTOMER = version_of(k.CUSTOMER_EVENTS, "customer_id")
CONTACT = version_of(k.CONTACT_EVENTS, "contact_id")
CONSENT = version_of(k.CONSENT_EVENTS, "consent_id")
DEAL = version_of(p.DEAL_EVENTS, "deal_id")
LEAD = version_of(p.LEAD_EVENTS, "lead_id")
TICKET = version_of(s.TICKET_EVENTS, "ticket_id")
SEGMENT = version_of(c.SEGMENT_EVENTS, "segment_id")
CAMPAIGN = version_of(c.CAMPAIGN_EVENTS, "campaign_id")
IMPORT = version_of(k.IMPORT_EVENTS, "import_id")


def fact_of(topic: Topic, aggregate_id: str, fact: str) -> Promises:
    """The answer says only that it was done: a fact of this type must be there."""
    return lambda _body, _tag: (Promise(topic.name, aggregate_id, None, fact),)


async def meet(t: Traveller) -> None:
    """A customer, its person, and what that person allows."""
    ref = t.word()
    body = {
        "kind": t.dice.choice(["organization", "individual"]),
        "display_name": f"Customer {ref}",
        "external_ids": [{"system": "erp", "id": ref}],
        "region": t.dice.choice(["north", "south"]),
    }
    customer = await t.client.command(
        "create-customer", "contacts/v1/customers", body, promises=CUSTOMER
    )
    if customer is None:
        return
    t.world.note(customer["customer_id"], customer["customer_id"], customer["version"])
    contact_id = await _person(t, customer["customer_id"], ref)
    t.world.parties.append(Party(customer["customer_id"], ref, contact_id))


async def _person(t: Traveller, customer_id: str, ref: str) -> str | None:
    body = {
        "given_name": "Kim",
        "family_name": f"Person-{ref}",
        "points": [{"type": "email", "value": f"{ref}@load.example", "is_primary": True}],
        "memberships": [{"customer_id": customer_id, "is_primary": True}],
    }
    person = await t.client.command(
        "create-contact", "contacts/v1/contacts", body, promises=CONTACT
    )
    if person is None:
        return None
    t.world.note(customer_id, person["contact_id"], person["version"])
    contact_id = str(person["contact_id"])
    allowed = {"channel": "email", "purpose": "marketing", "source": "load"}
    path = f"contacts/v1/contacts/{contact_id}/consents/grant"
    if await t.client.command("grant-consent", path, allowed, promises=CONSENT):
        t.world.reachable.append(contact_id)
    return contact_id


async def edit(t: Traveller) -> None:
    party = pick(t.dice, t.world.parties)
    if party is None:
        return
    path = f"contacts/v1/customers/{party.customer_id}"
    if t.dice.random() < 0.5:
        body = {"industry": t.word(), "tags": [t.word()]}
        customer = await t.client.command(
            "update-customer", path, body, promises=CUSTOMER, method="PATCH"
        )
    else:
        body = {"owner_id": t.dice.choice(["anna", "otto", "mia"]), "reason_code": "load"}
        customer = await t.client.command("change-owner", f"{path}/owner", body, promises=CUSTOMER)
    if customer:
        t.world.note(party.customer_id, party.customer_id, customer["version"])


async def change_mind(t: Traveller) -> None:
    """A person takes a consent back, or gives one anew."""
    party = pick(t.dice, t.world.parties)
    if party is None or party.contact_id is None:
        return
    act = t.dice.choice(["grant", "withdraw"])
    body = {"channel": "email", "purpose": "newsletter", "source": "load", "evidence_ref": t.word()}
    path = f"contacts/v1/contacts/{party.contact_id}/consents/{act}"
    await t.client.command(f"{act}-consent", path, body, promises=CONSENT)


async def sell(t: Traveller) -> None:
    party = pick(t.dice, t.world.parties)
    if party is None:
        return
    body = {
        "customer_id": party.customer_id,
        "name": f"Deal {t.word()}",
        "amount": f"{t.dice.randint(1, 9999)}.00",
        "currency": t.dice.choice(["EUR", "USD"]),
        "expected_close_date": in_days(20).isoformat(),
        "primary_contact_id": party.contact_id,
    }
    deal = await t.client.command("open-deal", "pipeline/v1/deals", body, promises=DEAL)
    if deal is None:
        return
    t.world.note(party.customer_id, deal["deal_id"], deal["version"], is_always_shown=False)
    path = f"pipeline/v1/deals/{deal['deal_id']}"
    amount = {"amount": f"{t.dice.randint(1, 9999)}.00"}
    await t.client.command("change-amount", f"{path}/amount", amount, promises=DEAL)
    for stage in STAGES:
        await t.client.command("move-stage", f"{path}/stage", {"stage_id": stage}, promises=DEAL)
    t.world.open_deals[deal["deal_id"]] = party.customer_id


async def close_deal(t: Traveller) -> None:
    deal_id = pick(t.dice, list(t.world.open_deals))
    if deal_id is None:
        return
    customer_id = t.world.open_deals.pop(deal_id)
    path = f"pipeline/v1/deals/{deal_id}"
    if t.dice.random() < 0.7:
        body = {"requires_onboarding": t.dice.random() < 0.8, "waiver_reason": "load"}
        deal = await t.client.command("win-deal", f"{path}/win", body, promises=DEAL)
    else:
        deal = await t.client.command(
            "lose-deal", f"{path}/lose", {"reason_code": "price"}, promises=DEAL
        )
    pool = t.world.closed_deals if deal else t.world.open_deals
    pool[deal_id] = customer_id


async def reopen_deal(t: Traveller) -> None:
    deal_id = pick(t.dice, list(t.world.closed_deals))
    if deal_id is None:
        return
    customer_id = t.world.closed_deals.pop(deal_id)
    body = {"reason_code": "booked-in-error", "approved_by": "boss"}
    path = f"pipeline/v1/deals/{deal_id}/reopen"
    if await t.client.command("reopen-deal", path, body, promises=DEAL):
        t.world.open_deals[deal_id] = customer_id


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


async def follow_lead(t: Traveller) -> None:
    """Work an older lead to its end; where it is not there yet, it is refused."""
    if len(t.world.submissions) < 3:
        return
    lead_id = derived_id(t.world.submissions.pop(0), "lead")
    path = f"pipeline/v1/leads/{lead_id}"
    owner = {"owner_id": "anna"}
    if await t.client.command("assign-lead", f"{path}/assign", owner, promises=LEAD) is None:
        return
    if t.dice.random() < 0.3:
        no = {"reason_code": "no-budget"}
        await t.client.command("disqualify-lead", f"{path}/disqualify", no, promises=LEAD)
        return
    await t.client.command("contact-lead", f"{path}/contact", promises=LEAD)
    await t.client.command("qualify-lead", f"{path}/qualify", promises=LEAD)
    deal = {
        "name": f"From lead {t.word()}",
        "amount": "1200.00",
        "currency": "EUR",
        "expected_close_date": in_days(30).isoformat(),
    }
    lead = await t.client.command("convert-lead", f"{path}/convert", {"deal": deal}, promises=LEAD)
    if lead and lead["deal_id"]:
        t.world.open_deals[lead["deal_id"]] = lead["customer_id"]


async def complain(t: Traveller) -> None:
    """Open a ticket under a promise of one minute, and give it to somebody."""
    party = pick(t.dice, t.world.parties)
    if party is None:
        return
    is_left_alone = t.dice.random() < 0.15
    body = {
        "customer_id": party.customer_id,
        "contact_id": party.contact_id,
        "channel": "phone",
        "ticket_type": "repair",
        "subject": "It is dark",
        "severity": t.dice.choice([1, 2, 3, 4]),
        "sla_policy_id": t.world.patient_policy if is_left_alone else t.world.quick_policy,
    }
    ticket = await t.client.command("open-ticket", "service-desk/v1/tickets", body, promises=TICKET)
    if ticket is None:
        return
    ticket_id = ticket["ticket_id"]
    t.world.note(party.customer_id, ticket_id, ticket["version"], is_always_shown=False)
    path = f"service-desk/v1/tickets/{ticket_id}/assign"
    await t.client.command("assign-ticket", path, {"agent_id": "sam"}, promises=TICKET)
    t.world.tickets[ticket_id] = Ticket(ticket_id, party.customer_id, "open", is_left_alone)


async def answer(t: Traveller) -> None:
    """Write to the customer, or weigh a ticket anew."""
    ticket_id = pick(t.dice, list(t.world.tickets))
    if ticket_id is None:
        return
    path = f"service-desk/v1/tickets/{ticket_id}"
    if t.dice.random() < 0.6:
        body = {"direction": "outbound", "channel": "email", "body": "We look into it."}
        await t.client.command("add-message", f"{path}/messages", body, promises=TICKET)
    else:
        body = {"severity": t.dice.choice([1, 2, 3, 4]), "reason_code": "load"}
        await t.client.command("change-severity", f"{path}/severity", body, promises=TICKET)


async def help_out(t: Traveller) -> None:
    """Resolve a ticket."""
    ticket_id = pick(
        t.dice, [i for i, ticket in t.world.tickets.items() if not ticket.is_left_alone]
    )
    if ticket_id is not None:
        await resolve(t, t.world.tickets[ticket_id])


async def resolve(t: Traveller, ticket: Ticket) -> None:
    t.world.tickets.pop(ticket.ticket_id, None)
    path = f"service-desk/v1/tickets/{ticket.ticket_id}"
    await t.client.command("begin-work", f"{path}/status", {"to": "in-progress"}, promises=TICKET)
    body = {"resolution_code": "fixed", "root_cause": "blown-fuse"}
    if await t.client.command("resolve-ticket", f"{path}/resolve", body, promises=TICKET):
        t.world.resolved.append(ticket.ticket_id)


async def complain_again(t: Traveller) -> None:
    ticket_id = pick(t.dice, t.world.resolved)
    if ticket_id is None:
        return
    t.world.resolved.remove(ticket_id)
    path = f"service-desk/v1/tickets/{ticket_id}/reopen"
    ticket = await t.client.command(
        "reopen-ticket", path, {"reason_code": "again"}, promises=TICKET
    )
    if ticket:
        is_patient = ticket["sla_policy_id"] == t.world.patient_policy
        t.world.tickets[ticket_id] = Ticket(
            ticket_id, ticket["customer_id"], "reopened", is_patient
        )


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


async def order(t: Traveller) -> None:
    """The ERP takes an order, or revises one."""
    if t.world.orders and t.dice.random() < 0.3:
        seen = t.dice.choice(t.world.orders[-100:])
        seen.revision += 1
        seen.total = f"{t.dice.randint(1, 999)}.00"
    else:
        party = pick(t.dice, t.world.parties)
        if party is None:
            return
        at = SESSION_DAY + timedelta(minutes=t.dice.randint(0, 300))
        seen = Order(f"LOAD-{t.word()}", party.ref, 1, f"{t.dice.randint(1, 999)}.00", at)
        t.world.orders.append(seen)
    said = replace(seen)  # others may revise it while this one waits for its turn
    await t.client.pace.turn()
    await t.erp.publish(said, t.dice.choice(["confirmed", "delivered", "paid", "cancelled"]))


async def look(t: Traveller) -> None:
    """Read the view of what was just acknowledged."""
    seen = pick(t.dice, t.world.recent)
    if seen is None:
        return
    wanted = seen.aggregate_id, seen.version
    await t.client.look(t.name, seen.customer_id, wanted, is_always_shown=seen.is_always_shown)


async def bring_file(t: Traveller) -> None:
    """A file of a little more than one block."""
    word = t.word()
    rows = "".join(f"{word}-{n},Imported {word} {n}\n" for n in range(IMPORT_ROWS))
    spec = {
        "entity_type": "customer",
        "source_label": "load",
        "mode": "upsert",
        "mapping": {"ref": "external_id:file", "name": "display_name"},
        "constants": {"kind": "individual", "source": "file"},
    }
    started = await t.client.send(
        "start-import",
        "POST",
        "contacts/v1/imports",
        IMPORT,
        files={"file": ("customers.csv", f"ref,name\n{rows}".encode(), "text/csv")},
        data={"spec": json.dumps(spec)},
    )
    if started:
        t.world.imports.append(started["import_id"])


JOURNEYS: tuple[tuple[Journey, int], ...] = (
    (meet, 8),
    (edit, 8),
    (change_mind, 4),
    (sell, 5),
    (close_deal, 6),
    (reopen_deal, 3),
    (submit, 5),
    (follow_lead, 3),
    (complain, 5),
    (answer, 4),
    (help_out, 5),
    (complain_again, 2),
    (campaign, 2),
    (read_letter, 6),
    (order, 10),
    (look, 10),
)
