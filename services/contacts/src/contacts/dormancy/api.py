"""Dormancy policies over HTTP."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, ConfigDict
from shared.auth import Caller, Reader, allow
from shared.http.requests import Cursor, Database, Limit, NewId, Page, page_of, read_cursor

from contacts.dormancy import handlers, store
from contacts.dormancy.domain import DormancyPolicy, DormancyRules, DryRun, RunStatus

router = APIRouter(tags=["dormancy"])
Drafter = Annotated[Caller, Depends(allow("sales", "marketing"))]
Publisher = Annotated[Caller, Depends(allow())]


class DormancyPolicyIn(BaseModel):
    """The days of a policy, and from when on they count."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: DormancyRules
    effective_from: AwareDatetime


class DormancyPolicyOut(BaseModel):
    """A version of the policy; of those in force the highest rules."""

    model_config = ConfigDict(from_attributes=True)

    policy_id: UUID
    policy_version: int
    rules: DormancyRules
    effective_from: datetime
    published_by: str
    published_at: datetime


class DormancyDryRunIn(BaseModel):
    """The days to be tried out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: DormancyRules


class DormancyDryRunOut(BaseModel):
    """How many customers would move now, by `from>to`; `samples` name some of each move.

    `customers_done` are those who have been one for long enough to be looked at.
    """

    model_config = ConfigDict(from_attributes=True)

    run_id: UUID
    rules: DormancyRules
    status: RunStatus
    customers_done: int
    moves: Mapping[str, int]
    samples: Mapping[str, list[UUID]]
    started_by: str
    started_at: datetime
    completed_at: datetime | None


@router.post("/v1/dormancy-policies", status_code=201)
async def publish_dormancy_policy(
    caller: Publisher, pool: Database, policy_id: NewId, body: DormancyPolicyIn
) -> DormancyPolicyOut:
    """Put the next version into force from its date on; a version is not changed any more."""
    policy = await handlers.publish_policy(
        pool, caller.cause, policy_id, body.rules, body.effective_from
    )
    return _policy(policy)


@router.get("/v1/dormancy-policies")
async def list_dormancy_policies(
    caller: Reader, pool: Database, cursor: Cursor = None, limit: Limit = 50
) -> Page[DormancyPolicyOut]:
    """All versions, the newest first."""
    del caller
    before = read_cursor(cursor, int)
    async with pool.acquire() as connection:
        found = await store.list_policies(connection, before[0] if before else None, limit + 1)
    return page_of([_policy(each) for each in found], limit, lambda item: [item.policy_version])


@router.get("/v1/dormancy-policies/{policy_id}")
async def read_dormancy_policy(
    caller: Reader, pool: Database, policy_id: UUID
) -> DormancyPolicyOut:
    """One version, in force or not."""
    del caller
    async with pool.acquire() as connection:
        return _policy(await store.load_policy(connection, policy_id))


@router.post("/v1/dormancy-dry-runs", status_code=202)
async def start_dormancy_dry_run(
    caller: Drafter, pool: Database, run_id: NewId, body: DormancyDryRunIn
) -> DormancyDryRunOut:
    """Try rules out on every customer, in the background; nobody moves."""
    return _run(await handlers.start_dry_run(pool, caller.cause, run_id, body.rules))


@router.get("/v1/dormancy-dry-runs/{run_id}")
async def read_dormancy_dry_run(caller: Reader, pool: Database, run_id: UUID) -> DormancyDryRunOut:
    """How far it is, and who would move so far."""
    del caller
    async with pool.acquire() as connection:
        return _run(await store.load_run(connection, run_id))


def _run(run: DryRun) -> DormancyDryRunOut:
    return DormancyDryRunOut.model_validate(run)


def _policy(policy: DormancyPolicy) -> DormancyPolicyOut:
    return DormancyPolicyOut.model_validate(policy)
