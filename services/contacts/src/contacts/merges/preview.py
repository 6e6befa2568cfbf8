"""What a merge would do: decided by the same rules, with everything that objects; nothing changes.

Nothing is locked: what is seen may have changed when the merge comes, which `versions` says then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.contracts.contacts import ConsentStatus
from shared.db import Connection
from shared.errors import Refusal

from contacts.consents.adoption import strictest
from contacts.customers import store as customers
from contacts.duplicates.handlers import find_surest
from contacts.history.store import find_said
from contacts.households.store import find_households_of
from contacts.identities.store import count_links
from contacts.merges import of_customers, of_people
from contacts.merges.decisions import Resolved, plan_customer
from contacts.merges.domain import MergeRecords
from contacts.merges.person_decisions import plan_person
from contacts.merges.rows import count_rows
from contacts.partners import store as partners
from contacts.people import store as people
from contacts.people.members import find_members
from contacts.relationships.store import count_active_of


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be done on one channel for one purpose, and by whose word."""

    channel: str
    purpose: str
    status: ConsentStatus
    from_id: UUID


@dataclass(frozen=True, slots=True)
class Preview:
    """What would stay and from where, what would move, and what objects."""

    versions: Mapping[UUID, int]
    fields: Sequence[Resolved]
    moved: Mapping[str, int]
    objections: Sequence[Refusal]
    consents: Sequence[Allowed] = ()


async def preview_customers(connection: Connection, command: MergeRecords) -> Preview:
    records = {each: await customers.load_customer(connection, each) for each in command.record_ids}
    said = await find_said(connection, records)
    plan = plan_customer(of_customers.states_of(records), command.choices, said)
    members = await find_members(connection, command.merged_ids)
    return Preview(
        {customer_id: customer.version for customer_id, customer in records.items()},
        plan.resolved,
        {
            "memberships": len(members),
            "partners": await partners.count_of_customers(connection, command.merged_ids),
            **await _counted(connection, command),
        },
        [
            *await of_customers.against(connection, command, records),
            *await _of_case(connection, command),
        ],
    )


async def preview_people(connection: Connection, command: MergeRecords, at: datetime) -> Preview:
    records = {each: await people.load_person(connection, each) for each in command.record_ids}
    states = of_people.states_of(records)
    plan = plan_person(states, command.choices, await find_said(connection, states))
    parts = of_people.moved_parts(states[command.survivor_id], plan)
    objections = await of_people.against(connection, command, records)
    return Preview(
        {contact_id: person.version for contact_id, person in records.items()},
        plan.resolved,
        {
            **parts,
            "households": len(await find_households_of(connection, command.merged_ids)),
            "reps": await partners.count_reps(connection, command.merged_ids),
            **await _counted(connection, command),
        },
        [*objections, *await _of_case(connection, command)],
        await _allowed(connection, command, at),
    )


async def _counted(connection: Connection, command: MergeRecords) -> dict[str, int]:
    return {
        **await count_rows(connection, command.party, command.merged_ids),
        "identities": await count_links(connection, command.party, command.merged_ids),
        "relationships": await count_active_of(connection, command.merged_ids),
    }


async def _of_case(connection: Connection, command: MergeRecords) -> list[Refusal]:
    try:
        await find_surest(connection, command.record_ids, command.case_id)
    except Refusal as refusal:
        return [refusal]
    return []


async def _allowed(connection: Connection, command: MergeRecords, at: datetime) -> list[Allowed]:
    by_subject = await of_people.consents_by_subject(connection, command.record_ids)
    chosen = [strictest(command.survivor_id, each, at) for each in by_subject]
    return [
        Allowed(each.subject.channel, each.subject.purpose, each.status, each.subject.contact_id)
        for each in chosen
    ]
