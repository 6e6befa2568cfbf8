"""Agents: one use case."""

from shared.db import Pool, transaction, with_retries
from shared.http.requests import require_version

from service_desk.agents import store
from service_desk.agents.domain import Agent, RegisterAgent, register


async def register_agent(pool: Pool, command: RegisterAgent, if_match: int | None = None) -> Agent:
    async def attempt() -> Agent:
        async with transaction(pool) as connection:
            known = await store.find_agent(connection, command.agent_id)
            require_version(known.version if known else 0, if_match)
            agent = register(known, command)
            if known is None:
                await store.insert_agent(connection, agent)
            elif agent != known:
                await store.save_agent(connection, agent, known.version)
            return agent

    return await with_retries(attempt)
