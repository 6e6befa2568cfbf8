"""The job that decides what is sure: looks at the open cases, and merges one after the other.

What it depends on is looked at again right before; who has changed since is left to the next run.
A merge is undone as every other, and an undone pair is not merged again: its case stays decided.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from uuid import UUID

import structlog
from shared.aliases import all_ids_of
from shared.cause import Cause
from shared.db import Connection, Pool
from shared.errors import ConflictError
from shared.ids import derived_id, new_id
from shared.telemetry import new_trace

from contacts.auto_merges import store
from contacts.auto_merges.domain import Candidate, Objection, OpenDeal, objection
from contacts.customers import store as customers
from contacts.customers.domain import Customer
from contacts.duplicates import store as duplicates
from contacts.duplicates.domain import DuplicateCase
from contacts.identities import store as identities
from contacts.matching.scoring import current_policy
from contacts.matching.subjects import customer_traits
from contacts.merges.domain import BY_POLICY, MergeRecords
from contacts.merges.handlers import merge_records
from contacts.people import store as people

AT_ONCE = 50

logger = structlog.stdlib.get_logger()


async def merge_sure(pool: Pool, window: timedelta) -> bool:
    """The job: every open case of customers that the policy is sure of, the surest first."""
    after: tuple[float, UUID] | None = None
    was_busy = False
    while page := await _next_cases(pool, after):
        for case in await _promising(pool, page):
            was_busy |= await _decide(pool, window, case)
        after = (page[-1].score, page[-1].case_id)
    return was_busy


async def _next_cases(pool: Pool, after: tuple[float, UUID] | None) -> list[DuplicateCase]:
    async with pool.acquire() as connection:
        found = await duplicates.list_cases(connection, "open", "customer", None, after, AT_ONCE)
    return [case for case in found if case.score >= current_policy().auto]


async def _promising(pool: Pool, page: Sequence[DuplicateCase]) -> list[DuplicateCase]:
    """Those of a page that nothing speaks against but perhaps a deal: most wait for a person."""
    named = {customer_id for case in page for customer_id in case.candidate_ids}
    async with pool.acquire() as connection:
        found = await _candidates(connection, await customers.list_by_ids(connection, named))
    return [case for case in page if _objection(case, found) is None]


def _objection(case: DuplicateCase, found: Mapping[UUID, Candidate]) -> Objection | None:
    one, other = case.candidate_ids
    return objection(case, found[one], found[other], current_policy())


async def _decide(pool: Pool, window: timedelta, case: DuplicateCase) -> bool:
    """Merge the two, if nothing is against it; whether they were."""
    async with pool.acquire() as connection:
        case = await duplicates.load_case(connection, case.case_id)
        known = await customers.list_by_ids(connection, case.candidate_ids)
        found = {
            customer_id: replace(each, open_deals=await _open_deals(connection, customer_id))
            for customer_id, each in (await _candidates(connection, known)).items()
        }
    if _objection(case, found) is not None:
        return False
    versions = {each.state.customer_id: each.version for each in known}
    try:
        await merge_records(pool, _cause(), _command(case, window, versions))
    except ConflictError as refusal:
        logger.info("auto_merge_refused", case_id=str(case.case_id), reason=refusal.code())
        return False
    logger.info("auto_merged", case_id=str(case.case_id))
    return True


async def _candidates(connection: Connection, known: Sequence[Customer]) -> dict[UUID, Candidate]:
    """As matching sees them, each with what its people alone have; deals are looked at later."""
    members = await people.list_members(connection, [each.state.customer_id for each in known])
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
        )
        for each in known
    }


async def _open_deals(connection: Connection, customer_id: UUID) -> tuple[OpenDeal, ...]:
    """With what came late under the ids that it was merged from."""
    ids = await all_ids_of(connection, customer_id)
    return tuple(await store.list_open_deals(connection, ids))


def _command(case: DuplicateCase, window: timedelta, versions: Mapping[UUID, int]) -> MergeRecords:
    survivor_id = case.suggested_survivor_id
    return MergeRecords(
        merge_id=derived_id("auto-merge", case.case_id),
        party="customer",
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
