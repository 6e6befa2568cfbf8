"""Journeys of service: tickets under a promise of one minute, worked on or left alone."""

from tests.faults.travelling import TICKET, Traveller
from tests.faults.world import Party, Ticket, pick


async def complain(t: Traveller, party: Party | None = None) -> None:
    """Open a ticket under a promise of one minute, and give it to somebody."""
    party = party or pick(t.dice, t.world.parties)
    if party is None:
        return
    is_left_alone = t.world.is_young and t.dice.random() < 0.3
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
