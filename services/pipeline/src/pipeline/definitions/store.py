"""Published definitions: rows are inserted and never changed."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter
from shared.contracts.pipeline import Stage
from shared.db import Connection, Pool, refusing
from shared.errors import StaleVersionError

from pipeline.definitions.domain import Definition, PipelineNotFoundError

_COLUMNS = "pipeline_id, pipeline_version, name, kind, stages, published_at"
_INSERT = f"INSERT INTO pipeline_definitions ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)"
_NEWEST = f"""
SELECT {_COLUMNS} FROM pipeline_definitions WHERE pipeline_id = $1
ORDER BY pipeline_version DESC LIMIT 1
"""
_LIST = f"""
SELECT {_COLUMNS} FROM pipeline_definitions
WHERE $1::uuid IS NULL OR (pipeline_id, pipeline_version) > ($1, $2::integer)
ORDER BY pipeline_id, pipeline_version LIMIT $3
"""

STAGES: TypeAdapter[tuple[Stage, ...]] = TypeAdapter(tuple[Stage, ...])


async def insert_definition(connection: Connection, definition: Definition) -> None:
    """Publish a version; whoever publishes the same one at the same time is the stale one."""
    with refusing({"pipeline_definitions_pkey": StaleVersionError}):
        await connection.execute(
            _INSERT,
            definition.pipeline_id,
            definition.pipeline_version,
            definition.name,
            definition.kind,
            STAGES.dump_json(definition.stages).decode(),
            definition.published_at,
        )


async def find_newest(connection: Connection, pipeline_id: UUID) -> Definition | None:
    row = await connection.fetchrow(_NEWEST, pipeline_id)
    return _definition(row) if row else None


async def load_newest(connection: Connection, pipeline_id: UUID) -> Definition:
    definition = await find_newest(connection, pipeline_id)
    if definition is None:
        raise PipelineNotFoundError(pipeline_id=pipeline_id)
    return definition


async def list_definitions(pool: Pool, after: Sequence[Any] | None, limit: int) -> list[Definition]:
    pipeline_id, version = after or (None, None)
    return [_definition(row) for row in await pool.fetch(_LIST, pipeline_id, version, limit)]


def _definition(row: asyncpg.Record) -> Definition:
    columns: dict[str, Any] = dict(row)
    columns["stages"] = STAGES.validate_json(columns["stages"])
    return Definition(**columns)
