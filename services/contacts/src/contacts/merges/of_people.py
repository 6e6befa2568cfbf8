"""Merging and unmerging people: the records, what was allowed, and what names them here."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from shared.aliases import end_aliases, note_aliases
from shared.cause import Cause
from shared.contracts.contacts import ContactMerged, ContactState, ContactUnmerged
from shared.db import Connection
from shared.errors import Refusal

from contacts.consents import store as consents
from contacts.consents.adoption import NO, united
from contacts.consents.commands import AdoptConsent, Command, Consent, WithdrawConsent, of_person
from contacts.current import lock_named
from contacts.duplicates import handlers as duplicates
from contacts.duplicates.domain import CloseAsMerged
from contacts.history.store import find_said
from contacts.households.decisions import Seat
from contacts.households.handlers import merge_seats, return_seats
from contacts.identities import store as identities
from contacts.matching.subjects import person_traits
from contacts.merges import store
from contacts.merges.domain import (
    BY_POLICY,
    Merge,
    MergeIsNotLastError,
    MergeRecords,
    decided,
    following,
    objections,
    require_reversible,
    told,
    told_of,
)
from contacts.merges.person_decisions import (
    PERSON_FIELDS,
    PersonPlan,
    kept_of_person,
    merged_given_back,
    plan_person,
    survivor_given_back,
)
from contacts.merges.rows import (
    move_rows,
    move_talks,
    moved_rows_of,
    relationships_of,
    return_rows,
    return_talks,
)
from contacts.partners.decisions import MergedReps
from contacts.partners.handlers import merge_reps, return_reps
from contacts.people import store as people
from contacts.people.domain import ContactNotFoundError, Person, PersonChange, carry_out
from contacts.people.profile import ReplaceFields
from contacts.permits.store import lock_against_sending
from contacts.records import MergeRecord, RecordIsRestrictedError, UnmergeRecord
from contacts.relationships.handlers import move_all, return_all

_CONSENTS = TypeAdapter(dict[UUID, Consent | None])
_SEATS = TypeAdapter(list[Seat])
_REPS = TypeAdapter(list[MergedReps])


async def merge_people(connection: Connection, cause: Cause, command: MergeRecords) -> Merge:
    """Make them one, in the running transaction, with all that names them in contacts.

    From here to the commit nobody gets a permit to write to any of them.
    """
    locked = await _lock(connection, command.record_ids)
    await lock_against_sending(connection, command.record_ids)
    for objection in await against(connection, command, locked):
        raise objection
    cause = following(cause, await store.find_last_into(connection, command.record_ids))
    surest = await duplicates.find_surest(connection, command.record_ids, command.case_id)
    survivor = locked[command.survivor_id].state
    said = await find_said(connection, locked)
    plan = plan_person(states_of(locked), command.choices, said)
    came = await _move_all(connection, cause, command, _newest_first(locked, command))
    moved = {**moved_parts(survivor, plan), **_counts(came)}
    others = [locked[each].state for each in command.merged_ids]
    kept = {**kept_of_person(survivor, plan, others), **came}
    merge = decided(command, cause.at, tuple(each.choice for each in plan.resolved), moved, kept)
    fact = ContactMerged(**told_of(merge, surest))
    await _save_merged(connection, cause, locked, plan, fact)
    await store.insert_merge(connection, merge)
    return merge


async def against(
    connection: Connection, command: MergeRecords, records: Mapping[UUID, Person]
) -> list[Refusal]:
    """Why these people are not merged."""
    unique = await identities.find_unique(connection, list(records))
    traits = [person_traits(each.state, unique.get(key, ())) for key, each in records.items()]
    restricted = [
        RecordIsRestrictedError(record_id=key)
        for key, each in records.items()
        if each.is_restricted
    ]
    return [*objections(command, records, traits, PERSON_FIELDS), *restricted]


def states_of(records: Mapping[UUID, Person]) -> dict[UUID, ContactState]:
    return {contact_id: person.state for contact_id, person in records.items()}


def moved_parts(survivor: ContactState, plan: PersonPlan) -> dict[str, int]:
    """How many ways to reach them, and parts in customers, come to the survivor."""
    parts = ("points", "postal_points", "memberships")
    return {name: len(plan.profile[name]) - len(getattr(survivor, name)) for name in parts}


def _newest_first(records: Mapping[UUID, Person], command: MergeRecords) -> list[UUID]:
    """Of what the survivor has not, the newest record's stays."""
    ids = command.merged_ids
    return sorted(ids, key=lambda each: records[each].state.created_at, reverse=True)


async def _move_all(
    connection: Connection, cause: Cause, command: MergeRecords, newest: Sequence[UUID]
) -> dict[str, Any]:
    """Let everything name the survivor; answers what it takes to move it back."""
    from_ids, to_id = command.merged_ids, command.survivor_id
    return {
        "links": await identities.move_links(connection, "contact", from_ids, to_id),
        "rows": await move_rows(connection, "contact", from_ids, to_id),
        "interactions": await move_talks(connection, from_ids, to_id),
        "consents": await _unite_consents(connection, cause, command),
        "relationships": await move_all(connection, cause, command.merge_id, from_ids, to_id),
        "seats": await merge_seats(connection, cause, newest, to_id),
        "reps": await merge_reps(connection, cause, newest, to_id),
    }


def _counts(came: Mapping[str, Any]) -> dict[str, int]:
    return {
        "identities": len(came["links"]),
        "interactions": len(came["interactions"]),
        "preferences": len(came["rows"]["preferences"]),
        "consents": len(came["consents"]["before"]),
        "relationships": len(came["relationships"]),
        "households": len(came["seats"]),
        "reps": sum(len(each.before.keys() - {each.made.contact_id}) for each in came["reps"]),
    }


