"""Dormancy policies over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, ConfigDict
from shared.auth import Caller, Reader, allow
from shared.http.requests import Cursor, Database, Limit, NewId, Page, page_of, read_cursor

from contacts.dormancy import handlers, store
from contacts.dormancy.domain import DormancyPolicy, DormancyRules

router = APIRouter(tags=["dormancy"])
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
    del caller
    async with pool.acquire() as connection:
        return _policy(await store.load_policy(connection, policy_id))


def _policy(policy: DormancyPolicy) -> DormancyPolicyOut:
    return DormancyPolicyOut.model_validate(policy)
