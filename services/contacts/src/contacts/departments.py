"""Asking every other service what it holds of a person, when it has said that it can tell."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

import httpx
import structlog
from shared.access_requests import PATH, Part

ANSWER_SECONDS = 10.0

logger = structlog.stdlib.get_logger()


class DepartmentSilentError(Exception):
    """A service did not tell its part: the bundle is assembled later, and never without it."""


@dataclass(frozen=True, slots=True)
class Departments:
    """Where the other services are, and who we are to them."""

    urls: Mapping[str, str]
    token: Callable[[], str]
    transport: httpx.AsyncBaseTransport | None = None

    async def fetch(self, request_id: UUID) -> dict[str, Part]:
        """The part of each service, asked all at once; raises `DepartmentSilentError`."""
        async with httpx.AsyncClient(
            timeout=ANSWER_SECONDS,
            transport=self.transport,
            headers={"authorization": f"Bearer {self.token()}"},
        ) as http:
            parts = await asyncio.gather(
                *(_fetch(http, service, url, request_id) for service, url in self.urls.items()),
                return_exceptions=True,
            )
        for part in parts:
            if isinstance(part, BaseException):
                raise part
        return {
            service: part
            for service, part in zip(self.urls, parts, strict=True)
            if not isinstance(part, BaseException)
        }


async def _fetch(http: httpx.AsyncClient, service: str, url: str, request_id: UUID) -> Part:
    about = {"request_id": str(request_id), "service": service}
    try:
        answer = await http.get(f"{url}{PATH}/{request_id}")
    except httpx.HTTPError as error:
        logger.warning("department_silent", **about, error=type(error).__name__)
        raise DepartmentSilentError from error
    if answer.status_code != HTTPStatus.OK:
        logger.warning("department_silent", **about, status=answer.status_code)
        raise DepartmentSilentError
    part: Part = answer.json()
    return part
