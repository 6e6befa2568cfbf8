"""What is done with grades: a policy is drafted, tried out and published; customers are reviewed.

A dry run does a page of the base per transaction, and its checkpoint is committed with the page's
counts: after a crash the next process goes on behind it, and no customer is counted twice.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from shared.cause import Cause
from shared.contracts.contacts import Grade
from shared.contracts.customer_360 import GradeSuggested
from shared.db import Connection, Pool, transaction, with_retries
from shared.ids import new_id
from shared.messaging import outbox
from shared.messaging.outbox import Fact
from shared.runtime import until_idle
from shared.telemetry import new_trace

from contacts.credit.handlers import reassess
from contacts.customers import store as customers
from contacts.customers.domain import Customer, carry_out
from contacts.customers.grading import ApproveGrade, ReviewGrade
from contacts.customers.handlers import lock_customer
from contacts.grades import store
from contacts.grades.domain import (
    DryRun,
    GradePolicy,
    GradePolicyIdIsTakenError,
    GradeRules,
    PublishGradePolicy,
    note_page,
    publish,
    require_whole,
    suggest,
    terms_of,
)

DRY_RUN_PAGE = 2000
REVIEWED_AT_ONCE = 200


async def draft_policy(
    pool: Pool, cause: Cause, policy_id: UUID, rules: GradeRules, effective_from: datetime
) -> GradePolicy:
    """Write a draft down; it decides nothing until it is published."""
    require_whole(rules)

    async def attempt() -> GradePolicy:
        async with transaction(pool) as connection:
            known = await store.find_policy(connection, policy_id)
            if known is None:
                return await store.insert_draft(
                    connection, policy_id, rules, effective_from, cause.actor, cause.at
                )
            if (known.rules, known.effective_from) != (rules, effective_from):
                raise GradePolicyIdIsTakenError(policy_id=policy_id)
            return known

    return await with_retries(attempt)


async def publish_policy(pool: Pool, cause: Cause, policy_id: UUID) -> GradePolicy:
    """From its date on the draft rules, and every customer is graded by it."""
    async with transaction(pool) as connection:
        newest = await store.lock_policies(connection)
        policy = await store.load_policy(connection, policy_id)
        is_tried = await store.is_tried(connection, policy_id)
        fact = publish(policy, PublishGradePolicy(is_tried, newest, cause.actor, cause.at))
        if fact is not None:
            await store.save_published(connection, policy_id, cause.actor, cause.at)
            await outbox.append(connection, cause, [Fact(fact, 1)])
        return await store.load_policy(connection, policy_id)


async def start_dry_run(pool: Pool, cause: Cause, policy_id: UUID, run_id: UUID) -> DryRun:
    """Begin to try a policy out on the whole base; it changes no customer."""
    async with transaction(pool) as connection:
        policy = await store.load_policy(connection, policy_id)
        known = await store.find_run(connection, run_id)
        if known is not None:
            return known
        await store.cut_bounds(connection, cause.at, policy.rules.scale.window_days)
        run = DryRun(run_id, policy_id, "running", cause.actor, cause.at)
        await store.save_run(connection, run)
        return run


async def run_dry_runs(pool: Pool) -> bool:
    """Do page after page, of the run that waited longest, until there is nothing to do."""
    return await until_idle(lambda: _do_next_page(pool))


async def _do_next_page(pool: Pool) -> bool:
    async with transaction(pool) as connection:
        run = await store.take_run(connection)
        if run is None:
            return False
        policy = await store.load_policy(connection, run.policy_id)
        page = await store.list_page(connection, run.after_id, DRY_RUN_PAGE)
        figures = await store.list_figures(connection, policy, page, run.started_at)
        await store.save_run(connection, note_page(run, policy, figures, datetime.now(UTC)))
        return True


async def review_due(pool: Pool) -> bool:
    """Review the customers whose time has come, a batch per transaction, until none is left."""
    return await until_idle(lambda: _review_next(pool))


async def _review_next(pool: Pool) -> bool:
    async with transaction(pool) as connection:
        cause = _cause_of_review()
        policy = await store.load_policy_in_force(connection, cause.at)
        due = await store.list_due(connection, policy, cause.at, REVIEWED_AT_ONCE)
        if not due:
            return False
        await store.cut_bounds(connection, cause.at, policy.rules.scale.window_days)
        return await review_within(connection, cause, policy, due) > 0


async def review_within(
    connection: Connection,
    cause: Cause,
    policy: GradePolicy,
    customer_ids: Sequence[UUID],
    *,
    is_asked: bool = False,
) -> int:
    """Review these customers in a transaction that does more; how many facts came of it."""
    locked = await customers.lock_customers(connection, customer_ids)
    figures = await store.list_figures(connection, policy, list(locked), cause.at)
    changes = [
        carry_out(
            locked[each.customer_id],
            ReviewGrade(suggest(policy, each, cause.at), cause.at, is_asked),
        )
        for each in figures
    ]
    await customers.save_changes(connection, cause, changes)
    return sum(len(change.facts) for change in changes)


async def review_customer(pool: Pool, cause: Cause, customer_id: UUID) -> Customer:
    """Somebody asks for a review before its time."""

    async def attempt() -> Customer:
        async with transaction(pool) as connection:
            await customers.load_customer(connection, customer_id)
            policy = await store.load_policy_in_force(connection, cause.at)
            await store.cut_bounds(connection, cause.at, policy.rules.scale.window_days)
            now = (await lock_customer(connection, customer_id)).state.customer_id
            await review_within(connection, cause, policy, [now], is_asked=True)
            return await customers.load_customer(connection, now)

    return await with_retries(attempt)


async def review_suggested(
    connection: Connection, cause: Cause, suggested: Sequence[GradeSuggested]
) -> None:
    """Look now at these grades, once per what a suggestion rests on; our own figures decide.

    One step follows at once and two are proposed, as at every review. Who was merged meanwhile is
    passed over: the merge had the survivor reviewed.
    """
    newest = {each.customer_id: each.input_hash for each in suggested}
    claimed = await store.claim_suggestions(connection, newest)
    if claimed:
        policy = await store.load_policy_in_force(connection, cause.at)
        await store.cut_bounds(connection, cause.at, policy.rules.scale.window_days)
        await review_within(connection, cause, policy, claimed, is_asked=True)


async def approve_grade(pool: Pool, cause: Cause, customer_id: UUID, grade: Grade) -> Customer:
    """Somebody says yes to what is proposed, or keeps the grade in force."""

    async def attempt() -> Customer:
        async with transaction(pool) as connection:
            policy = await store.load_policy_in_force(connection, cause.at)
            customer = await customers.lock_customer(connection, customer_id)
            level, next_review_at = terms_of(policy, grade, cause.at)
            command = ApproveGrade(grade, level, next_review_at, cause.actor, cause.at)
            change = carry_out(customer, command)
            await customers.save_changes(connection, cause, [change])
            return change.after

    return await with_retries(attempt)


async def rate_anew(
    connection: Connection, cause: Cause, customer_ids: Sequence[UUID], *, is_graded: bool
) -> None:
    """After a merge or its undoing: grade and credit follow from the rows, and are never added."""
    await reassess(connection, cause, customer_ids)
    if is_graded:
        policy = await store.load_policy_in_force(connection, cause.at)
        await review_within(connection, cause, policy, customer_ids, is_asked=True)


def _cause_of_review() -> Cause:
    return Cause(
        actor="policy:grades",
        at=datetime.now(UTC),
        correlation_id=str(new_id()),
        trace=new_trace(),
    )
