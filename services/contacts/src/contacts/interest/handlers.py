"""What leads and responses do to the customers they name; each takes the customer's lock first."""

from collections.abc import Sequence

from shared.aliases import current_ids
from shared.cause import Cause
from shared.contracts.campaigns import ResponseRecorded
from shared.contracts.pipeline import LeadState
from shared.db import Connection

from contacts.current import lock_current
from contacts.customers import store as customers
from contacts.customers.domain import Customer, carry_out
from contacts.customers.lifecycle import FollowFact
from contacts.interest import store
from contacts.interest.domain import Interest, is_open, news_of, was_given_up
from contacts.people.handlers import customers_meant


async def note_lead(connection: Connection, cause: Cause, lead: LeadState, version: int) -> None:
    """Keep where the lead stands; the last one that is given up disqualifies its prospect."""
    named = [lead.customer_id] if lead.customer_id else []
    locked = await lock_current(connection, customers.lock_customers, named)
    before = await store.find_status(connection, lead.lead_id)
    if not await store.save_lead(connection, lead, version):
        return
    for customer in locked.values():
        command = await _followed_by(connection, cause, customer, before, lead)
        if command is not None:
            await customers.save_changes(connection, cause, [carry_out(customer, command)])


async def _followed_by(
    connection: Connection, cause: Cause, customer: Customer, before: str | None, lead: LeadState
) -> FollowFact | None:
    if is_open(lead):
        return news_of(Interest("lead", lead.lead_id, lead.received_at, cause), customer.state)
    is_last = was_given_up(before, lead) and await store.are_given_up(
        connection, customer.state.customer_id
    )
    if not is_last:
        return None
    return FollowFact("leads-disqualified", "disqualified", cause.at, "lead", lead.lead_id)


async def note_responses(
    connection: Connection, responses: Sequence[tuple[ResponseRecorded, Cause]]
) -> None:
    """Who was disqualified and responds is a prospect again; nearly nobody is, in a batch."""
    parties = [(response.customer_id, response.contact_id) for response, _ in responses]
    meant = await customers_meant(connection, parties)
    shown = [
        (customer_id, Interest("response", response.response_id, response.occurred_at, cause))
        for customer_id, (response, cause) in zip(meant, responses, strict=True)
        if customer_id
    ]
    current = await current_ids(connection, {customer_id for customer_id, _ in shown})
    out = await store.find_disqualified(connection, set(current.values()))
    locked = await lock_current(connection, customers.lock_customers, out) if out else {}
    for customer_id, interest in shown:
        customer = locked.get(current[customer_id])
        command = news_of(interest, customer.state) if customer else None
        if customer is None or command is None:
            continue
        change = carry_out(customer, command)
        locked[current[customer_id]] = change.after
        await customers.save_changes(connection, interest.cause, [change])
