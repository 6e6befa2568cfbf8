"""Interactions over HTTP: recorded by whoever was in touch, read by all departments."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from shared.auth import Caller, Reader, allow
from shared.contracts.contacts import (
    InteractionChannel,
    InteractionDirection,
    InteractionKind,
    InteractionRecorded,
    Sentiment,
)
from shared.errors import InvalidError
from shared.http.refusing import refuses
from shared.http.requests import (
    Code,
    Cursor,
    Database,
    IfMatch,
    Limit,
    LongText,
    NewId,
    Page,
    Text,
    page_of,
    read_cursor,
    tag_version,
)

from contacts.customers.domain import CustomerNotFoundError
from contacts.interactions import handlers, store
from contacts.interactions.domain import CorrectInteraction, Interaction, RecordInteraction
from contacts.people.domain import ContactNotFoundError

router = APIRouter(prefix="/v1/interactions", tags=["interactions"])
logger = structlog.stdlib.get_logger()
Recorder = Annotated[Caller, Depends(allow("sales", "service", "marketing", "integration"))]
ContactIds = Annotated[tuple[UUID, ...], Field(max_length=50)]
Products = Annotated[tuple[Code, ...], Field(max_length=50)]
Seconds = Annotated[int, Field(ge=0, le=604_800)]


class TimeInvalidError(InvalidError):
    """The time in the cursor names no time zone."""


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    contact_ids: ContactIds = ()
    outcome: Code | None = None
    sentiment: Sentiment | None = None
    duration_s: Seconds | None = None
    department: Code | None = None
    related_type: Code | None = None
    related_id: UUID | None = None
    product_interests: Products = ()
    subject: Text | None = None
    body: LongText | None = None


class InteractionIn(_Said):
    """A touch: with whom, how, when, what came of it; `actor_id` is you unless you say who."""

    customer_id: UUID | None = None
    channel: InteractionChannel
    direction: InteractionDirection
    kind: InteractionKind
    occurred_at: AwareDatetime
    actor_id: Code | None = None


class CorrectionIn(_Said):
    """What was otherwise, and why; what is not said stays."""

    channel: InteractionChannel = "other"
    direction: InteractionDirection = "internal"
    kind: InteractionKind = "note"
    occurred_at: AwareDatetime | None = None
    reason_code: Code

    def given(self) -> dict[str, Any]:
        """What was said of the interaction; a time is corrected and not taken away."""
        names = self.model_fields_set - {"reason_code"}
        said = {name: getattr(self, name) for name in names}
        if said.get("occurred_at") is None:
            said.pop("occurred_at", None)
        return said


class InteractionOut(InteractionRecorded):
    """An interaction with its text, and the version of what you see."""

    subject: str | None
    body: str | None
    version: int


class ReplacedOut(BaseModel):
    """A former version, and by which correction it was replaced."""

    interaction: InteractionOut
    replaced_at: datetime
    replaced_by: str
    reason_code: str


@router.post("", status_code=201, responses=refuses(CustomerNotFoundError, ContactNotFoundError))
async def record_interaction(
    caller: Recorder, pool: Database, interaction_id: NewId, body: InteractionIn, response: Response
) -> InteractionOut:
    """Take down a touch by any department: `interaction.recorded`, without subject and body.

    It is with a customer or a person at least (422), and has happened (422). The same
    Idempotency-Key is the same interaction.
    """
    said = body.model_dump(exclude={"subject", "body", "actor_id"})
    told = InteractionRecorded(
        interaction_id=interaction_id,
        actor_id=body.actor_id or caller.subject,
        source="person",
        **said,
    )
    command = RecordInteraction(told, caller.cause.at, body.subject, body.body)
    return _out(await handlers.record_interaction(pool, caller.cause, command), response)


async def wanted_interactions(  # noqa: PLR0913, PLR0917 -- one parameter per filter
    customer_id: UUID | None = None,
    contact_id: UUID | None = None,
    department: Annotated[Code | None, Query()] = None,
    channel: Annotated[Code | None, Query()] = None,
    kind: InteractionKind | None = None,
    actor_id: Annotated[Code | None, Query(description="Whoever of ours was in touch.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Then or later.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Before.")] = None,
) -> store.Wanted:
    """The filters of the list; an interaction has to fit all that are given."""
    return store.Wanted(
        customer_id, contact_id, department, channel, kind, actor_id, since=since, until=until
    )


@router.get("")
async def list_interactions(
    caller: Reader,
    pool: Database,
    wanted: Annotated[store.Wanted, Depends(wanted_interactions)],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[InteractionOut]:
    """The newest first. Who was merged is meant by the old id, too."""
    before = _before(cursor)
    async with pool.acquire() as connection:
        meant = await handlers.meant_now(connection, wanted)
        found = await store.list_interactions(connection, meant, before, limit + 1)
    logger.info("personal_data_read", subject=caller.subject, customer_id=str(wanted.customer_id))
    shown = [_out(each) for each in found]
    return page_of(shown, limit, lambda item: [item.occurred_at, item.interaction_id])


def _before(cursor: str | None) -> tuple[datetime, UUID] | None:
    key = read_cursor(cursor, datetime.fromisoformat, UUID)
    if key is None:
        return None
    at, interaction_id = key
    assert isinstance(at, datetime)
    assert isinstance(interaction_id, UUID)
    if at.tzinfo is None:
        raise TimeInvalidError
    return at, interaction_id


@router.get("/{interaction_id}")
async def read_interaction(
    caller: Reader, pool: Database, interaction_id: UUID, response: Response
) -> InteractionOut:
    """The latest version, with what was said; that you have read it is logged."""
    async with pool.acquire() as connection:
        found = await store.load_interaction(connection, interaction_id)
    logger.info("personal_data_read", subject=caller.subject, interaction_id=str(interaction_id))
    return _out(found, response)


@router.get("/{interaction_id}/versions")
async def list_versions(caller: Reader, pool: Database, interaction_id: UUID) -> list[ReplacedOut]:
    """What it was before each correction, the newest first."""
    del caller
    async with pool.acquire() as connection:
        await store.load_interaction(connection, interaction_id)
        replaced = await store.list_replaced(connection, interaction_id)
    return [
        ReplacedOut(
            interaction=_out(each.interaction),
            replaced_at=each.replaced_at,
            replaced_by=each.replaced_by,
            reason_code=each.reason_code,
        )
        for each in replaced
    ]


@router.post("/{interaction_id}/correct")
async def correct_interaction(
    caller: Recorder,
    pool: Database,
    interaction_id: UUID,
    body: CorrectionIn,
    if_match: IfMatch,
    response: Response,
) -> InteractionOut:
    """Nothing is overwritten: the former version is kept."""
    command = CorrectInteraction(body.given(), body.reason_code, caller.cause.at)
    corrected = await handlers.correct_interaction(
        pool, caller.cause, interaction_id, command, if_match
    )
    return _out(corrected, response)


def _out(interaction: Interaction, response: Response | None = None) -> InteractionOut:
    if response is not None:
        tag_version(response, interaction.version)
    return InteractionOut(
        **dict(interaction.told),
        subject=interaction.subject,
        body=interaction.body,
        version=interaction.version,
    )
