"""Loads the briefs of many customers, and the leads of nobody: a constant number of statements."""

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from shared.db import Connection

from customer_360.briefs.brief import Briefed, CustomerBrief, LeadInBrief, brief_of, lead_of
from customer_360.handovers.fold import Handover
from customer_360.handovers.store import OWNERSHIPS, list_customers, list_leads_of_nobody
from customer_360.interactions.fold import Interaction
from customer_360.interactions.store import list_newest as list_interactions
from customer_360.interactions.store import list_newest_felt
from customer_360.people.fold import Contact
from customer_360.people.store import CONTACTS, list_people_of
from customer_360.profiles.loading import load_bases, load_leads
from customer_360.timeline.store import StoredItem, list_newest

LAST_EVENTS = 10
LAST_INTERACTIONS = 10
LAST_FELT = 50


async def load_briefs(
    connection: Connection, handover: Handover, after: UUID, limit: int
) -> list[CustomerBrief]:
    """Of the customers that the handover concerns, by id."""
    customer_ids = await list_customers(connection, handover, after, limit)
    bases = await load_bases(connection, customer_ids)
    ownerships = await OWNERSHIPS.load(connection, customer_ids)
    leads = await load_leads(connection, customer_ids)
    people = await _people(connection, customer_ids)
    touches = _by_customer(await list_interactions(connection, customer_ids, LAST_INTERACTIONS))
    felt = _by_customer(await list_newest_felt(connection, customer_ids, LAST_FELT))
    events: defaultdict[UUID, list[StoredItem]] = defaultdict(list)
    for item in await list_newest(connection, customer_ids, LAST_EVENTS):
        events[item.party_id].append(item)
    return [
        brief_of(
            handover,
            Briefed(
                basis=bases[one],
                ownership=ownerships.get(one),
                people=people[one],
                leads=leads[one],
                interactions=touches[one],
                felt=felt[one],
                events=events[one],
            ),
        )
        for one in customer_ids
    ]


async def load_leads_of_nobody(
    connection: Connection, handover: Handover, after: UUID, limit: int
) -> list[LeadInBrief]:
    """Of the leads that name no customer yet, by id."""
    leads = await list_leads_of_nobody(connection, handover, after, limit)
    contact_ids = {lead.contact_id for lead in leads if lead.contact_id}
    people = await CONTACTS.load(connection, contact_ids)
    return [
        lead_of(handover, lead, people.get(lead.contact_id) if lead.contact_id else None)
        for lead in leads
    ]


async def _people(
    connection: Connection, customer_ids: Collection[UUID]
) -> defaultdict[UUID, list[Contact]]:
    people: defaultdict[UUID, list[Contact]] = defaultdict(list)
    for contact in await list_people_of(connection, customer_ids):
        for customer_id in contact.customer_ids:
            people[customer_id].append(contact)
    return people


def _by_customer(
    interactions: Collection[Interaction],
) -> defaultdict[UUID | None, list[Interaction]]:
    grouped: defaultdict[UUID | None, list[Interaction]] = defaultdict(list)
    for each in interactions:
        grouped[each.customer_id].append(each)
    return grouped
