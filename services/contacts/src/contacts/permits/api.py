"""Permits over HTTP: whoever sends asks here, right before, for a whole batch."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from shared.auth import Caller, allow
from shared.contracts.contacts import Channel, Purpose
from shared.http.requests import Database, Text

from contacts.permits import handlers, store
from contacts.permits.domain import Reason, Recipient

router = APIRouter(prefix="/v1/consents", tags=["consents"])
Sender = Annotated[Caller, Depends(allow("integration"))]

MOST_RECIPIENTS = 500


class RecipientIn(BaseModel):
    """Whom to write to, what for, and the hash of the address that will be used."""

    contact_id: UUID
    channel: Channel
    purpose: Purpose
    subject_hash: Text
    token_id: UUID | None = None


class CheckIn(BaseModel):
    """A batch, and how long its sending takes at most; the sender keeps to it by its own clock."""

    recipients: Annotated[list[RecipientIn], Field(min_length=1, max_length=MOST_RECIPIENTS)]
    seconds: Annotated[float, Field(gt=0, le=handlers.LONGEST_PERMIT)] = 30.0


class AnswerOut(BaseModel):
    """Whether this one may be written to, and what speaks against it."""

    contact_id: UUID
    ok: bool
    reason: Reason | None


class PermitOut(BaseModel):
    """An answer for each recipient, in their order; `permit_id` is to be ended after the batch."""

    permit_id: UUID | None
    ends_at: datetime | None
    answers: list[AnswerOut]


@router.post("/check")
async def check_consents(caller: Sender, pool: Database, body: CheckIn) -> PermitOut:
    """Ask immediately before sending; a no that comes later waits for the end of the permit.

    The time counts from before the request: a sender that waited for the answer has less of it.
    """
    recipients = [
        Recipient(each.contact_id, each.channel, each.purpose, each.subject_hash, each.token_id)
        for each in body.recipients
    ]
    permit = await handlers.ask_to_send(pool, caller.subject, recipients, body.seconds)
    answers = [
        AnswerOut(contact_id=each.contact_id, ok=reason is None, reason=reason)
        for each, reason in zip(recipients, permit.against, strict=True)
    ]
    return PermitOut(permit_id=permit.permit_id, ends_at=permit.ends_at, answers=answers)


@router.delete("/permits/{permit_id}", status_code=204)
async def end_permit(caller: Sender, pool: Database, permit_id: UUID) -> None:
    """The batch is over: nothing of it can arrive any more."""
    del caller
    await store.end_permit(pool, permit_id)
