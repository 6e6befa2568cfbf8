"""Service levels over HTTP."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field
from shared.auth import Caller, Reader, allow
from shared.contracts.service_desk import ClockMetric, Priority
from shared.http.requests import (
    Cursor,
    Database,
    IfMatch,
    Limit,
    NewId,
    Page,
    Text,
    page_of,
    read_cursor,
    tag_version,
)

from service_desk.policies import handlers, store
from service_desk.policies.domain import Policy, PublishPolicy

router = APIRouter(prefix="/v1/sla-policies", tags=["service levels"])

Admin = Annotated[Caller, Depends(allow())]
Minutes = Annotated[int, Field(ge=1, le=43_200, description="Business minutes.")]
Percent = Annotated[int, Field(ge=1, le=99)]


class PolicyIn(BaseModel):
    """Targets for every priority and metric; at these percents of them a warning goes out."""

    name: Text
    calendar_id: UUID
    targets: dict[Priority, dict[ClockMetric, Minutes]]
    warn_percents: Annotated[tuple[Percent, ...], Field(max_length=10)] = (50, 75, 90)
    auto_close_days: Annotated[int, Field(ge=1, le=365)] = 5

    def command(self, policy_id: UUID, *, is_new: bool) -> PublishPolicy:
        return PublishPolicy(
            policy_id,
            self.name,
            self.calendar_id,
            self.targets,
            self.warn_percents,
            self.auto_close_days,
            is_new,
        )


class PolicyOut(BaseModel):
    """The version of a service level that new tickets come under."""

    policy_id: UUID
    version: int
    name: str
    calendar_id: UUID
    targets: dict[Priority, dict[ClockMetric, int]]
    warn_percents: tuple[int, ...]
    auto_close_days: int
    published_at: datetime

    @classmethod
    def of(cls, policy: Policy) -> Self:
        return cls.model_validate(policy, from_attributes=True)


@router.post("", status_code=201)
async def create_policy(
    caller: Admin, pool: Database, new_id: NewId, body: PolicyIn, response: Response
) -> PolicyOut:
    """Publish a new service level."""
    policy = await handlers.publish_policy(pool, caller.cause, body.command(new_id, is_new=True))
    tag_version(response, policy.version)
    return PolicyOut.of(policy)


@router.post("/{policy_id}/versions", status_code=201)
async def publish_policy(
    caller: Admin,
    pool: Database,
    policy_id: UUID,
    body: PolicyIn,
    if_match: IfMatch,
    response: Response,
) -> PolicyOut:
    """Publish another version; tickets that are open keep theirs."""
    command = body.command(policy_id, is_new=False)
    policy = await handlers.publish_policy(pool, caller.cause, command, if_match)
    tag_version(response, policy.version)
    return PolicyOut.of(policy)


@router.get("")
async def list_policies(
    caller: Reader, pool: Database, cursor: Cursor = None, limit: Limit = 50
) -> Page[PolicyOut]:
    """The version in force of every service level."""
    del caller
    after = read_cursor(cursor, UUID)
    async with pool.acquire() as connection:
        policies = await store.list_policies(
            connection, after[0] if after else UUID(int=0), limit + 1
        )
    return page_of(list(map(PolicyOut.of, policies)), limit, lambda item: [item.policy_id])


@router.get("/{policy_id}")
async def show_policy(
    caller: Reader, pool: Database, policy_id: UUID, response: Response
) -> PolicyOut:
    """The version of a service level in force."""
    del caller
    async with pool.acquire() as connection:
        policy = await store.load_policy(connection, policy_id)
    tag_version(response, policy.version)
    return PolicyOut.of(policy)
