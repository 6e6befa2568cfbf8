"""Consents over HTTP."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import AwareDatetime, BaseModel
from shared.aliases import current_id
from shared.auth import Caller, Reader, allow
from shared.contracts.contacts import Channel, ConsentStatus, LawfulBasis, Purpose
from shared.errors import InvalidError
from shared.http.refusing import refuses
from shared.http.requests import Code, Database, NewId, Text, tag_version

from contacts.consents import handlers, store
from contacts.consents.commands import (
    ActIsOlderError,
    BasisDoesNotFitError,
    ChannelCannotConfirmError,
    Command,
    Consent,
    ConsentIsGrantedError,
    DenyConsent,
    Evidence,
    EvidenceMissingError,
    GrantConsent,
    PeriodIsEmptyError,
    RequestConsent,
    Subject,
    WithdrawConsent,
)
from contacts.people import store as people
from contacts.people.domain import ContactNotFoundError
from contacts.records import GONE, RecordIsRestrictedError

router = APIRouter(prefix="/v1/contacts/{contact_id}/consents", tags=["consents"])
Editor = Annotated[Caller, Depends(allow("sales", "service", "marketing", "integration"))]


class CapturedInFutureError(InvalidError):
    """A consent cannot have been given in the future."""


class ConsentIn(BaseModel):
    """What the person said, where, and when (now, if not given).

    `source` and `evidence_ref` are codes, never words: they stand on a topic that is kept for ever.
    """

    channel: Channel
    purpose: Purpose
    source: Code
    evidence_ref: Code | None = None
    captured_at: AwareDatetime | None = None


class RequestIn(ConsentIn):
    """A yes in the name of an address; `evidence_ref` is where the proof of the act lies."""

    form_version: Text | None = None
    ip_hash: Code | None = None

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.evidence_ref, self.form_version, self.ip_hash)


class GrantIn(RequestIn):
    """A yes, on what ground in law it may be used, from when on (at once), until when (ever)."""

    lawful_basis: LawfulBasis = "consent"
    effective_from: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None


class NoIn(BaseModel):
    """A no to everything, as far as it is not narrowed down to one channel or one purpose.

    `source` and `source_ref` are codes, never words: they stand on a topic that is kept for ever.
    """

    channel: Channel | None = None
    purpose: Purpose | None = None
    source: Code
    source_ref: Code | None = None
    captured_at: AwareDatetime | None = None


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
    form_version: str | None
    ip_hash: str | None
    effective_from: datetime | None
    expires_at: datetime | None
    double_opt_in_at: datetime | None
    confirmation_expires_at: datetime | None
    version: int


@router.get("")
async def list_consents(caller: Reader, pool: Database, contact_id: UUID) -> list[ConsentOut]:
    """What the person allowed and refused; a channel and purpose not listed is unknown."""
    del caller
    async with pool.acquire() as connection:
        await people.load_person(connection, contact_id)
        current = await current_id(connection, contact_id)
        return [_out(consent) for consent in await store.list_consents(connection, current)]


@router.post(
    "/grant",
    responses=refuses(
        ContactNotFoundError,
        *GONE,
        RecordIsRestrictedError,
        ActIsOlderError,
        EvidenceMissingError,
        BasisDoesNotFitError,
        CapturedInFutureError,
        PeriodIsEmptyError,
    ),
)
async def grant_consent(
    caller: Editor, pool: Database, contact_id: UUID, body: GrantIn, response: Response
) -> ConsentOut:
    """Every basis but `consent` needs `evidence_ref`: the contract, the law, the weighing-up."""
    command = GrantConsent(
        _subject(contact_id, body),
        body.lawful_basis,
        body.source,
        _captured_at(caller, body.captured_at),
        body.evidence,
        body.effective_from,
        body.expires_at,
    )
    return await _change(pool, caller, command, response)


@router.post(
    "/request",
    responses=refuses(
        ContactNotFoundError,
        *GONE,
        RecordIsRestrictedError,
        ActIsOlderError,
        EvidenceMissingError,
        CapturedInFutureError,
        ChannelCannotConfirmError,
    ),
)
async def request_consent(
    caller: Editor,
    pool: Database,
    contact_id: UUID,
    token_id: NewId,
    body: RequestIn,
    response: Response,
) -> ConsentOut:
    """Double opt-in: the owner of the address is asked by mail, and has 72 hours to confirm."""
    command = RequestConsent(
        _subject(contact_id, body),
        token_id,
        body.source,
        _captured_at(caller, body.captured_at),
        body.evidence,
    )
    return await _change(pool, caller, command, response)


@router.post(
    "/deny", responses=refuses(ContactNotFoundError, ConsentIsGrantedError, CapturedInFutureError)
)
async def deny_consent(
    caller: Editor, pool: Database, contact_id: UUID, body: ConsentIn, response: Response
) -> ConsentOut:
    """Note a no to what the person was never asked, or has not confirmed: `consent.denied`.

    What is granted is withdrawn instead (409).
    """
    command = DenyConsent(
        _subject(contact_id, body), body.source, _captured_at(caller, body.captured_at)
    )
    return await _change(pool, caller, command, response)


@router.post("/withdraw", responses=refuses(ContactNotFoundError, CapturedInFutureError))
async def withdraw_consent(
    caller: Editor, pool: Database, contact_id: UUID, body: ConsentIn, response: Response
) -> ConsentOut:
    """The answer comes when no service can send any more: at once, unless a mail is under way.

    Then it waits for its end, for a minute at most. Withdrawn it is from the beginning on, also
    for a caller who does not wait; the same request again waits again.
    """
    command = WithdrawConsent(
        _subject(contact_id, body),
        body.source,
        _captured_at(caller, body.captured_at),
        body.evidence_ref,
    )
    [consent] = await handlers.withdraw(pool, caller.cause, contact_id, [command])
    tag_version(response, consent.version)
    return _out(consent)


@router.post("/withdraw-all", responses=refuses(ContactNotFoundError, CapturedInFutureError))
async def withdraw_everything(
    caller: Editor, pool: Database, contact_id: UUID, body: NoIn
) -> list[ConsentOut]:
    """A no to every channel and purpose, or to all of one; answers like the withdrawal of one."""
    captured_at = _captured_at(caller, body.captured_at)
    commands = [
        WithdrawConsent(subject, body.source, captured_at, body.source_ref)
        for subject in handlers.every_subject(contact_id, body.channel, body.purpose)
    ]
    return list(map(_out, await handlers.withdraw(pool, caller.cause, contact_id, commands)))


async def _change(
    pool: Database, caller: Caller, command: Command, response: Response
) -> ConsentOut:
    consent = await handlers.change_consent(pool, caller.cause, command)
    tag_version(response, consent.version)
    return _out(consent)


def _subject(contact_id: UUID, body: ConsentIn) -> Subject:
    return Subject(contact_id, body.channel, body.purpose)


def _captured_at(caller: Caller, said_at: datetime | None) -> datetime:
    if said_at is None:
        return caller.cause.at
    try:
        captured_at = said_at.astimezone(UTC)
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
        evidence_ref=consent.evidence.proof_ref,
        form_version=consent.evidence.form_version,
        ip_hash=consent.evidence.ip_hash,
        effective_from=consent.effective_from,
        expires_at=consent.expires_at,
        double_opt_in_at=consent.double_opt_in_at,
        confirmation_expires_at=consent.token_expires_at,
        version=consent.version,
    )
