"""Pipeline definitions: the stages that deals go through."""

from typing import Literal
from uuid import UUID

from shared.contracts.topic import Event, events_topic
from shared.contracts.values import Value

StageCategory = Literal["open", "won", "lost"]

DEFINITION_EVENTS = events_topic(
    "pipeline",
    "definition",
    key="pipeline_id",
    holds="published pipeline definitions",
    personal_data="none",
)


class Stage(Value):
    """One step of a pipeline; `probability` is 0–100."""

    stage_id: str
    name: str
    position: int
    category: StageCategory
    probability: int
    forecast_category: str
    max_days: int | None = None
    required_fields: tuple[str, ...] = ()


@DEFINITION_EVENTS.fact("published")
class DefinitionPublished(Event):
    """A version of a pipeline is in force; a published version never changes."""

    pipeline_id: UUID
    pipeline_version: int
    name: str
    kind: str
    stages: tuple[Stage, ...]
