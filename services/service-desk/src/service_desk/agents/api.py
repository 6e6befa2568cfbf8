"""Agents over HTTP."""

from typing import Annotated, Self

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field
from shared.auth import Caller, Reader, allow
from shared.http.requests import (
    Code,
    Cursor,
    Database,
    IfMatch,
    Limit,
    Page,
    page_of,
    read_cursor,
    tag_version,
)

from service_desk.agents import handlers, store
from service_desk.agents.domain import Agent, RegisterAgent

router = APIRouter(prefix="/v1/agents", tags=["agents"])

Admin = Annotated[Caller, Depends(allow())]


class AgentIn(BaseModel):
    """Capacity is how many unresolved tickets the system gives to the agent."""

    agent_id: Code
    capacity: Annotated[int, Field(ge=1, le=10_000)] = 20
    is_active: bool = True


class AgentOut(AgentIn):
    """Who may be given tickets."""

    version: int

    @classmethod
    def of(cls, agent: Agent) -> Self:
        return cls.model_validate(agent, from_attributes=True)


@router.post("", status_code=201)
async def register_agent(
    caller: Admin, pool: Database, body: AgentIn, if_match: IfMatch, response: Response
) -> AgentOut:
    """Register an agent, or change the one with this id."""
    del caller
    command = RegisterAgent(body.agent_id, body.capacity, body.is_active)
    agent = await handlers.register_agent(pool, command, if_match)
    tag_version(response, agent.version)
    return AgentOut.of(agent)


@router.get("")
async def list_agents(
    caller: Reader, pool: Database, cursor: Cursor = None, limit: Limit = 50
) -> Page[AgentOut]:
    """Every agent, by id."""
    del caller
    after = read_cursor(cursor, str)
    async with pool.acquire() as connection:
        agents = await store.list_agents(connection, after[0] if after else "", limit + 1)
    return page_of(list(map(AgentOut.of, agents)), limit, lambda item: [item.agent_id])
