"""Consents over HTTP."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import AwareDatetime, BaseModel
from shared.auth import Caller, Reader, allow
from shared.contracts.contacts import Channel, ConsentStatus, Purpose
from shared.errors import InvalidError
from shared.http.requests import Code, Database, Text, tag_version

from contacts.consents import handlers, store
from contacts.consents.domain import (
    Command,
    Consent,
    DenyConsent,
    GrantConsent,
    Subject,
    WithdrawConsent,
)
from contacts.people import store as people

router = APIRouter(prefix="/v1/contacts/{contact_id}/consents", tags=["consents"])
Editor = Annotated[Caller, Depends(allow("sales", "service", "marketing", "integration"))]


class CapturedInFutureError(InvalidError):
    """A consent cannot have been given in the future."""


class ConsentIn(BaseModel):
    """What the person said, where, and when (now, if not given)."""

    channel: Channel
    purpose: Purpose
    source: Text
    evidence_ref: Text | None = None
    captured_at: AwareDatetime | None = None


class GrantIn(ConsentIn):
    """A yes, and on what ground in law it may be used."""

    lawful_basis: Code = "consent"


class ConsentOut(BaseModel):
    """Where the consent stands; what is not listed is unknown."""

    consent_id: UUID
    contact_id: UUID
    channel: Channel
    purpose: Purpose
    status: ConsentStatus
    since: datetime
    source: str
    lawful_basis: str | None
    evidence_ref: str | None
    expires_at: datetime | None
    version: int


@router.get("")
async def list_consents(caller: Reader, pool: Database, contact_id: UUID) -> list[ConsentOut]:
    del caller
    async with pool.acquire() as connection:
        await people.load_person(connection, contact_id)
        return [_out(consent) for consent in await store.list_consents(connection, contact_id)]


@router.post("/grant")
async def grant_consent(
    caller: Editor, pool: Database, contact_id: UUID, body: GrantIn, response: Response
) -> ConsentOut:
    command = GrantConsent(
        _subject(contact_id, body),
        body.lawful_basis,
        body.source,
        _captured_at(caller, body),
        body.evidence_ref,
    )
    return await _change(pool, caller, command, response)


@router.post("/deny")
async def deny_consent(
    caller: Editor, pool: Database, contact_id: UUID, body: ConsentIn, response: Response
) -> ConsentOut:
    command = DenyConsent(_subject(contact_id, body), body.source, _captured_at(caller, body))
    return await _change(pool, caller, command, response)


@router.post("/withdraw")
async def withdraw_consent(
    caller: Editor, pool: Database, contact_id: UUID, body: ConsentIn, response: Response
) -> ConsentOut:
    """The answer comes after the commit: from then on nobody may use the consent."""
    command = WithdrawConsent(
        _subject(contact_id, body), body.source, _captured_at(caller, body), body.evidence_ref
    )
    return await _change(pool, caller, command, response)


async def _change(
    pool: Database, caller: Caller, command: Command, response: Response
) -> ConsentOut:
    consent = await handlers.change_consent(pool, caller.cause, command)
    tag_version(response, consent.version)
    return _out(consent)


def _subject(contact_id: UUID, body: ConsentIn) -> Subject:
    return Subject(contact_id, body.channel, body.purpose)


def _captured_at(caller: Caller, body: ConsentIn) -> datetime:
    if body.captured_at is None:
        return caller.cause.at
    try:
        captured_at = body.captured_at.astimezone(UTC)
    except OverflowError as error:
        raise CapturedInFutureError(field="captured_at") from error
    if captured_at > caller.cause.at:
        raise CapturedInFutureError(field="captured_at")
    return captured_at


def _out(consent: Consent) -> ConsentOut:
    return ConsentOut(
        consent_id=consent.subject.consent_id,
        contact_id=consent.subject.contact_id,
        channel=consent.subject.channel,
        purpose=consent.subject.purpose,
        status=consent.status,
        since=consent.since,
        source=consent.source,
        lawful_basis=consent.lawful_basis,
        evidence_ref=consent.evidence_ref,
        expires_at=consent.expires_at,
        version=consent.version,
    )
