"""Journeys of sales: deals, leads, and what the ERP says was ordered."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from devstack.demo.story.cast import in_days
from shared.ids import derived_id

from tests.faults.travelling import COMMITMENT, DEAL, LEAD, Traveller
from tests.faults.world import SESSION_DAY, Order, Party, pick

STAGES = ("proposal", "negotiation")
LONG_AGO = timedelta(days=40)
"""An invoice of then is past the terms of the payment policy, by its first level and more."""


async def sell(t: Traveller, party: Party | None = None) -> None:
    party = party or pick(t.dice, t.world.parties)
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


async def promise(t: Traveller) -> None:
    """Promise something for in a moment, which is kept, late or never, or for another day."""
    party = pick(t.dice, t.world.parties)
    if party is None:
        return
    patience = timedelta(seconds=t.dice.choice([1, 2, 3]), days=t.dice.choice([0, 0, 30]))
    body = {
        "customer_id": party.customer_id,
        "contact_id": party.contact_id,
        "kind": t.dice.choice(["price", "delivery", "service"]),
        "text": f"It is promised {t.word()}",
        "due_at": (datetime.now(UTC) + patience).isoformat(),
    }
    made = await t.client.command("promise", "pipeline/v1/commitments", body, promises=COMMITMENT)
    if made:
        t.world.commitments.append(made["commitment_id"])


async def keep_promise(t: Traveller) -> None:
    """Keep one of the newer promises, in time or too late."""
    commitment_id = pick(t.dice, t.world.commitments)
    if commitment_id is not None:
        t.world.commitments.remove(commitment_id)
        path = f"pipeline/v1/commitments/{commitment_id}/fulfil"
        await t.client.command("keep-promise", path, promises=COMMITMENT)


async def order(t: Traveller) -> None:
    """The ERP takes an order, or revises one; of the older ones an invoice is overdue."""
    if t.world.orders and t.dice.random() < 0.3:
        seen = t.dice.choice(t.world.orders[-100:])
        seen.revision += 1
        seen.total = f"{t.dice.randint(1, 999)}.00"
    else:
        party = pick(t.dice, t.world.parties)
        if party is None:
            return
        at = SESSION_DAY + timedelta(minutes=t.dice.randint(0, 300))
        if t.dice.random() < 0.3:
            at -= LONG_AGO
        seen = Order(f"LOAD-{t.word()}", party.ref, 1, f"{t.dice.randint(1, 999)}.00", at)
        t.world.orders.append(seen)
    said = replace(seen)  # others may revise it while this one waits for its turn
    await t.client.pace.turn()
    statuses = ["confirmed", "delivered", "invoiced", "paid", "cancelled"]
    await t.erp.publish(said, t.dice.choice(statuses))
