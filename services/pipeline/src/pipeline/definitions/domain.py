"""A pipeline definition: published in versions that never change; deals are pinned to one."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.contracts.pipeline import DefinitionPublished, Stage
from shared.errors import InvalidError, NotFoundError
from shared.ids import derived_id

RequiredField = Literal["primary_contact_id", "product_lines", "amount", "campaign_id"]
"""What a stage may ask of a deal before it is entered."""


class PipelineNotFoundError(NotFoundError):
    """No such pipeline, or version of it, is published."""


class StagesInvalidError(InvalidError):
    """Stages need unique ids and positions, an open one first, one won and at least one lost."""


class StageUnknownError(InvalidError):
    """The deal's pipeline has no such stage."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One published version; version 0 is a pipeline that nobody has published yet."""

    pipeline_id: UUID
    pipeline_version: int = 0
    name: str = ""
    kind: str = ""
    stages: tuple[Stage, ...] = ()
    published_at: datetime | None = None

    @property
    def first_stage(self) -> Stage:
        return min(self.stages, key=lambda stage: stage.position)

    def stage(self, stage_id: str) -> Stage:
        for stage in self.stages:
            if stage.stage_id == stage_id:
                return stage
        raise StageUnknownError(field="stage_id", stage_id=stage_id)


@dataclass(frozen=True, slots=True)
class PublishPipeline:
    pipeline_id: UUID
    name: str
    kind: str
    stages: tuple[Stage, ...]


def decide(current: Definition, command: PublishPipeline) -> list[DefinitionPublished]:
    _require_sound(command.stages)
    content = (command.name, command.kind, command.stages)
    if content == (current.name, current.kind, current.stages):
        return []
    return [
        DefinitionPublished(
            pipeline_id=command.pipeline_id,
            pipeline_version=current.pipeline_version + 1,
            name=command.name,
            kind=command.kind,
            stages=command.stages,
        )
    ]


def evolve(current: Definition, event: DefinitionPublished) -> Definition:
    return replace(
        current,
        pipeline_version=event.pipeline_version,
        name=event.name,
        kind=event.kind,
        stages=event.stages,
    )


def _require_sound(stages: tuple[Stage, ...]) -> None:
    categories = [stage.category for stage in sorted(stages, key=lambda stage: stage.position)]
    sound = (
        len({stage.stage_id for stage in stages}) == len(stages)
        and len({stage.position for stage in stages}) == len(stages)
        and categories[:1] == ["open"]
        and categories.count("won") == 1
        and "lost" in categories
    )
    if not sound:
        raise StagesInvalidError(field="stages")


STANDARD_PIPELINE = PublishPipeline(
    pipeline_id=derived_id("pipeline", "standard"),
    name="Standard",
    kind="new-business",
    stages=(
        Stage(
            stage_id="discovery",
            name="Discovery",
            position=1,
            category="open",
            probability=10,
            forecast_category="pipeline",
            max_days=30,
        ),
        Stage(
            stage_id="proposal",
            name="Proposal",
            position=2,
            category="open",
            probability=40,
            forecast_category="best-case",
            max_days=30,
            required_fields=("amount",),
        ),
        Stage(
            stage_id="negotiation",
            name="Negotiation",
            position=3,
            category="open",
            probability=70,
            forecast_category="commit",
            max_days=30,
            required_fields=("amount",),
        ),
        Stage(
            stage_id="won",
            name="Won",
            position=4,
            category="won",
            probability=100,
            forecast_category="closed",
        ),
        Stage(
            stage_id="lost",
            name="Lost",
            position=5,
            category="lost",
            probability=0,
            forecast_category="omitted",
        ),
    ),
)
"""What a deal goes through where nobody says otherwise."""
