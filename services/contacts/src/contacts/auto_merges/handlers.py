"""The job that decides what is sure: looks at the open cases, and merges one after the other.

What it depends on is looked at again right before; who has changed since is left to the next run.
A merge is undone as every other, and an undone pair is not merged again: its case stays decided.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from shared.aliases import all_ids_of
from shared.cause import Cause
from shared.db import Connection, Pool
from shared.errors import ConflictError
from shared.ids import derived_id, new_id
from shared.telemetry import new_trace

from contacts.auto_merges import store
from contacts.auto_merges.domain import Candidate, objection
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
        for case in page:
            was_busy |= await _decide(pool, window, case)
        after = (page[-1].score, page[-1].case_id)
    return was_busy


async def _next_cases(pool: Pool, after: tuple[float, UUID] | None) -> list[DuplicateCase]:
    async with pool.acquire() as connection:
        found = await duplicates.list_cases(connection, "open", "customer", None, after, AT_ONCE)
    return [case for case in found if case.score >= current_policy().auto]


async def _decide(pool: Pool, window: timedelta, case: DuplicateCase) -> bool:
    """Merge the two, if nothing is against it; whether they were."""
    async with pool.acquire() as connection:
        case = await duplicates.load_case(connection, case.case_id)
        known = await customers.list_by_ids(connection, case.candidate_ids)
        one, other = [await _candidate(connection, each) for each in known]
    if objection(case, one, other, current_policy()) is not None:
        return False
    versions = {each.state.customer_id: each.version for each in known}
    try:
        await merge_records(pool, _cause(), _command(case, window, versions))
    except ConflictError as refusal:
        logger.info("auto_merge_refused", case_id=str(case.case_id), reason=refusal.code())
        return False
    logger.info("auto_merged", case_id=str(case.case_id))
    return True


async def _candidate(connection: Connection, customer: Customer) -> Candidate:
    """With what came late under the ids that it was merged from."""
    state = customer.state
    ids = await all_ids_of(connection, state.customer_id)
    members = await people.find_members(connection, [state.customer_id])
    unique = await identities.find_unique(connection, members)
    of_people = frozenset(each for theirs in unique.values() for each in theirs)
    deals = await store.list_open_deals(connection, ids)
    is_active = state.record_status == "active"
    return Candidate(customer_traits(state), of_people, tuple(deals), is_active)


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
