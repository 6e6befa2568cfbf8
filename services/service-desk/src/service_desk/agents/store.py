"""Agents in PostgreSQL."""

import asyncpg
from shared.db import Connection, refusing, rows_affected
from shared.errors import StaleVersionError

from service_desk.agents.domain import Agent

_COLUMNS = "agent_id, capacity, is_active, version"
_FIND = f"SELECT {_COLUMNS} FROM agents WHERE agent_id = $1"
_LOCK_ACTIVE = f"SELECT {_COLUMNS} FROM agents WHERE is_active ORDER BY agent_id FOR UPDATE"
_LIST = f"SELECT {_COLUMNS} FROM agents WHERE agent_id > $1 ORDER BY agent_id LIMIT $2"
_INSERT = f"INSERT INTO agents ({_COLUMNS}) VALUES ($1, $2, $3, $4)"
_SAVE = """
UPDATE agents SET capacity = $2, is_active = $3, version = $4 WHERE agent_id = $1 AND version = $5
"""


async def find_agent(connection: Connection, agent_id: str) -> Agent | None:
    row = await connection.fetchrow(_FIND, agent_id)
    return _agent(row) if row else None


async def deactivate_agent(connection: Connection, agent_id: str) -> None:
    """No more tickets for this agent, who may be none."""
    await connection.execute(
        "UPDATE agents SET is_active = false, version = version + 1"
        " WHERE agent_id = $1 AND is_active",
        agent_id,
    )


async def lock_active_agents(connection: Connection) -> list[Agent]:
    """Assignments by load take turns, so that none sees an outdated load."""
    return [_agent(row) for row in await connection.fetch(_LOCK_ACTIVE)]


async def list_agents(connection: Connection, after: str, limit: int) -> list[Agent]:
    return [_agent(row) for row in await connection.fetch(_LIST, after, limit)]


async def insert_agent(connection: Connection, agent: Agent) -> None:
    with refusing({"agents_pkey": StaleVersionError}, agent_id=agent.agent_id):
        await connection.execute(
            _INSERT, agent.agent_id, agent.capacity, agent.is_active, agent.version
        )


async def save_agent(connection: Connection, agent: Agent, old_version: int) -> None:
    status = await connection.execute(
        _SAVE, agent.agent_id, agent.capacity, agent.is_active, agent.version, old_version
    )
    if rows_affected(status) == 0:
        raise StaleVersionError(agent_id=agent.agent_id)


def _agent(row: asyncpg.Record) -> Agent:
    return Agent(row["agent_id"], row["capacity"], row["is_active"], row["version"])
