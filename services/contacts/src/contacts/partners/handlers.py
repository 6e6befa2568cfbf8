"""What is done with partners: each use case one transaction, parties locked before partners."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import UUID

import structlog
from shared.aliases import current_ids
from shared.cause import Cause
from shared.contracts.contacts import PartnerOnboarded
from shared.db import Connection, Pool, transaction, with_retries
from shared.http.requests import require_version
from shared.ids import new_id
from shared.telemetry import continue_trace

from contacts.current import lock_current
from contacts.customers.handlers import lock_customer
from contacts.partners import store
from contacts.partners.decisions import MergedReps, adopted, repointed, reps_merged, reps_returned
from contacts.partners.domain import (
    CertifyRep,
    Command,
    ExpireRep,
    OnboardPartner,
    Partner,
    PartnerEvent,
    PartnerNotFoundError,
    PartnersInOneProgramError,
    RegisterRep,
    RemoveRep,
    SetPartnerStatus,
    decide,
    evolve,
)
from contacts.people import store as people
from contacts.people.domain import ContactNotFoundError, Person, require_changeable
from contacts.records import require_active

_AT_ONCE = 1000
RepCommand: TypeAlias = RegisterRep | CertifyRep | RemoveRep

logger = structlog.stdlib.get_logger()


async def onboard_partner(pool: Pool, cause: Cause, told: PartnerOnboarded) -> Partner:
    async def attempt() -> Partner:
        async with transaction(pool) as connection:
            known = await store.lock_partner(connection, told.partner_id)
            if known is not None:
                said = await _as_known(connection, known.told, told)
                return carry_out(known, OnboardPartner(said))[0]
            customer = await lock_customer(connection, told.customer_id)
            require_active(customer.state)
            said = told.model_copy(update={"customer_id": customer.state.customer_id})
            there = await store.find_partner_of(connection, said.customer_id, said.program)
            partner, _ = carry_out(None, OnboardPartner(said, there))
            await store.insert_partner(connection, cause, partner)
            return partner

    return await with_retries(attempt)


async def change_partner(
    pool: Pool,
    cause: Cause,
    partner_id: UUID,
    told: SetPartnerStatus | RepCommand,
    if_match: int | None = None,
) -> Partner:
    """Change the partner, or one of its reps, who is meant by their old ids, too.

    Answers with the partner, and with that rep.
    """

    async def attempt() -> Partner:
        async with transaction(pool) as connection:
            command = await _meant(connection, told)
            about = [] if isinstance(command, SetPartnerStatus) else [command.contact_id]
            if isinstance(told, RemoveRep):
                about.append(told.contact_id)
            known = await store.lock_partner(connection, partner_id, about)
            if known is None:
                raise PartnerNotFoundError(partner_id=partner_id)
            require_version(known.version, if_match)
            if isinstance(told, RemoveRep) and told.contact_id in known.reps:
                command = told  # merged before registrations followed merges
            change = carry_out(known, command)
            await store.save_partners(connection, cause, [change])
            return change[0]

    return await with_retries(attempt)


async def _as_known(
    connection: Connection, known: PartnerOnboarded, told: PartnerOnboarded
) -> PartnerOnboarded:
    """A repeat means the customer that it meant at first, though that is merged by now."""
    now = await current_ids(connection, {told.customer_id, known.customer_id})
    is_same = now[told.customer_id] == now[known.customer_id]
    return told.model_copy(update={"customer_id": known.customer_id}) if is_same else told


async def _meant(
    connection: Connection, told: SetPartnerStatus | RepCommand
) -> SetPartnerStatus | RepCommand:
    """The same of whom the command means now, locked; who is registered is a person in use."""
    if isinstance(told, SetPartnerStatus):
        return told
    locked = await lock_current(connection, people.lock_people, [told.contact_id])
    person = locked.get(told.contact_id)
    if isinstance(told, RegisterRep):
        _require_in_use(told.contact_id, person)
    return replace(told, contact_id=person.state.contact_id) if person else told


def _require_in_use(contact_id: UUID, person: Person | None) -> None:
    if person is None:
        raise ContactNotFoundError(contact_id=contact_id)
    require_changeable(person)
    require_active(person.state)


async def partners_objection(
    connection: Connection, customer_ids: Collection[UUID]
) -> list[PartnersInOneProgramError]:
    """Why these customers are not made one: which agreement ends is for a person to say."""
    return [
        PartnersInOneProgramError(program=program, partner_ids=partner_ids)
        for program, partner_ids in await store.find_in_one_program(connection, customer_ids)
    ]


async def move_partners(
    connection: Connection, cause: Cause, moves: Mapping[UUID, UUID]
) -> list[tuple[UUID, UUID]]:
    """What these customers are, the one that stays is; answers which partner was whom."""
    locked = await store.lock_of_parties(connection, list(moves), ())
    changes = [repointed(partner, moves[partner.told.customer_id]) for partner in locked]
    await store.save_partners(connection, cause, changes)
    return [(partner.told.partner_id, partner.told.customer_id) for partner in locked]


async def return_partners(
    connection: Connection, cause: Cause, moved: Mapping[UUID, UUID], survivor_id: UUID
) -> None:
    """The undoing of a merge: each partner is whom it was, unless it has gone on since."""
    locked = await store.lock_partners(connection, list(moved)) if moved else []
    here = [each for each in locked if each.told.customer_id == survivor_id]
    changes = [repointed(partner, moved[partner.told.partner_id]) for partner in here]
    await store.save_partners(connection, cause, changes)


async def merge_reps(
    connection: Connection, cause: Cause, merged_ids: Sequence[UUID], survivor_id: UUID
) -> list[MergedReps]:
    """Whoever stays is a rep of whom the others were; answers what each was.

    The caller holds the people's locks.
    """
    locked = await store.lock_of_parties(connection, (), merged_ids, [survivor_id])
    merged: list[MergedReps] = []
    changes: list[tuple[Partner, Sequence[PartnerEvent]]] = []
    for partner in locked:
        made = reps_merged(partner.reps, merged_ids, survivor_id, cause.at)
        if made is None:
            continue
        gone = {each: None for each in merged_ids if each in partner.reps}
        changes.append(adopted(partner, {**gone, survivor_id: made}, "merged"))
        merged.append(MergedReps(partner.told.partner_id, partner.reps, made))
    await store.save_partners(connection, cause, changes)
    return merged


async def return_reps(
    connection: Connection, cause: Cause, merged: Sequence[MergedReps], survivor_id: UUID
) -> None:
    """The undoing of a merge: each is the rep that they were, unless that has ended since."""
    if not merged:
        return
    kept = {each.partner_id: each for each in merged}
    locked = await store.lock_partners(connection, list(kept), [survivor_id])
    changes = [
        adopted(
            partner,
            reps_returned(
                kept[partner.told.partner_id],
                partner.reps.get(survivor_id),
                survivor_id,
                cause.at,
            ),
            "unmerged",
        )
        for partner in locked
    ]
    await store.save_partners(connection, cause, changes)


async def end_all_of(
    connection: Connection,
    cause: Cause,
    customer_ids: Collection[UUID],
    contact_ids: Collection[UUID],
) -> int:
    """Who was erased is no partner and nobody's rep; answers how many partners that concerned."""
    locked = await store.lock_of_parties(connection, customer_ids, contact_ids)
    changes = [
        carry_out(
            partner,
            *(RemoveRep(contact_id, "erased") for contact_id in sorted(partner.reps)),
            *_ending(partner, customer_ids, cause.at),
        )
        for partner in locked
    ]
    await store.save_partners(connection, cause, changes)
    return len(changes)


