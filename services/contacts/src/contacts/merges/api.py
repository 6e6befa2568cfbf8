"""Merges over HTTP: make records one, look at what was made one, and make them several again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from shared.auth import Caller, Reader, allow
from shared.contracts.contacts import Channel, ConsentStatus, FieldChoice, Purpose
from shared.http.refusing import refuses
from shared.http.requests import Code, Cursor, Database, Limit, NewId, Page, page_of, read_cursor
from shared.ids import new_id

from contacts.customers.domain import CustomerNotFoundError
from contacts.duplicates.domain import CaseIsOfOthersError, DuplicateCaseNotFoundError
from contacts.matching.subjects import EntityType
from contacts.merges import handlers, store
from contacts.merges.domain import (
    ApprovalIsOpenError,
    ChoiceIsUnknownError,
    KindsDifferError,
    MergeIdIsTakenError,
    MergeIsFinalError,
    MergeIsNotLastError,
    MergeNotFoundError,
    MergeOfItselfError,
    MergeRecords,
    RecordHasChangedError,
    UniqueIdentifiersDifferError,
)
from contacts.partners.domain import PartnersInOneProgramError
from contacts.people.domain import ContactNotFoundError
from contacts.records import GONE, NOT_IN_USE, RecordIsRestrictedError
from contacts.requests import MergeWindow

router = APIRouter(prefix="/v1/merges", tags=["merges"])
Decider = Annotated[Caller, Depends(allow("sales", "service", "marketing"))]
_MergedIds: TypeAlias = Annotated[tuple[UUID, ...], Field(min_length=1, max_length=10)]


class MergeIn(BaseModel):
    """Who stays, who is merged into it, and why.

    A value is the chosen record's, else the one's that stays, else the newest one's that has any.
    With `versions` nothing is merged that was changed since it was looked at.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    survivor_id: UUID
    merged_ids: _MergedIds
    reason_code: Code
    choices: dict[Code, UUID] = Field(default_factory=dict[Code, UUID], max_length=20)
    versions: dict[UUID, int] = Field(default_factory=dict[UUID, int], max_length=11)
    force_reason: Annotated[
        Code | None,
        Field(description="Why they are one although a number that one alone has differs."),
    ] = None
    case_id: Annotated[UUID | None, Field(description="The duplicate case that this decides.")] = (
        None
    )


class UndoIn(BaseModel):
    """Why they are several after all."""

    reason_code: Code


class MergeOut(BaseModel):
    """What was made one, where each field has its value from, and until when it can be undone."""

    model_config = ConfigDict(from_attributes=True)

    merge_id: UUID
    party: EntityType
    survivor_id: UUID
    merged_ids: tuple[UUID, ...]
    fields: tuple[FieldChoice, ...]
    moved: Mapping[str, int]
    reason_code: str
    forced_for: str | None
    decided_by: str
    decided_at: datetime
    reversible_until: datetime
    undone_at: datetime | None
    undone_by: str | None
    undone_for: str | None


class FieldOut(FieldChoice):
    """The value that a field would have, and whose it is."""

    value: Any


class ObjectionOut(BaseModel):
    """Why the merge would be refused."""

    code: str
    message: str
    details: Mapping[str, Any]


class AllowedOut(BaseModel):
    """What might be done on a channel for a purpose then, and by whose word."""

    model_config = ConfigDict(from_attributes=True)

    channel: Channel
    purpose: Purpose
    status: ConsentStatus
    from_id: UUID


class PreviewOut(BaseModel):
    """What a merge would do; give it `versions`, and it does this or is refused."""

    survivor_id: UUID
    merged_ids: tuple[UUID, ...]
    versions: Mapping[UUID, int]
    fields: list[FieldOut]
    moved: Mapping[str, int]
    objections: list[ObjectionOut]
    consents: list[AllowedOut]


@router.post(
    "/customers",
    status_code=201,
    responses=refuses(
        CustomerNotFoundError,
        DuplicateCaseNotFoundError,
        MergeIdIsTakenError,
        *NOT_IN_USE,
        RecordHasChangedError,
        UniqueIdentifiersDifferError,
        KindsDifferError,
        PartnersInOneProgramError,
        ApprovalIsOpenError,
        MergeOfItselfError,
        ChoiceIsUnknownError,
        CaseIsOfOthersError,
    ),
)
async def merge_customers(
    caller: Decider, pool: Database, window: MergeWindow, merge_id: NewId, body: MergeIn
) -> MergeOut:
    """The merged ids mean the one that stays from now on, in every service."""
    command = _command(caller, window, merge_id, "customer", body)
    return MergeOut.model_validate(await handlers.merge_records(pool, caller.cause, command))


