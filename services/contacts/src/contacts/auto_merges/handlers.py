"""The job that decides what is sure: looks at the open cases, and merges one after the other.

What it depends on is looked at again right before; who has changed since is left to the next run.
A merge is undone as every other, and an undone pair is not merged again: its case stays decided.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TypeAlias
from uuid import UUID

import structlog
from shared.cause import Cause
from shared.db import Connection, Pool
from shared.errors import ConflictError
from shared.ids import derived_id, new_id
from shared.telemetry import new_trace

from contacts.auto_merges import store
from contacts.auto_merges.domain import Candidate, Objection, objection
from contacts.customers import store as customers
from contacts.duplicates import store as duplicates
from contacts.duplicates.domain import DuplicateCase
from contacts.identities import store as identities
from contacts.matching.scoring import current_policy
from contacts.matching.subjects import EntityType, customer_traits, person_traits
from contacts.merges.domain import BY_POLICY, MergeRecords
from contacts.merges.handlers import merge_records
from contacts.people import store as people
from contacts.people.members import list_members

AT_ONCE = 200

Found: TypeAlias = dict[UUID, Candidate]
Look: TypeAlias = Callable[[Connection, Collection[UUID]], Awaitable[Found]]

logger = structlog.stdlib.get_logger()


async def merge_sure(pool: Pool, window: timedelta) -> bool:
    """The job: every open case that the policy is sure of, the surest first."""
    was_busy = False
    for entity_type, look in _LOOKS.items():
        was_busy |= await _merge_sure_of(pool, window, entity_type, look)
    return was_busy


async def _merge_sure_of(
    pool: Pool, window: timedelta, entity_type: EntityType, look: Look
) -> bool:
    after: tuple[float, UUID] | None = None
    was_busy = False
    while page := await _next_cases(pool, entity_type, after):
        for case in await _promising(pool, page, look):
            was_busy |= await _decide(pool, window, case, look)
        after = (page[-1].score, page[-1].case_id)
    return was_busy


async def _next_cases(
    pool: Pool, entity_type: EntityType, after: tuple[float, UUID] | None
) -> list[DuplicateCase]:
    async with pool.acquire() as connection:
        found = await duplicates.list_cases(connection, "open", entity_type, None, after, AT_ONCE)
    return [case for case in found if case.score >= current_policy().auto]


async def _promising(pool: Pool, page: Sequence[DuplicateCase], look: Look) -> list[DuplicateCase]:
    """Those of a page that nothing speaks against but perhaps a deal: most wait for a person."""
    named = {record_id for case in page for record_id in case.candidate_ids}
    async with pool.acquire() as connection:
        found = await look(connection, named)
    return [case for case in page if _objection(case, found) is None]


def _objection(case: DuplicateCase, found: Mapping[UUID, Candidate]) -> Objection | None:
    """Whoever has nothing that could agree was not even looked at."""
    one, other = (found.get(each) for each in case.candidate_ids)
    if one is None or other is None:
        return "too-few-identifiers"
    return objection(case, one, other, current_policy())


async def _decide(pool: Pool, window: timedelta, case: DuplicateCase, look: Look) -> bool:
    """Merge the two, if nothing is against it; whether they were."""
    async with pool.acquire() as connection:
        case = await duplicates.load_case(connection, case.case_id)
        found = await _with_deals(connection, await look(connection, case.candidate_ids))
    if _objection(case, found) is not None:
        return False
    versions = {record_id: each.version for record_id, each in found.items()}
    try:
        await merge_records(pool, _cause(), _command(case, window, versions))
    except ConflictError as refusal:
        logger.info("auto_merge_refused", case_id=str(case.case_id), reason=refusal.code())
        return False
    logger.info("auto_merged", case_id=str(case.case_id))
    return True


async def look_at_customers(connection: Connection, customer_ids: Collection[UUID]) -> Found:
    """As matching sees them, each with what its people alone have; deals are looked at later."""
    known = await customers.list_by_ids(connection, customer_ids)
    members = await list_members(connection, [each.state.customer_id for each in known])
    unique = await identities.find_unique(connection, set(chain(*members.values())))
    return {
        each.state.customer_id: Candidate(
            customer_traits(each.state),
            frozenset(
                name
                for contact_id in members.get(each.state.customer_id, ())
                for name in unique.get(contact_id, ())
            ),
            is_active=each.state.record_status == "active",
            version=each.version,
            customer_ids=(each.state.customer_id,),
        )
        for each in known
    }


async def look_at_people(connection: Connection, contact_ids: Collection[UUID]) -> Found:
    """As matching sees them, each with what was claimed for them though another of these has it.

    An identifier is of one person, so two can agree in claims alone: of whom there is none, and who
    are most, are not looked at.
    """
    claims = await identities.find_claims(connection, contact_ids)
    involved = {*claims.claimed, *claims.owner_ids}
    known = await people.list_by_ids(connection, involved) if involved else []
    unique = await identities.find_unique(connection, involved) if involved else {}
    return {
        each.state.contact_id: Candidate(
            traits := person_traits(each.state, unique.get(each.state.contact_id, ())),
            frozenset(claims.claimed.get(each.state.contact_id, ())),
            is_active=each.state.record_status == "active" and not each.is_restricted,
            version=each.version,
            customer_ids=traits.customer_ids,
        )
        for each in known
    }


_LOOKS: Mapping[EntityType, Look] = {"customer": look_at_customers, "contact": look_at_people}


async def _with_deals(connection: Connection, found: Found) -> Found:
    """With what may be bought by the customers of each."""
    named = {customer_id for each in found.values() for customer_id in each.customer_ids}
    deals = await store.list_open_deals(connection, named)
    return {
        record_id: replace(
            each,
            open_deals=tuple(chain(*(deals.get(owner, ()) for owner in each.customer_ids))),
        )
        for record_id, each in found.items()
    }


def _command(case: DuplicateCase, window: timedelta, versions: Mapping[UUID, int]) -> MergeRecords:
    survivor_id = case.suggested_survivor_id
    return MergeRecords(
        merge_id=derived_id("auto-merge", case.case_id),
        party=case.entity_type,
        survivor_id=survivor_id,
        merged_ids=tuple(each for each in case.candidate_ids if each != survivor_id),
        reason_code="duplicate",
        decided_by=BY_POLICY,
        window=window,
        versions=versions,
        case_id=case.case_id,
    )


def _cause() -> Cause:
    return Cause(BY_POLICY, datetime.now(UTC), str(new_id()), new_trace())
