"""Service levels in PostgreSQL: every version is a row that never changes."""

import json
from uuid import UUID

import asyncpg
from shared.db import Connection, refusing
from shared.errors import StaleVersionError

from service_desk.policies.domain import Policy, PolicyNotFoundError

_COLUMNS = """policy_id, version, name, calendar_id, targets, warn_percents, auto_close_days,
    published_at"""
_FIND_CURRENT = f"""
SELECT {_COLUMNS} FROM sla_policies WHERE policy_id = $1 ORDER BY version DESC LIMIT 1
"""
_FIND_VERSION = f"SELECT {_COLUMNS} FROM sla_policies WHERE policy_id = $1 AND version = $2"
_LIST_CURRENT = f"""
SELECT DISTINCT ON (policy_id) {_COLUMNS} FROM sla_policies
WHERE policy_id > $1 ORDER BY policy_id, version DESC LIMIT $2
"""
_FIND_NAMED = f"""
SELECT {_COLUMNS} FROM (
    SELECT DISTINCT ON (policy_id) {_COLUMNS} FROM sla_policies ORDER BY policy_id, version DESC
) AS newest WHERE lower(name) = lower($1) ORDER BY policy_id LIMIT 1
"""
_INSERT = f"INSERT INTO sla_policies ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"


async def find_policy(connection: Connection, policy_id: UUID) -> Policy | None:
    """The newest version."""
    row = await connection.fetchrow(_FIND_CURRENT, policy_id)
    return _policy(row) if row else None


async def find_named(connection: Connection, name: str) -> Policy | None:
    """The newest version of the one with this name, however it is capitalised."""
    row = await connection.fetchrow(_FIND_NAMED, name)
    return _policy(row) if row else None


async def load_policy(
    connection: Connection, policy_id: UUID, version: int | None = None
) -> Policy:
    """This version, or the newest."""
    if version is None:
        policy = await find_policy(connection, policy_id)
    else:
        row = await connection.fetchrow(_FIND_VERSION, policy_id, version)
        policy = _policy(row) if row else None
    if policy is None:
        raise PolicyNotFoundError(policy_id=policy_id)
    return policy


async def list_policies(connection: Connection, after: UUID, limit: int) -> list[Policy]:
    """The newest version of each."""
    return [_policy(row) for row in await connection.fetch(_LIST_CURRENT, after, limit)]


async def insert_policy(connection: Connection, policy: Policy) -> None:
    with refusing({"sla_policies_pkey": StaleVersionError}, policy_id=policy.policy_id):
        await connection.execute(
            _INSERT,
            policy.policy_id,
            policy.version,
            policy.name,
            policy.calendar_id,
            json.dumps({name: dict(target) for name, target in policy.targets.items()}),
            list(policy.warn_percents),
            policy.auto_close_days,
            policy.published_at,
        )


def _policy(row: asyncpg.Record) -> Policy:
    return Policy(
        policy_id=row["policy_id"],
        version=row["version"],
        name=row["name"],
        calendar_id=row["calendar_id"],
        targets=json.loads(row["targets"]),
        warn_percents=tuple(row["warn_percents"]),
        auto_close_days=row["auto_close_days"],
        published_at=row["published_at"],
    )
