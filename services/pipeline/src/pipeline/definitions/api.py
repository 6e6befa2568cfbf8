"""HTTP: pipelines and their published versions."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field
from shared.auth import Caller, Reader, allow
from shared.contracts.pipeline import Stage, StageCategory
from shared.http.requests import (
    Code,
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

from pipeline.definitions import handlers, store
from pipeline.definitions.domain import Definition, PublishPipeline, RequiredField

router = APIRouter(prefix="/v1/pipelines", tags=["pipelines"])


class StageIn(BaseModel):
    stage_id: Code
    name: Text
    position: Annotated[int, Field(ge=0, le=1000)]
    category: StageCategory
    probability: Annotated[int, Field(ge=0, le=100)]
    forecast_category: Code = "pipeline"
    max_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    required_fields: tuple[RequiredField, ...] = ()


class PublishPipelineIn(BaseModel):
    """Without `pipeline_id` a new pipeline; with it, its next version."""

    pipeline_id: UUID | None = None
    name: Text
    kind: Code
    stages: Annotated[tuple[StageIn, ...], Field(min_length=3, max_length=50)]


class DefinitionOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    pipeline_id: UUID
    pipeline_version: int
    version: int
    name: str
    kind: str
    stages: tuple[Stage, ...]
    published_at: datetime


@router.post("", status_code=201)
async def publish_pipeline(
    body: PublishPipelineIn,
    pool: Database,
    caller: Annotated[Caller, Depends(allow("admin"))],
    new_id: NewId,
    response: Response,
    if_match: IfMatch = None,
) -> DefinitionOut:
    """Publish a version of a pipeline; deals keep the version that they were opened with."""
    command = PublishPipeline(
        pipeline_id=body.pipeline_id or new_id,
        name=body.name,
        kind=body.kind,
        stages=tuple(Stage(**stage.model_dump()) for stage in body.stages),
    )
    definition = await handlers.publish_pipeline(pool, caller.cause, command, if_match)
    tag_version(response, definition.pipeline_version)
    return _out(definition)


@router.get("")
async def list_pipelines(
    pool: Database, _reader: Reader, cursor: Cursor = None, limit: Limit = 50
) -> Page[DefinitionOut]:
    """Every published version."""
    after = read_cursor(cursor, UUID, int)
    rows = await store.list_definitions(pool, after, limit + 1)
    items = [_out(row) for row in rows]
    return page_of(items, limit, lambda item: [item.pipeline_id, item.pipeline_version])


def _out(definition: Definition) -> DefinitionOut:
    assert definition.published_at is not None
    return DefinitionOut(
        pipeline_id=definition.pipeline_id,
        pipeline_version=definition.pipeline_version,
        version=definition.pipeline_version,
        name=definition.name,
        kind=definition.kind,
        stages=definition.stages,
        published_at=definition.published_at,
    )
