"""Posting: one request to an endpoint, bounded in time and size, and what came of it.

Redirects are not followed, cookies not kept, the environment's proxies not used, bodies of answers
read only so far that the connection can be used again.
"""

import ssl
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
from aiohttp.abc import AbstractResolver

from webhooks.deliveries.domain import Answer, read_retry_after
from webhooks.egress import AddressNotAllowedError, Egress, Names

LONGEST_ANSWER = 64 * 1024
KEEP_ALIVE = 30.0
USER_AGENT = "Rapport-Webhooks/1"


@dataclass(frozen=True, slots=True)
class Poster:
    """Posts over connections that are kept; a socket opens only where `egress` lets it."""

    session: aiohttp.ClientSession

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Never raises for what an endpoint does; its name, if any, is in `error`."""
        at, began = datetime.now(UTC), time.monotonic()
        status, error, retry_after = None, None, None
        try:
            async with self.session.post(
                url, data=body, headers=headers, allow_redirects=False
            ) as response:
                status = response.status
                retry_after = response.headers.get("retry-after")
                await _read_some(response)
        except (aiohttp.ClientError, OSError, ValueError) as failure:
            error = _name_of(failure) if status is None else None
        ended = time.monotonic()
        return Answer(
            at=at,
            duration_ms=round((ended - began) * 1000),
            status_code=status,
            error=error,
            retry_after=read_retry_after(retry_after, datetime.now(UTC)),
        )


@asynccontextmanager
async def posting(
    egress: Egress,
    timeout_seconds: float,
    ca_file: str | None = None,
    names: Callable[[], AbstractResolver] = Names,
) -> AsyncGenerator[Poster]:
    """A poster for the length of the block; `ca_file` is trusted too."""
    tls = ssl.create_default_context()
    if ca_file is not None:
        tls.load_verify_locations(ca_file)
    resolver = names()
    connector = aiohttp.TCPConnector(
        limit=0,  # who claims keeps count
        use_dns_cache=False,  # connections are kept; a new one goes where the name points now
        resolver=resolver,
        socket_factory=egress.open_socket,
        ssl=tls,
        keepalive_timeout=KEEP_ALIVE,
    )
    try:
        async with aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=timeout_seconds),
            auto_decompress=False,
            headers={"user-agent": USER_AGENT},
        ) as session:
            yield Poster(session)
    finally:
        await resolver.close()


async def _read_some(response: aiohttp.ClientResponse) -> None:
    """What is left after this closes the connection."""
    left = LONGEST_ANSWER
    while left > 0 and (chunk := await response.content.read(left)):
        left -= len(chunk)


def _name_of(failure: Exception) -> str:  # noqa: PLR0911 -- a name each
    match failure:
        case TimeoutError():
            return "timeout"
        case aiohttp.InvalidURL():
            return "url-not-allowed"
        case aiohttp.ClientConnectorDNSError():
            return "name-not-resolved"
        case aiohttp.ClientConnectorCertificateError():
            return "certificate-not-valid"
        case aiohttp.ClientSSLError():
            return "tls-failed"
        case aiohttp.ClientConnectorError(os_error=AddressNotAllowedError()):
            return "address-not-allowed"
        case aiohttp.ClientConnectorError():
            return "not-connected"
        case aiohttp.ClientOSError() | aiohttp.ServerDisconnectedError():
            return "connection-lost"
        case _:
            return "protocol-error"
