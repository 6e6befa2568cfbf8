"""Agents: who may be given tickets; the least busy one with room for more is chosen first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Agent:
    """`capacity` is how many unresolved tickets the agent is given by the system."""

    agent_id: str
    capacity: int
    is_active: bool
    version: int


@dataclass(frozen=True, slots=True)
class RegisterAgent:
    agent_id: str
    capacity: int
    is_active: bool


def register(agent: Agent | None, command: RegisterAgent) -> Agent:
    """The agent as commanded; the same one where nothing changes."""
    if agent is None:
        return Agent(command.agent_id, command.capacity, command.is_active, 1)
    wanted = replace(agent, capacity=command.capacity, is_active=command.is_active)
    return agent if wanted == agent else replace(wanted, version=agent.version + 1)


def least_busy(agents: Sequence[Agent], load: Mapping[str, int]) -> Agent | None:
    """By share of capacity used, then by id; None where every active agent is full."""
    free = [
        agent
        for agent in agents
        if agent.is_active and load.get(agent.agent_id, 0) < agent.capacity
    ]
    return min(
        free,
        key=lambda agent: (load.get(agent.agent_id, 0) / agent.capacity, agent.agent_id),
        default=None,
    )
