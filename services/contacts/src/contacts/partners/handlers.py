"""What is done with partners: each use case one transaction, parties locked before partners."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from uuid import UUID

import structlog
from shared.cause import Cause
from shared.contracts.contacts import PartnerOnboarded
from shared.db import Connection, Pool, transaction, with_retries
from shared.http.requests import require_version
from shared.ids import new_id
from shared.telemetry import continue_trace

from contacts.customers import store as customers
from contacts.partners import store
from contacts.partners.domain import (
    CertifyRep,
    Command,
    ExpireRep,
    OnboardPartner,
    Partner,
    PartnerEvent,
    PartnerNotFoundError,
    RegisterRep,
    RemoveRep,
    SetPartnerStatus,
    decide,
    evolve,
)
from contacts.people import store as people
from contacts.people.domain import require_changeable
from contacts.records import require_active

_AT_ONCE = 1000

logger = structlog.stdlib.get_logger()


async def onboard_partner(pool: Pool, cause: Cause, told: PartnerOnboarded) -> Partner:
    async def attempt() -> Partner:
        async with transaction(pool) as connection:
            known = await store.lock_partner(connection, told.partner_id)
            if known is not None:
                return carry_out(known, OnboardPartner(told))[0]
            customer = await customers.lock_customer(connection, told.customer_id)
            require_active(customer.state)
            there = await store.find_partner_of(connection, told.customer_id, told.program)
            partner, _ = carry_out(None, OnboardPartner(told, there))
            await store.insert_partner(connection, cause, partner)
            return partner

    return await with_retries(attempt)


async def change_partner(
    pool: Pool,
    cause: Cause,
    partner_id: UUID,
    command: SetPartnerStatus | RegisterRep | CertifyRep | RemoveRep,
    if_match: int | None = None,
) -> Partner:
    """Change the partner, or one of its reps; who is registered is a person in use."""

    async def attempt() -> Partner:
        async with transaction(pool) as connection:
            if isinstance(command, RegisterRep):
                person = await people.lock_person(connection, command.contact_id)
                require_changeable(person)
                require_active(person.state)
            about = [] if isinstance(command, SetPartnerStatus) else [command.contact_id]
            known = await store.lock_partner(connection, partner_id, about)
            if known is None:
                raise PartnerNotFoundError(partner_id=partner_id)
            require_version(known.version, if_match)
            change = carry_out(known, command)
            await store.save_partners(connection, cause, [change])
            return change[0]

    return await with_retries(attempt)


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
