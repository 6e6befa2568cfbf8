"""Publishing pipelines; the standard one by the same command as any other."""

from dataclasses import replace
from datetime import UTC, datetime

from shared.cause import Cause
from shared.db import Connection, Pool, transaction, with_retries
from shared.http.requests import require_version
from shared.ids import new_id
from shared.messaging import outbox
from shared.messaging.outbox import Fact
from shared.telemetry import new_trace

from pipeline.definitions import store
from pipeline.definitions.domain import (
    STANDARD_PIPELINE,
    Definition,
    PublishPipeline,
    decide,
    evolve,
)


async def publish_pipeline(
    pool: Pool, cause: Cause, command: PublishPipeline, if_match: int | None = None
) -> Definition:
    async def attempt() -> Definition:
        async with transaction(pool) as connection:
            newest = await store.find_newest(connection, command.pipeline_id)
            current = newest or Definition(command.pipeline_id)
            require_version(current.pipeline_version, if_match)
            return await _publish(connection, cause, current, command)

    return await with_retries(attempt)


async def publish_standard_pipeline(pool: Pool) -> None:
    """Publish the standard pipeline where no version of it is; people's later versions stay."""
    cause = Cause("service:pipeline", datetime.now(UTC), str(new_id()), new_trace())
    async with transaction(pool) as connection:
        if await store.find_newest(connection, STANDARD_PIPELINE.pipeline_id) is None:
            current = Definition(STANDARD_PIPELINE.pipeline_id)
            await _publish(connection, cause, current, STANDARD_PIPELINE)


async def _publish(
    connection: Connection, cause: Cause, current: Definition, command: PublishPipeline
) -> Definition:
    for event in decide(current, command):
        current = replace(evolve(current, event), published_at=cause.at)
        await store.insert_definition(connection, current)
        await outbox.append(connection, cause, [Fact(event, event.pipeline_version)])
    return current