async def unmerge_people(
    connection: Connection, cause: Cause, merge: Merge, reason_code: str
) -> None:
    """Make them several again, each with what they brought; what came since stays."""
    locked = await _lock(connection, merge.record_ids)
    await lock_against_sending(connection, merge.record_ids)
    require_reversible(merge, states_of(locked), cause.at)
    later = await store.find_later_into(connection, merge)
    if later is not None:
        raise MergeIsNotLastError(merge_id=merge.merge_id, later_merge_id=later)
    assert merge.kept is not None
    fact = ContactUnmerged(
        contact_id=merge.survivor_id,
        merge_id=merge.merge_id,
        restored_ids=merge.merged_ids,
        reason_code=reason_code,
        decided_by=cause.actor,
    )
    changes = _restored(merge, locked)
    changes[0] = told(changes[0], fact)
    await people.save_changes(connection, cause, changes)
    await end_aliases(connection, fact)
    links = [(UUID(link), UUID(owner)) for link, owner in merge.kept["links"]]
    await identities.return_links(connection, "contact", links, merge.survivor_id)
    await return_rows(connection, "contact", moved_rows_of(merge.kept), merge.survivor_id)
    await return_talks(connection, merge.kept["interactions"])
    await _return_consents(connection, cause, merge)
    await return_all(connection, cause, merge.merge_id, relationships_of(merge.kept))
    seats = _SEATS.validate_python(merge.kept.get("seats", []))
    await return_seats(connection, cause, merge.merge_id, merge.survivor_id, seats)
    reps = _REPS.validate_python(merge.kept.get("reps", []))
    await return_reps(connection, cause, reps, merge.survivor_id)


async def _lock(connection: Connection, record_ids: tuple[UUID, ...]) -> dict[UUID, Person]:
    return await lock_named(
        connection,
        people.lock_people,
        record_ids,
        lambda contact_id: ContactNotFoundError(contact_id=contact_id),
    )


async def _save_merged(
    connection: Connection,
    cause: Cause,
    locked: Mapping[UUID, Person],
    plan: PersonPlan,
    fact: ContactMerged,
) -> None:
    survivor = told(carry_out(locked[fact.contact_id], ReplaceFields(plan.profile)), fact)
    leave = MergeRecord(fact.merge_id, fact.contact_id)
    gone = [carry_out(locked[each], leave) for each in fact.merged_ids]
    await people.save_changes(connection, cause, [survivor, *gone])
    await note_aliases(connection, cause, fact)
    is_automatic = fact.decided_by == BY_POLICY
    close = CloseAsMerged(fact.contact_id, fact.decided_by, cause.at, is_automatic)
    await duplicates.close_as_merged(connection, cause, fact.merged_ids, close)
    after = person_traits(survivor.after.state)
    await duplicates.detect(connection, cause, people.load_traits, [after], "write")


def _restored(merge: Merge, locked: Mapping[UUID, Person]) -> list[PersonChange]:
    """The one who stayed first."""
    assert merge.kept is not None
    survivor = locked[merge.survivor_id]
    merged = [locked[each] for each in merge.merged_ids]
    own = survivor_given_back(merge.kept, survivor.state, [each.state for each in merged])
    changes = [carry_out(survivor, ReplaceFields(own))]
    for person in merged:
        theirs = ReplaceFields(merged_given_back(merge.kept, survivor.state, person.state))
        changes.append(carry_out(person, UnmergeRecord(merge.merge_id), theirs))
    return changes


async def consents_by_subject(
    connection: Connection, record_ids: Iterable[UUID]
) -> Collection[list[Consent]]:
    """What these people said, put together by channel and purpose."""
    by_subject: dict[tuple[str, str], list[Consent]] = {}
    for contact_id in record_ids:
        for consent in await consents.list_consents(connection, contact_id):
            subject = consent.subject
            by_subject.setdefault((subject.channel, subject.purpose), []).append(consent)
    return by_subject.values()


async def _unite_consents(
    connection: Connection, cause: Cause, command: MergeRecords
) -> dict[str, dict[UUID, Any]]:
    """Let the most restrictive win; answers what the survivor's were, and their versions now."""
    by_subject = await consents_by_subject(connection, command.record_ids)
    found = [united(command.survivor_id, each, cause.at, command.merge_id) for each in by_subject]
    commands = [each for each in found if each is not None]
    made = await consents.record_all(connection, cause, commands)
    own = {
        consent.subject.consent_id: consent
        for consent in chain(*by_subject)
        if consent.subject.contact_id == command.survivor_id
    }
    known = [*own.values(), *(consent for consent in made if consent)]
    return {
        "before": {each.subject.consent_id: own.get(each.subject.consent_id) for each in commands},
        "versions": {consent.subject.consent_id: consent.version for consent in known},
    }


async def _return_consents(connection: Connection, cause: Cause, merge: Merge) -> None:
    """The survivor's are what they were; a no that was said since is a no of each of them."""
    assert merge.kept is not None
    before = _CONSENTS.validate_python(merge.kept["consents"]["before"])
    versions = {UUID(key): each for key, each in merge.kept["consents"]["versions"].items()}
    commands: list[Command] = []
    for now in await consents.list_consents(connection, merge.survivor_id):
        consent_id = now.subject.consent_id
        if now.version == versions.get(consent_id):
            if consent_id in before:
                commands.append(AdoptConsent(now.subject, before[consent_id], cause.at))
        elif now.status in NO:
            proof = now.evidence.proof_ref
            no = WithdrawConsent(now.subject, now.source, now.since, proof)
            commands.extend(of_person(no, each) for each in merge.merged_ids)
    await consents.record_all(connection, cause, commands)
