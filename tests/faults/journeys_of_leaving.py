"""Journeys of leaving: somebody goes while others work on what was theirs.

Whoever leaves is known to nobody else, and is given nothing afterwards: so nothing that is open may
be theirs in the end. Those who stay never leave.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from devstack.demo.story.cast import in_days
from shared.contracts import contacts as k

from tests.faults.client import Json
from tests.faults.travelling import COMMITMENT, CUSTOMER, DEAL, LEAD, TICKET, Traveller, version_of

HANDOVER = version_of(k.HANDOVER_EVENTS, "handover_id")
STAYING = ("anna", "otto", "mia")


@dataclass(frozen=True, slots=True)
class Desk:
    """What somebody answers for; of what could not be made there is none."""

    customer_id: str
    deal_id: str | None
    commitment_id: str | None
    lead_id: str | None
    ticket_id: str | None


async def leave(t: Traveller) -> None:
    """Somebody with a customer, a deal, a promise, a lead and a ticket leaves.

    So does the successor, at times, before everything has come to them.
    """
    leaver, heir = f"leaver-{t.word()}", t.dice.choice(STAYING)
    desk = await _settle_in(t, leaver)
    if desk is None:
        return
    successor = f"leaver-{t.word()}" if t.dice.random() < 0.2 else heir
    await asyncio.gather(_go(t, leaver, successor), _work_on(t, desk))
    if successor != heir:
        await _go(t, successor, heir)
    await _clear(t, desk)


async def _go(t: Traveller, leaver: str, successor: str) -> None:
    """An admin says so, or HR."""
    if t.dice.random() < 0.5:
        body = {"from_owner_id": leaver, "to_owner_id": successor, "reason_code": "left"}
        await t.client.command("hand-over", "contacts/v1/handovers", body, promises=HANDOVER)
    else:
        await t.client.pace.turn()
        await t.hr.say_who_left(leaver, successor)


async def _settle_in(t: Traveller, owner: str) -> Desk | None:
    body = {
        "kind": "organization",
        "display_name": f"Customer of {owner}",
        "owner_id": owner,
    }
    customer = await t.client.command(
        "create-customer", "contacts/v1/customers", body, promises=CUSTOMER
    )
    if customer is None:
        return None
    customer_id = str(customer["customer_id"])
    t.world.note(customer_id, customer_id, customer["version"])
    return Desk(
        customer_id,
        await _deal(t, customer_id, owner),
        await _promise(t, customer_id, owner),
        await _lead(t, owner),
        await _ticket(t, customer_id, owner),
    )


async def _deal(t: Traveller, customer_id: str, owner: str) -> str | None:
    body = {
        "customer_id": customer_id,
        "name": f"Deal {t.word()}",
        "amount": "70.00",
        "currency": "EUR",
        "expected_close_date": in_days(20).isoformat(),
        "owner_id": owner,
    }
    deal = await t.client.command("open-deal", "pipeline/v1/deals", body, promises=DEAL)
    return deal and deal["deal_id"]


async def _promise(t: Traveller, customer_id: str, owner: str) -> str | None:
    body = {
        "customer_id": customer_id,
        "kind": "delivery",
        "text": f"It is promised {t.word()}",
        "made_by": owner,
        "due_at": (datetime.now(UTC) + timedelta(days=30)).isoformat(),
    }
    made = await t.client.command("promise", "pipeline/v1/commitments", body, promises=COMMITMENT)
    return made and made["commitment_id"]


async def _lead(t: Traveller, owner: str) -> str | None:
    """A lead of nobody whom we know."""
    body = {"name": f"Somebody {t.word()}", "source": "fair", "channel": "phone"}
    lead = await t.client.command("create-lead", "pipeline/v1/leads", body, promises=LEAD)
    if lead is None:
        return None
    path = f"pipeline/v1/leads/{lead['lead_id']}/assign"
    await t.client.command("assign-lead", path, {"owner_id": owner}, promises=LEAD)
    return str(lead["lead_id"])


async def _ticket(t: Traveller, customer_id: str, owner: str) -> str | None:
    body = {
        "customer_id": customer_id,
        "channel": "phone",
        "ticket_type": "repair",
        "subject": "It is dark",
        "severity": 3,
        "sla_policy_id": t.world.quick_policy,
    }
    ticket = await t.client.command("open-ticket", "service-desk/v1/tickets", body, promises=TICKET)
    if ticket is None:
        return None
    path = f"service-desk/v1/tickets/{ticket['ticket_id']}/assign"
    await t.client.command("assign-ticket", path, {"agent_id": owner}, promises=TICKET)
    return str(ticket["ticket_id"])


async def _work_on(t: Traveller, desk: Desk) -> None:
    """Others do what is to be done with each thing, whosever it is at that moment."""
    message: Json = {"direction": "outbound", "channel": "email", "body": "We look into it."}
    say = t.client.command
    work = [
        say(
            "update-customer",
            f"contacts/v1/customers/{desk.customer_id}",
            {"industry": t.word()},
            promises=CUSTOMER,
            method="PATCH",
        )
    ]
    if desk.deal_id:
        path = f"pipeline/v1/deals/{desk.deal_id}/amount"
        work.append(say("change-amount", path, {"amount": "80.00"}, promises=DEAL))
    if desk.lead_id:
        path = f"pipeline/v1/leads/{desk.lead_id}/contact"
        work.append(say("contact-lead", path, promises=LEAD))
    if desk.ticket_id:
        path = f"service-desk/v1/tickets/{desk.ticket_id}/messages"
        work.append(say("add-message", path, message, promises=TICKET))
    if desk.commitment_id and t.dice.random() < 0.3:
        path = f"pipeline/v1/commitments/{desk.commitment_id}/fulfil"
        work.append(say("keep-promise", path, promises=COMMITMENT))
    await asyncio.gather(*work)


async def _clear(t: Traveller, desk: Desk) -> None:
    """The ticket is resolved, for its clock runs; of the others one is closed now and then."""
    if desk.ticket_id:
        path = f"service-desk/v1/tickets/{desk.ticket_id}"
        begun = {"to": "in-progress"}
        await t.client.command("begin-work", f"{path}/status", begun, promises=TICKET)
        body = {"resolution_code": "fixed", "root_cause": "blown-fuse"}
        await t.client.command("resolve-ticket", f"{path}/resolve", body, promises=TICKET)
    if desk.deal_id and t.dice.random() < 0.3:
        path = f"pipeline/v1/deals/{desk.deal_id}/lose"
        await t.client.command("lose-deal", path, {"reason_code": "price"}, promises=DEAL)
    if desk.lead_id and t.dice.random() < 0.3:
        path = f"pipeline/v1/leads/{desk.lead_id}/disqualify"
        no = {"reason_code": "no-budget"}
        await t.client.command("disqualify-lead", path, no, promises=LEAD)
