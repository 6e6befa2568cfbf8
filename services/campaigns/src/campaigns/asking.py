"""Asking contacts, which owns consents, for leave to send: right before a batch, all of it at once.

The copy of consents that campaigns keeps is seconds behind at times; it sorts out, and contacts has
the last word. Its answer is a permit. Whoever says no to contacts meanwhile is answered when the
permit has ended, so nothing may start or go on after its time.
"""

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

import httpx
import structlog

from campaigns.mail import COMMAND_TIMEOUT

START_WITHIN = timedelta(seconds=10)
"""A mail whose hand-over was committed starts within this time, or not at all."""

PERMIT_SECONDS = START_WITHIN.total_seconds() + COMMAND_TIMEOUT + 5.0
"""A mail that starts at the last moment, waits for the server's last answer, and some grace."""

ASKING_SECONDS = 3.0

logger = structlog.stdlib.get_logger()


class ContactsSilentError(Exception):
    """contacts did not answer whom we may write to: whoever is not sure does not write."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom we want to write to by mail; with a token it is the question whether we may."""

    contact_id: UUID
    purpose: str
    subject_hash: str
    token_id: UUID | None = None

    def asked(self) -> dict[str, Any]:
        return {
            "contact_id": str(self.contact_id),
            "channel": "email",
            "purpose": self.purpose,
            "subject_hash": self.subject_hash,
            "token_id": str(self.token_id) if self.token_id else None,
        }


@dataclass(frozen=True, slots=True)
class Permit:
    """What speaks against each recipient, None where nothing does, in their order."""

    permit_id: str | None
    against: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Contacts:
    """Where contacts is, and who we are to it."""

    url: str
    token: Callable[[], str]
    transport: httpx.AsyncBaseTransport | None = None

    @asynccontextmanager
    async def permit(self, recipients: Sequence[Recipient]) -> AsyncGenerator[Permit]:
        """Leave to send, for the length of the block; raises `ContactsSilentError`.

        A block that is cut short leaves the permit to its time: nobody knows what is under way.
        """
        async with httpx.AsyncClient(
            base_url=self.url,
            timeout=ASKING_SECONDS,
            transport=self.transport,
            headers={"authorization": f"Bearer {self.token()}"},
        ) as http:
            permit = await _ask(http, recipients)
            yield permit
            if permit.permit_id is not None:
                await _end(http, permit.permit_id)


async def _ask(http: httpx.AsyncClient, recipients: Sequence[Recipient]) -> Permit:
    body = {"recipients": [each.asked() for each in recipients], "seconds": PERMIT_SECONDS}
    began = time.monotonic()
    try:
        answer = await http.post("/v1/consents/check", json=body)
    except httpx.HTTPError as error:
        logger.warning("contacts_silent", error=repr(error))
        raise ContactsSilentError from error
    if answer.status_code != HTTPStatus.OK:
        logger.warning("contacts_silent", status=answer.status_code)
        raise ContactsSilentError
    said = answer.json()
    logger.debug("contacts_asked", count=len(recipients), seconds=time.monotonic() - began)
    return Permit(said["permit_id"], [each["reason"] for each in said["answers"]])


async def _end(http: httpx.AsyncClient, permit_id: str) -> None:
    """Where it fails the permit ends by its time."""
    try:
        await http.delete(f"/v1/consents/permits/{permit_id}")
    except httpx.HTTPError as error:
        logger.warning("permit_not_ended", permit_id=permit_id, error=repr(error))