@router.post(
    "/people",
    status_code=201,
    responses=refuses(
        ContactNotFoundError,
        DuplicateCaseNotFoundError,
        MergeIdIsTakenError,
        *NOT_IN_USE,
        RecordIsRestrictedError,
        RecordHasChangedError,
        UniqueIdentifiersDifferError,
        MergeOfItselfError,
        ChoiceIsUnknownError,
        CaseIsOfOthersError,
    ),
)
async def merge_people(
    caller: Decider, pool: Database, window: MergeWindow, merge_id: NewId, body: MergeIn
) -> MergeOut:
    """Of what they allowed the most restrictive wins; answers when no mail to them is under way.

    A key date is chosen by its kind: `birthday`, `anniversary`, `other`.
    """
    command = _command(caller, window, merge_id, "contact", body)
    return MergeOut.model_validate(await handlers.merge_records(pool, caller.cause, command))


@router.post("/customers/preview", responses=refuses(CustomerNotFoundError, MergeOfItselfError))
async def preview_merge_of_customers(
    caller: Decider, pool: Database, window: MergeWindow, body: MergeIn
) -> PreviewOut:
    """What would stay, from where, and everything that objects; nothing is changed."""
    return await _preview(pool, caller, window, "customer", body)


@router.post("/people/preview", responses=refuses(ContactNotFoundError, MergeOfItselfError))
async def preview_merge_of_people(
    caller: Decider, pool: Database, window: MergeWindow, body: MergeIn
) -> PreviewOut:
    """What would stay, from where, what may be done then, and everything that objects."""
    return await _preview(pool, caller, window, "contact", body)


@router.post(
    "/{merge_id}/undo",
    responses=refuses(MergeNotFoundError, MergeIsFinalError, MergeIsNotLastError, *GONE),
)
async def undo_merge(caller: Decider, pool: Database, merge_id: UUID, body: UndoIn) -> MergeOut:
    """Each has back what it brought; what came since stays where it is."""
    merge = await handlers.unmerge_records(pool, caller.cause, merge_id, body.reason_code)
    return MergeOut.model_validate(merge)


@router.get("/{merge_id}")
async def read_merge(caller: Reader, pool: Database, merge_id: UUID) -> MergeOut:
    """What was made one, until when that can be undone, and whether it was."""
    del caller
    async with pool.acquire() as connection:
        return MergeOut.model_validate(await store.load_merge(connection, merge_id))


@router.get("")
async def list_merges(
    caller: Reader,
    pool: Database,
    record_id: Annotated[UUID | None, Query(description="Stayed, or was merged.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[MergeOut]:
    """The latest first."""
    del caller
    after = read_cursor(cursor, datetime.fromisoformat, UUID)
    async with pool.acquire() as connection:
        found = await store.list_merges(connection, record_id, after, limit + 1)
    shown = [MergeOut.model_validate(merge) for merge in found]
    return page_of(shown, limit, lambda item: [item.decided_at.isoformat(), item.merge_id])


async def _preview(
    pool: Database, caller: Caller, window: MergeWindow, party: EntityType, body: MergeIn
) -> PreviewOut:
    command = _command(caller, window, new_id(), party, body)
    found = await handlers.preview(pool, caller.cause, command)
    return PreviewOut(
        survivor_id=body.survivor_id,
        merged_ids=body.merged_ids,
        versions=found.versions,
        fields=[FieldOut(**dict(each.choice), value=each.value) for each in found.fields],
        moved=found.moved,
        objections=[
            ObjectionOut(code=each.code(), message=each.message(), details=each.details)
            for each in found.objections
        ],
        consents=[AllowedOut.model_validate(each) for each in found.consents],
    )


def _command(
    caller: Caller, window: MergeWindow, merge_id: UUID, party: EntityType, body: MergeIn
) -> MergeRecords:
    return MergeRecords(
        merge_id=merge_id,
        party=party,
        survivor_id=body.survivor_id,
        merged_ids=body.merged_ids,
        reason_code=body.reason_code,
        decided_by=caller.cause.actor,
        window=window,
        versions=body.versions,
        choices=body.choices,
        forced_for=body.force_reason,
        case_id=body.case_id,
    )
