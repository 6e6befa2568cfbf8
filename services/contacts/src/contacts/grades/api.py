"""Grade policies and grades over HTTP."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, ConfigDict
from shared.auth import Caller, Reader, allow
from shared.contracts.contacts import Grade, Grading
from shared.http.requests import Cursor, Database, Limit, NewId, Page, page_of, read_cursor

from contacts.customers import store as customers
from contacts.customers.domain import Customer
from contacts.grades import handlers, store
from contacts.grades.domain import DryRun, GradePolicy, GradeRules, PolicyStatus, RunStatus

router = APIRouter(tags=["grades"])
Drafter = Annotated[Caller, Depends(allow("sales", "marketing"))]
Approver = Annotated[Caller, Depends(allow())]


class GradePolicyIn(BaseModel):
    """The figures of a draft, and from when on it would rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: GradeRules
    effective_from: AwareDatetime


class GradePolicyOut(BaseModel):
    """A version of the policy; a draft decides nothing."""

    model_config = ConfigDict(from_attributes=True)

    policy_id: UUID
    policy_version: int
    status: PolicyStatus
    rules: GradeRules
    effective_from: datetime
    drafted_by: str
    drafted_at: datetime
    published_by: str | None
    published_at: datetime | None


class DryRunOut(BaseModel):
    """What would change: how many customers from which grade to which (`B>C`; `-` is none yet).

    `samples` name some customers of each change, with the score and what it is made of.
    """

    model_config = ConfigDict(from_attributes=True)

    run_id: UUID
    policy_id: UUID
    status: RunStatus
    customers_done: int
    changes: Mapping[str, int]
    samples: Mapping[str, list[dict[str, Any]]]
    started_by: str
    started_at: datetime
    completed_at: datetime | None


class GradeIn(BaseModel):
    """The grade that is proposed, or the one in force, which is then kept."""

    grade: Grade


class GradedOut(BaseModel):
    """A customer's grade with its explanation; null before its first review."""

    customer_id: UUID
    version: int
    grading: Grading | None


@router.post("/v1/grade-policies", status_code=201)
async def draft_grade_policy(
    caller: Drafter, pool: Database, policy_id: NewId, body: GradePolicyIn
) -> GradePolicyOut:
    """Draft a policy under the next version. A draft is not changed: draft another."""
    policy = await handlers.draft_policy(
        pool, caller.cause, policy_id, body.rules, body.effective_from
    )
    return _policy(policy)


@router.get("/v1/grade-policies")
async def list_grade_policies(
    caller: Reader, pool: Database, cursor: Cursor = None, limit: Limit = 50
) -> Page[GradePolicyOut]:
    """All versions, the newest first."""
    del caller
    after = read_cursor(cursor, int)
    async with pool.acquire() as connection:
        found = await store.list_policies(connection, after[0] if after else None, limit + 1)
    return page_of([_policy(each) for each in found], limit, lambda item: [item.policy_version])


@router.get("/v1/grade-policies/{policy_id}")
async def read_grade_policy(caller: Reader, pool: Database, policy_id: UUID) -> GradePolicyOut:
    """One version of the policy, as it was drafted or published."""
    del caller
    async with pool.acquire() as connection:
        return _policy(await store.load_policy(connection, policy_id))


@router.post("/v1/grade-policies/{policy_id}/dry-runs", status_code=202)
async def start_dry_run(
    caller: Drafter, pool: Database, policy_id: UUID, run_id: NewId
) -> DryRunOut:
    """Try a policy out on every customer, in the background; nobody's grade changes."""
    return _run(await handlers.start_dry_run(pool, caller.cause, policy_id, run_id))


@router.get("/v1/grade-policies/{policy_id}/dry-runs/{run_id}")
async def read_dry_run(caller: Reader, pool: Database, policy_id: UUID, run_id: UUID) -> DryRunOut:
    """How far it is, and what would change so far."""
    del caller
    async with pool.acquire() as connection:
        return _run(await store.load_run(connection, policy_id, run_id))


@router.post("/v1/grade-policies/{policy_id}/publish")
async def publish_grade_policy(caller: Approver, pool: Database, policy_id: UUID) -> GradePolicyOut:
    """Put a draft into force from its date on; it must have been tried out (409 otherwise)."""
    return _policy(await handlers.publish_policy(pool, caller.cause, policy_id))


@router.get("/v1/grade-proposals")
async def list_grade_proposals(
    caller: Reader, pool: Database, cursor: Cursor = None, limit: Limit = 50
) -> Page[GradedOut]:
    """Customers whose grade would change by more than one step and waits for approval, by id."""
    del caller
    after = read_cursor(cursor, UUID)
    async with pool.acquire() as connection:
        ids = await store.list_proposed(connection, after[0] if after else None, limit + 1)
        found = await customers.list_by_ids(connection, ids)
    return page_of([_graded(each) for each in found], limit, lambda item: [item.customer_id])


@router.post("/v1/customers/{customer_id}/grade/review")
async def review_grade(caller: Drafter, pool: Database, customer_id: UUID) -> GradedOut:
    """Look at a grade before its time: one step changes at once, two are proposed."""
    return _graded(await handlers.review_customer(pool, caller.cause, customer_id))


@router.post("/v1/customers/{customer_id}/grade/approve")
async def approve_grade(
    caller: Approver, pool: Database, customer_id: UUID, body: GradeIn
) -> GradedOut:
    """Say yes to the grade that is proposed, or keep the one in force."""
    return _graded(await handlers.approve_grade(pool, caller.cause, customer_id, body.grade))


def _policy(policy: GradePolicy) -> GradePolicyOut:
    return GradePolicyOut.model_validate(policy)


def _run(run: DryRun) -> DryRunOut:
    return DryRunOut.model_validate(run)


def _graded(customer: Customer) -> GradedOut:
    state = customer.state
    return GradedOut(customer_id=state.customer_id, version=customer.version, grading=state.grading)
