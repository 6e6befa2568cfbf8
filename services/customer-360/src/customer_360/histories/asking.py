"""Asking contacts, which keeps the history, in the name of whoever looks at the view.

What a name, an address or a consent was before is personal data, and travels on no event topic:
nothing of it is stored here. The caller's own token goes along, so contacts decides who may read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
import structlog
from shared.errors import NotFoundError, UnavailableError

ASKING_SECONDS = 5.0
SERVER_ERRORS = 500

logger = structlog.stdlib.get_logger()


class ContactsUnknownError(NotFoundError):
    """This installation does not say where contacts is, which keeps the history."""


class ContactsSilentError(UnavailableError):
    """contacts, which keeps the history, does not answer; try again."""


def _client() -> httpx.AsyncClient:
    """One for all questions: each new one loads every certificate of the machine first."""
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.AsyncClient(timeout=ASKING_SECONDS, limits=limits)


@dataclass(frozen=True, slots=True)
class Contacts:
    """Where contacts is, if that is known."""

    url: str | None
    http: httpx.AsyncClient = field(default_factory=_client)

    async def ask(self, path: str, params: Mapping[str, str], authorization: str) -> httpx.Response:
        """Its answer, a refusal too; raises `ContactsUnknownError` or `ContactsSilentError`."""
        if self.url is None:
            raise ContactsUnknownError
        headers = {"authorization": authorization}
        try:
            answer = await self.http.get(f"{self.url}{path}", params=params, headers=headers)
        except httpx.HTTPError as error:
            logger.warning("contacts_silent", error=repr(error))
            raise ContactsSilentError from error
        if answer.status_code >= SERVER_ERRORS:
            logger.warning("contacts_silent", status=answer.status_code)
            raise ContactsSilentError
        return answer