def _ending(
    partner: Partner, customer_ids: Collection[UUID], at: datetime
) -> Sequence[SetPartnerStatus]:
    is_gone = partner.told.customer_id in customer_ids
    return [SetPartnerStatus("terminated", "erased", at)] if is_gone else []


async def expire_reps(pool: Pool) -> bool:
    """The job: tell of reps whose last certificate is over, a batch a transaction.

    A partner is taken by one process, and what it has told of is `expired` when its lock is gone.
    """
    was_busy = False
    while await _expire_some(pool, datetime.now(UTC)):
        was_busy = True
    return was_busy


async def _expire_some(pool: Pool, now: datetime) -> int:
    async with transaction(pool) as connection:
        due = await store.lock_with_due(connection, now, _AT_ONCE)
        changes = [
            carry_out(partner, *(ExpireRep(contact_id, now) for contact_id in sorted(partner.reps)))
            for partner in due
        ]
        cause = Cause("service:contacts", now, str(new_id()), continue_trace(None))
        await store.save_partners(connection, cause, changes)
    count = sum(len(facts) for _, facts in changes)
    if count:
        logger.info("reps_expired", count=count)
    return count


def carry_out(
    partner: Partner | None, *commands: Command
) -> tuple[Partner, Sequence[PartnerEvent]]:
    """What these commands, one after the other, make of a partner, and the facts of it."""
    facts: list[PartnerEvent] = []
    for command in commands:
        for fact in decide(partner, command):
            partner = evolve(partner, fact)
            facts.append(fact)
    assert partner is not None
    return partner, facts
