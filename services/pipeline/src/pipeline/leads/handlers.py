"""Use cases of leads.

What has no row to lock yet, an intake, a person, a contact, is taken in turns: a response or an
identity that comes at the same time as its lead finds it, or waits where the lead looks for it.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from uuid import UUID

from shared.aliases import current_id, current_ids, ids_of
from shared.cause import Cause
from shared.contracts.campaigns import ResponseRecorded
from shared.contracts.contacts import IdentityLinked
from shared.db import Connection, Pool, transaction, with_retries
from shared.handovers import heir_of, require_employed
from shared.http.requests import require_version

from pipeline.customers.store import lock_customer, lock_customers
from pipeline.deals.commands import OpenDeal
from pipeline.deals.handlers import open_deal_within
from pipeline.grades.store import find_grades
from pipeline.leads import store
from pipeline.leads.commands import (
    AssignLead,
    ContactLead,
    ConvertLead,
    CreateLead,
    DisqualifyLead,
    IdentifyLead,
    LeadCommand,
    PrioritizeLead,
    QualifyLead,
    ScoreLead,
)
from pipeline.leads.decisions import decide, decided, told_twice
from pipeline.leads.domain import Lead, SubmissionInvalidError, begun
from pipeline.scoring import SCORE_MODEL
from pipeline.signals import store as signals
from pipeline.signals.store import Identity


async def create_lead(pool: Pool, cause: Cause, command: CreateLead, reward: str | None) -> Lead:
    async def attempt() -> Lead:
        async with transaction(pool) as connection:
            return await take_in(connection, cause, command, reward)

    return await with_retries(attempt)


async def assign_lead(
    pool: Pool, cause: Cause, lead_id: UUID, command: AssignLead, if_match: int | None = None
) -> Lead:
    async def attempt() -> Lead:
        async with transaction(pool) as connection:
            await require_employed(connection, command.owner_id)
            lead = await store.lock_lead(connection, lead_id)
            require_version(lead.version, if_match)
            return await store.record(connection, cause, lead, decide(lead, command))

    return await with_retries(attempt)


async def contact_lead(
    pool: Pool, cause: Cause, lead_id: UUID, command: ContactLead, if_match: int | None = None
) -> Lead:
    return await _change(pool, cause, lead_id, command, if_match)


async def qualify_lead(
    pool: Pool, cause: Cause, lead_id: UUID, command: QualifyLead, if_match: int | None = None
) -> Lead:
    return await _change(pool, cause, lead_id, command, if_match)


async def disqualify_lead(
    pool: Pool, cause: Cause, lead_id: UUID, command: DisqualifyLead, if_match: int | None = None
) -> Lead:
    return await _change(pool, cause, lead_id, command, if_match)


async def convert_lead(
    pool: Pool, cause: Cause, lead_id: UUID, command: ConvertLead, if_match: int | None = None
) -> Lead:
    """Convert a lead and open its deal in one transaction; a repeat answers with the same ids."""

    async def attempt() -> Lead:
        async with transaction(pool) as connection:
            lead = await store.lock_lead(connection, lead_id)
            require_version(lead.version, if_match)
            events = decide(lead, command)
            lead = await store.record(connection, cause, lead, events)
            if events and command.deal:
                deal = _deal_of(lead, command, cause)
                owner_id = await heir_of(connection, deal.owner_id)
                await open_deal_within(connection, cause, replace(deal, owner_id=owner_id))
            return lead

    return await with_retries(attempt)


async def take_in(
    connection: Connection, cause: Cause, command: CreateLead, reward: str | None
) -> Lead:
    """A new lead, or more of the one that the same person has open for the same product lines."""
    await store.take_turns(connection, command.intake_id, command.person_hash)
    lead_id = await store.find_intake(connection, command.intake_id)
    if lead_id is not None:
        return await _taken_in_before(connection, lead_id, command)
    identity = await _identity_of(connection, command.intake_id)
    await store.take_turns(connection, identity and identity.contact_id)
    known = await _identified(connection, identity) if identity else []
    lead, commands = await _lead_of(connection, command, reward)
    commands += known
    await store.insert_intake(connection, command.intake_id, lead.lead_id, command.received_at)
    contact_id = identity.contact_id if identity else None
    commands += await _responses(connection, lead, (command.intake_id, contact_id), reward)
    return await store.record(connection, cause, lead, decided(lead, commands))


async def score_response(
    connection: Connection, cause: Cause, response: ResponseRecorded, reward: str | None
) -> None:
    """Count a response once; where there is no lead yet, it waits."""
    contact_id = response.contact_id and await current_id(connection, response.contact_id)
    await store.take_turns(connection, response.submission_id, contact_id)
    lead = await _lead_of_response(connection, response)
    if not await signals.claim_response(connection, response, lead.lead_id if lead else None):
        return
    if lead is not None:
        command = ScoreLead(response.score_delta, response.kind, reward)
        await store.record(connection, cause, lead, decide(lead, command))


async def identify_submission(
    connection: Connection, cause: Cause, linked: IdentityLinked, reward: str | None
) -> None:
    """Tell the lead of a submission who the person is; where there is no lead yet, it waits."""
    submission_id = _submission_of(linked)
    identity = await _led_on(connection, Identity(linked.contact_id, linked.customer_id))
    await store.take_turns(connection, submission_id, identity.contact_id)
    lead_id = await store.find_intake(connection, submission_id)
    if lead_id is None:
        await signals.keep_identity(connection, submission_id, linked)
        return
    known = await _identified(connection, identity)
    lead = await store.lock_lead(connection, lead_id)
    scores = await _responses(connection, lead, (submission_id, identity.contact_id), reward)
    await store.record(connection, cause, lead, decided(lead, [*known, *scores]))


async def end_duplicates(
    connection: Connection, cause: Cause, contact_ids: Collection[UUID], reward: str | None
) -> None:
    """Of what a person who is one now asked for twice, one lead goes on with the points of both."""
    found = await store.lock_open_leads_of_contacts(connection, contact_ids)
    for contact_id in contact_ids:
        leads = {lead.lead_id: lead for lead in found if lead.contact_id == contact_id}
        for lead, goes_on in told_twice(leads.values()):
            end = DisqualifyLead(cause.actor, "duplicate", goes_on.lead_id)
            await store.record(connection, cause, lead, decide(lead, end))
            kept = leads[goes_on.lead_id]
            more = decide(kept, ScoreLead(lead.engagement, "came-again", reward))
            leads[kept.lead_id] = await store.record(connection, cause, kept, more)


async def follow_grades(connection: Connection, causes: Mapping[UUID, Cause]) -> None:
    """What these customers are owed an answer to, they are owed as soon as their grades say.

    Each customer with why its grade is looked at.
    """
    await lock_customers(connection, causes)
    grades = await find_grades(connection, causes)
    for lead in await store.lock_unanswered_leads_of_customers(connection, causes):
        assert lead.customer_id is not None
        command = PrioritizeLead(lead.customer_id, grades.get(lead.customer_id))
        await store.record(connection, causes[lead.customer_id], lead, decide(lead, command))


async def _change(
    pool: Pool, cause: Cause, lead_id: UUID, command: LeadCommand, if_match: int | None
) -> Lead:
    async def attempt() -> Lead:
        async with transaction(pool) as connection:
            lead = await store.lock_lead(connection, lead_id)
            require_version(lead.version, if_match)
            return await store.record(connection, cause, lead, decide(lead, command))

    return await with_retries(attempt)


async def _taken_in_before(connection: Connection, lead_id: UUID, command: CreateLead) -> Lead:
    lead = await store.load_lead(connection, lead_id)
    if lead.lead_id == command.lead_id:
        decide(lead, command)  # quiet, or refused where the id stands for another request
    return lead


async def _lead_of(
    connection: Connection, command: CreateLead, reward: str | None
) -> tuple[Lead, list[LeadCommand]]:
    lead = None
    if command.person_hash is not None:
        lead = await store.lock_open_lead_of_person(connection, command)
    if lead is not None:
        return lead, [ScoreLead(SCORE_MODEL.intake, "came-again", reward)]
    return begun(command), [command, ScoreLead(SCORE_MODEL.intake, "came", reward)]


async def _lead_of_response(connection: Connection, response: ResponseRecorded) -> Lead | None:
    if response.submission_id is not None:
        lead_id = await store.find_intake(connection, response.submission_id)
        if lead_id is not None:
            return await store.lock_lead(connection, lead_id)
    if response.contact_id is None:
        return None
    ids = await ids_of(connection, response.contact_id)
    return await store.lock_open_lead_of_contact(connection, ids)


async def _responses(
    connection: Connection,
    lead: Lead,
    subject: tuple[UUID, UUID | None],
    reward: str | None,
) -> list[LeadCommand]:
    submission_id, contact_id = subject
    ids = await ids_of(connection, contact_id) if contact_id else []
    waited = await signals.take_responses(connection, lead.lead_id, submission_id, ids)
    return [ScoreLead(response.points, response.kind, reward) for response in waited]


async def _identity_of(connection: Connection, intake_id: UUID) -> Identity | None:
    identity = await signals.take_identity(connection, intake_id)
    return await _led_on(connection, identity) if identity else None


async def _identified(connection: Connection, identity: Identity) -> list[LeadCommand]:
    """Who a lead is of, and by when their customer is owed an answer; before the lead is locked."""
    identify = IdentifyLead(identity.contact_id, identity.customer_id)
    if identity.customer_id is None:
        return [identify]
    await lock_customer(connection, identity.customer_id)
    grades = await find_grades(connection, [identity.customer_id])
    return [
        identify,
        PrioritizeLead(identity.customer_id, grades.get(identity.customer_id)),
    ]


async def _led_on(connection: Connection, identity: Identity) -> Identity:
    """The person and their customer as they are known now, where they were merged."""
    named = [id_ for id_ in (identity.contact_id, identity.customer_id) if id_]
    current = await current_ids(connection, named)
    customer_id = identity.customer_id and current[identity.customer_id]
    return Identity(current[identity.contact_id], customer_id)


def _submission_of(linked: IdentityLinked) -> UUID:
    try:
        return UUID(linked.identifier)
    except ValueError as error:
        raise SubmissionInvalidError(link_id=linked.link_id) from error


def _deal_of(lead: Lead, command: ConvertLead, cause: Cause) -> OpenDeal:
    assert command.deal is not None
    assert lead.deal_id is not None
    assert lead.customer_id is not None
    terms = command.deal
    return OpenDeal(
        deal_id=lead.deal_id,
        customer_id=lead.customer_id,
        name=terms.name,
        amount=terms.amount,
        currency=terms.currency,
        expected_close_date=terms.expected_close_date,
        owner_id=lead.owner_id or command.by,
        at=cause.at,
        primary_contact_id=lead.contact_id,
        kind=terms.kind,
        source=lead.source,
        lead_id=lead.lead_id,
        campaign_id=lead.campaign_id,
        product_lines=terms.product_lines or lead.product_interests,
    )
